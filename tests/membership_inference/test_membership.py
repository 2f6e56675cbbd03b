"""Membership studies: plain data, cells that resume, attackers, and what is left of a failure."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError, StoreError
from quorate.executors.executor import Executor
from quorate.figures.style import render
from quorate.intervals import band
from quorate.learners.networks.sgd import SGD
from quorate.membership_inference import cell as cells_module
from quorate.membership_inference.cell import MembershipCell, MembershipOutcome, measure_cell
from quorate.membership_inference.lira import auc, halves, lira
from quorate.membership_inference.result import MEASURES, MembershipResult
from quorate.membership_inference.study import (
    MembershipStudy,
    make_membership_study,
    run_membership,
)
from quorate.runs.older import read_cell_files
from quorate.runs.store import FILE
from quorate.runtime.threads import one_thread
from quorate.strategies.planting import Planting
from quorate.studies.trial import enlist, streams

SMALL: dict[str, Any] = {
    "population": "gaussian:n=80,held_out=40,core_noise=3",
    "strategy": "planting:signal=columns,x2=3",
    "learner": "naive-bayes",
    "alphas": "0.1,0.3",
    "seeds": 2,
    "models": 8,
}


def study(**changes: Any) -> MembershipStudy:
    return make_membership_study(**{**SMALL, **changes})


def same(one: MembershipResult, other: MembershipResult) -> bool:
    """Whether two results are the same bits, but for seconds and where they ran."""
    for a, b in zip(one.cells, other.cells, strict=True):
        facts = [
            {k: v for k, v in cell.about.items() if k not in ("seconds", "provenance")}
            for cell in (a, b)
        ]
        alike = a.phi.tobytes() == b.phi.tobytes() and (a.member == b.member).all()
        if not (alike and (a.acts == b.acts).all() and facts[0] == facts[1]):
            return False
    return True


# ------------------------------------------------------------------------------------- plain data


def test_objects_text_and_plain_data_are_the_same_study() -> None:
    text = make_membership_study(population="digits", strategy="planting:target=3", learner="sgd")
    objects = make_membership_study(
        measure="membership", population={"name": "digits"}, strategy=Planting("3"), learner=SGD()
    )
    assert text == objects
    assert (text.alphas, text.seeds, text.models) == ((0, 0.01, 0.05), (0, 1, 2, 3, 4), 32)
    assert make_membership_study(**json.loads(json.dumps(text.describe()))) == text


def test_a_cell_is_new_where_its_outcome_may_be() -> None:
    ids = [cell.id for cell in study().cells()]
    assert len(set(ids)) == len(ids) == 6
    assert [cell.id for cell in study(title="T", whose="members").cells()] == ids
    assert not set(ids) & {cell.id for cell in study(models=9).cells()}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"goal": "planted"}, "key of a membership study, got 'goal'"),
        ({"measure": "success"}, "Known: membership"),
        ({"population": None}, "Expected a population, got none"),
        ({"strategy": "plantin"}, "Did you mean planting"),
        ({"learner": "svm"}, "models give probabilities"),
        ({"models": 7}, "models=7 to be at least 8"),
        ({"models": "many"}, "models to be a whole number"),
        ({"seeds": []}, "Expected at least one of seeds"),
        ({"seeds": [-1]}, "seed=-1"),
        ({"alphas": "2"}, "alpha=2 in"),
        ({"whose": "mine"}, "value of whose"),
    ],
)
def test_what_cannot_be_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        study(**changes)


def test_the_quiet_cell_is_never_left_out() -> None:
    methods = {key: getattr(study(), key) for key in ("population", "strategy", "learner")}
    with pytest.raises(InputError, match="Expected α = 0 among the sizes"):
        MembershipStudy(**methods, alphas=(0.1,))


# ---------------------------------------------------------------------------------------- running


def measure(cell: MembershipCell) -> MembershipOutcome:
    """Return the outcome of a cell, computed in one thread as a run does."""
    with one_thread():
        return measure_cell(cell)


def test_a_cell_is_made_of_halves_of_the_people() -> None:
    quiet, _, some = (measure(cell) for cell in study(seeds=1).cells())
    assert quiet.phi.shape == (8, 80)
    assert np.isfinite(quiet.phi).all()
    assert quiet.member.sum(axis=1).tolist() == [40] * 8
    assert (quiet.member == some.member).all()  # the same halves at every size
    assert not quiet.acts.any()
    acts = enlist(80, 0.3, np.random.default_rng(streams(0)[1]))
    assert (some.acts == acts).all()
    assert acts.sum() == 24


def test_a_collective_changes_the_models_that_its_members_are_in() -> None:
    """One person acts: models without them are to the bit those without a collective."""
    quiet, one = (measure(cell) for cell in study(seeds=1, alphas=[1 / 80]).cells())
    (who,) = np.flatnonzero(one.acts)
    same_bits = (quiet.phi == one.phi).all(axis=1)  # (N,)
    assert same_bits.tolist() == (~one.member[:, who]).tolist()
    assert 0 < same_bits.sum() < 8


def test_results_do_not_depend_on_jobs_or_on_what_is_stored(
    tmp_path: Path, two_workers: Executor
) -> None:
    alone = run_membership(study(), device="cpu")
    stored = run_membership(study(), tmp_path, executor=two_workers, device="cpu")
    again = run_membership(study(), tmp_path, device="cpu")
    assert same(alone, stored)
    assert same(stored, again)


def test_stacks_are_what_models_would_be_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = study(learner="sgd:epochs=1,hidden=4", seeds=1, alphas=[0.3])
    together = run_membership(networks, device="cpu")
    monkeypatch.setattr(SGD, "stack_size", lambda self, people: 3)
    assert same(together, run_membership(networks, device="cpu"))


def test_only_what_is_missing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: Counter[str] = Counter()

    def counted(cell: MembershipCell) -> MembershipOutcome:
        ran[cell.id] += 1
        return measure_cell(cell)

    monkeypatch.setattr(cells_module, "measure_cell", counted)
    first = run_membership(study(seeds=1), tmp_path, device="cpu")
    assert len(ran) == len(first.cells) == 3
    both = run_membership(study(seeds=2), tmp_path, device="cpu")
    assert len(both.cells) == len(ran) == 6
    assert set(ran.values()) == {1}
    assert (tmp_path / FILE).exists()


def test_cells_that_were_kept_as_files_are_taken_in_and_damaged_ones_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_membership(study(seeds=1), device="cpu")
    folder = tmp_path / "cells"
    folder.mkdir()
    for cell in first.cells:
        about = np.array(json.dumps(cell.about))
        arrays = {"phi": cell.phi, "member": cell.member, "acts": cell.acts, "about": about}
        np.savez_compressed(folder / f"{cell.id}.npz", **arrays)
    one, other, _ = sorted(folder.iterdir())
    one.write_bytes(one.read_bytes()[:100])
    (folder / "0.npz").write_bytes(other.read_bytes())  # another's content
    kept = {record.id for _, record in read_cell_files(tmp_path, set())}
    assert kept == {cell.id for cell in first.cells} - {one.stem}
    ran: list[str] = []

    def counted(cell: MembershipCell) -> MembershipOutcome:
        ran.append(cell.id)
        return measure_cell(cell)

    monkeypatch.setattr(cells_module, "measure_cell", counted)
    again = run_membership(study(seeds=1), tmp_path, device="cpu")
    assert ran == [one.stem]
    assert same(first, again)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreError, match=r"Expected .* got a file. Choose another --out"):
        run_membership(study(seeds=1), tmp_path / "taken", device="cpu")


def test_methods_that_do_not_fit_are_found_before_any_training() -> None:
    with pytest.raises(InputError, match="This came from"):
        run_membership(study(strategy="planting"))  # a patch, on a table


# ---------------------------------------------------------------------------------- what they say


def made_up(seeds: int = 3, leaks: tuple[float, float] = (2.0, 1.0)) -> MembershipResult:
    """Return a result whose φ are N(leak, 1) in and N(0, 1) out; at α = .25 all φ are 5 lower."""
    cells = []
    for seed in range(seeds):
        for alpha, leak in zip((0.0, 0.25), leaks, strict=True):
            member = halves(80, 24, np.random.default_rng(seed))
            rng = np.random.default_rng((seed, int(100 * alpha)))
            phi = leak * member + rng.normal(size=(24, 80)) - 20 * alpha
            acts = np.arange(80) < 80 * alpha
            facts = {"success": alpha, "accuracy": 0.8, "train_accuracy": 0.9, "error": None}
            about = {"id": f"{seed}-{alpha}", "seed": seed, "alpha": alpha, **facts}
            cells.append(MembershipOutcome(phi.astype(np.float32), member, acts, about))
    return MembershipResult(tuple(cells), (0.0, 0.25), tuple(range(seeds)), title="Made up")


def test_two_attackers_are_two_sets_of_shadows() -> None:
    result = made_up()
    quiet, some = result.cells[:2]
    honest = ~some.acts
    for attacker, shadows in (("informed", some), ("unaware", quiet)):
        scores = lira(some.phi.astype(float), shadows.phi.astype(float), some.member).online
        assert result.samples(f"auc-{attacker}", 0.25)[0] == auc(
            scores[:, honest], some.member[:, honest]
        )
    # Who does not know that all φ are 5 lower takes everyone for out; ranks are hardly hurt online.
    assert result.samples("auc-informed", 0.25).mean() > 0.65
    np.testing.assert_array_equal(
        result.samples("auc-informed", 0.0), result.samples("auc-unaware", 0.0)
    )
    assert result.samples("success", 0.25).tolist() == [0.25] * 3


def test_whose_membership_is_asked_after() -> None:
    result = made_up()
    assert np.isnan(result.samples("auc-informed", 0.0, "members")).all()  # nobody acts
    members = result.samples("auc-informed", 0.25, "members")
    everyone = result.samples("auc-informed", 0.25, "everyone")
    honest = result.samples("auc-informed", 0.25)
    assert (honest == result.samples("auc-informed", 0.25, "honest")).all()
    assert (np.minimum(members, honest) < everyone).all()
    assert (everyone < np.maximum(members, honest)).all()
    # Before, the same people leaked more: 2 standard deviations in place of 1.
    assert (result.samples("auc-before", 0.25, "members") > members + 0.1).all()


def test_frame_json_and_figure_say_the_same() -> None:
    result = made_up()
    frame = result.to_frame()
    assert len(frame) == 3 * 2 * 2 * 3
    one = frame[(frame.alpha == 0.25) & (frame.attacker == "unaware") & (frame.whose == "honest")]
    assert one["auc"].tolist() == result.samples("auc-unaware", 0.25).tolist()
    assert ((one.auc_lowest < one.auc) & (one.auc < one.auc_highest)).all()
    plain = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert len(plain["rows"]) == len(frame)
    (found,) = (
        each
        for each in plain["summary"]
        if (each["measure"], each["whose"], each["alpha"]) == ("auc-informed", "honest", 0.25)
    )
    mean, low, high = band(result.over_alphas("auc-informed"))
    assert (found["mean"], found["low"], found["high"]) == (mean[1], low[1], high[1])
    figure = result.plot()
    honest, members, beside = figure.axes
    assert np.asarray(honest.get_lines()[0].get_ydata()).tolist() == [mean[1]]
    assert [text.get_text() for text in honest.texts] == ["informed", "unaware", "a coin"]
    assert [text.get_text() for text in members.texts][:3] == [
        "informed",
        "unaware",
        "if nobody acted",
    ]
    assert [text.get_text() for text in beside.texts] == ["success", "accuracy"]
    assert figure.get_suptitle() == "Made up"
    assert render(figure, "svg") == render(result.plot(), "svg")


def test_a_training_that_failed_is_no_number_and_the_others_are() -> None:
    result = made_up()
    some = result.cells[1]
    phi = some.phi.copy()
    phi[3] = np.nan
    about = {**some.about, "success": None, "error": "diverged"}
    broken = MembershipOutcome(phi, some.member, some.acts, about)
    left = MembershipResult(
        (result.cells[0], broken, *result.cells[2:]), result.alphas, result.seeds, title="T"
    )
    for name in MEASURES:
        values, before = left.samples(name, 0.25), result.samples(name, 0.25)
        lost = name not in ("accuracy", "train-accuracy", "auc-before")
        assert math.isnan(values[0]) == lost
        assert values[1:].tolist() == before[1:].tolist()
    json.dumps(left.to_json(), allow_nan=False)
    assert render(left.plot(), "svg").startswith(b"<?xml")


def test_a_learner_that_diverges_leaves_its_reason() -> None:
    bad = study(learner="sgd:epochs=3,learning_rate=1e30", seeds=1, alphas=[0.3])
    result = run_membership(bad, device="cpu")
    assert all("diverged" in cell.about["error"] for cell in result.cells)
    assert np.isnan(result.samples("accuracy", 0.3)).all()
    assert np.isnan(result.samples("auc-informed", 0.3)).all()


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (("auc", 0.25, None), "Known: .*auc-informed"),
        (("success", 0.5, None), "Known: 0, 0.25"),
        (("success", 0.25, "mine"), "Known: everyone, honest, members"),
    ],
)
def test_what_was_not_measured_is_named(asked: tuple[str, float, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        made_up(1).samples(*asked)
