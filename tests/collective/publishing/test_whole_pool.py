"""From an answered pool to a report, without a server: by the library's own functions."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from digits_campaign import MEMBERS, PLAN, answered_pool, pictures, platform

from quorate.collective.publishing.answered import NO_LABEL, StoredAnswers
from quorate.collective.publishing.apart import people_of_rows, sizes_of
from quorate.collective.publishing.crafting import TRIAL, CraftingCell, PreparedPool, craft_change
from quorate.collective.publishing.report import CampaignFacts, PublishedChange
from quorate.collective.publishing.settings import read_settings
from quorate.collective.publishing.trying import TrialCell, published_change
from quorate.errors import InputError
from quorate.runs.cell import Record
from quorate.runtime.seeds import stream
from quorate.table import Table
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.surrogate import extract
from quorate.test_time.perturbations.crafting import craft
from quorate.test_time.perturbations.perturbation import from_bytes
from quorate.test_time.platforms.encoding import from_png, to_png
from quorate.test_time.platforms.platform import Answers, to_pixels
from quorate.test_time.study.evaluation import Evaluator, evaluate
from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION
from quorate.test_time.study.people import CHANGES, JUDGING, SURROGATES, PeopleSplit

FACTS = CampaignFacts("abc", "<b>Dark</b>", "a forest", PLAN.proxy, PLAN.queries)
RESERVED = 95  # trial questions of each member


def cell(**changes: Any) -> CraftingCell:
    return CraftingCell(
        replace(answered_pool(), **changes), read_settings(PLAN), RESERVED, PLAN.doubled
    )


@pytest.fixture(scope="module")
def crafted() -> Record:
    return craft_change(cell())


def trial_of(crafted: Record, answered: float = 1.0) -> StoredAnswers:
    """Return a trial in which a share of the questions was answered, a quarter of them twice."""
    asked, pool = crafted.plain["trial"], answered_pool()
    png = tuple(crafted.files[TRIAL.format(place)] for place in range(len(asked)))
    x = np.stack([from_png(one, PLAN.shape) for one in png])
    n = round(answered * len(asked))
    rows = np.random.default_rng(3).permutation(len(asked))[:n]
    question = np.concatenate([rows, rows[: n // 4]])
    member = np.concatenate([np.arange(n), np.arange(n // 4) + 1]) % MEMBERS
    said = platform().ask(x, [""] * len(x)).labels
    return StoredAnswers(
        PLAN.shape,
        png,
        np.array([one["label"] for one in asked]),
        np.array([one["in_subgroup"] for one in asked]),
        np.array([one["photo"] for one in asked]),
        tuple(one["purpose"] for one in asked),
        question,
        member,
        said[question],
        pool.invitation,
        pool.left_out,
    )


def tried(crafted: Record, **changes: Any) -> TrialCell:
    files = crafted.files[PERTURBATION], crafted.files[LABEL_FREE]
    whole: dict[str, Any] = {"pool": answered_pool(), "trial": trial_of(crafted), **changes}
    return TrialCell(FACTS, read_settings(PLAN), crafted.plain, *files, **whole)


@pytest.fixture(scope="module")
def result(crafted: Record) -> PublishedChange:
    return published_change(tried(crafted))


def test_what_is_learned_and_crafted_is_what_the_library_learns_and_crafts(crafted: Record) -> None:
    pool, settings, seed = answered_pool(), read_settings(PLAN), crafted.plain["seed"]
    apart = np.isin(np.arange(len(pool)), crafted.plain["rows"])
    x, said = to_pixels(pictures().x), np.empty(len(pool), dtype=np.int64)
    said[pool.question] = pool.label
    rows = np.flatnonzero(~apart)
    asked = QueryPool(x[rows], Answers(said[rows]), np.arange(len(rows)), rows)
    rng = np.random.default_rng(stream(seed, SURROGATES))
    learner = settings.learners[0].learner
    surrogates = extract(asked, PLAN.classes, [learner], settings.extraction, rng)
    rows = np.flatnonzero(~apart & pool.inside)
    found = craft(
        surrogates.models,
        x[rows],
        pool.y[rows],
        PLAN.classes,
        settings.crafting,
        np.random.default_rng(stream(seed, CHANGES)),
        epsilon=32 / 255,
    )
    published = from_bytes(crafted.files[PERTURBATION], "it")
    assert published.arrays["delta"].tolist() == found.arrays["delta"].tolist()
    assert crafted.plain["agreement"] == surrogates.agreement.to_json()


def test_what_is_measured_is_what_a_correction_measures(
    crafted: Record, result: PublishedChange
) -> None:
    pool, plain = answered_pool(), crafted.plain
    sizes = sizes_of(plain["sizes"])
    apart = people_of_rows(
        to_pixels(pictures().x),
        pool.y,
        np.array(plain["rows"]),
        sizes,
        PLAN.classes,
        PLAN.subgroup,
    )
    nobody = apart.people.take(np.arange(0))
    evaluator = Evaluator(platform(), PeopleSplit(nobody, nobody, apart.people))
    change = from_bytes(crafted.files[PERTURBATION], "it")
    free = from_bytes(crafted.files[LABEL_FREE], "it")
    rng = np.random.default_rng(stream(plain["seed"], JUDGING))
    expected = evaluate(evaluator, change, {plain["family"]: free}, rng)
    found = result.tried.measures
    assert (found.before, found.after) == (expected.before, expected.after)
    assert found.gap_closed == expected.gap_closed  # value and interval, to the bit
    assert found.gap_closed.value > 0
    assert sizes.label_free == sizes.inside
    assert sizes.joined == sizes.outside
    assert found.label_free[plain["family"]].accuracy == expected.controls.label_free
    assert found.outside == expected.outside
    # Wrong classes and signs are drawn anew, on as many people or fewer.
    assert 0 < found.controls.wrong_class.value < found.after.accuracy.value
    assert set(found.adaptive) == {"jpeg", "blur", "resize"}
    assert result.tried.missing == 0


def test_every_number_says_where_it_was_measured(result: PublishedChange) -> None:
    for section in result.sections():
        for row in section.rows:
            if "measured" in row:
                assert row["measured"] in ("on the platform", "on the surrogate", "not measured")
    tables = result.tables()
    otherwise = {
        row["platform"]: row["measured"] for row in tables["Platforms that train otherwise"]
    }
    assert otherwise == {
        "as it is": "on the surrogate",
        "adversarial": "on the surrogate",
        "retrained": "on the surrogate",
        "private": "not measured",
    }
    assert {row["where"] for row in result.rows()} == {"platform", "surrogate"}
    assert result.to_json()["on_platform"]["gap_closed"] == result.tried.measures.gap_closed.value


def test_trial_questions_without_an_answer_that_counts_are_left_out(crafted: Record) -> None:
    trial = trial_of(crafted, answered=0.7)
    label = trial.label.copy()
    label[-3:] = (label[-3:] + 1) % 10  # second answers that contradict the first
    trial = replace(trial, label=label)
    found = published_change(tried(crafted, trial=trial))
    n = len(trial)
    unknown = n - round(0.7 * n) + 3
    assert found.tried.missing == unknown  # every trial picture was asked once
    assert found.who.disputed == 3
    assert found.tried.inside < sizes_of(crafted.plain["sizes"]).inside
    assert found.tried.outside == sizes_of(crafted.plain["sizes"]).outside  # the pool asked them
    assert any(
        f"{unknown} trial pictures have no answer" in s for s in found.sections()[-1].sentences
    )


def test_members_who_answer_falsely_are_left_out_and_not_named(crafted: Record) -> None:
    pool = answered_pool()
    label = pool.label.copy()
    label[pool.member == 4] = (label[pool.member == 4] + 3) % 10
    found = PreparedPool.of(cell(label=label))
    assert [one.member for one in found.reliability.left_out] == [4]
    only = np.setdiff1d(pool.question[pool.member == 4], pool.question[pool.member != 4])
    assert (found.agreed[only] == NO_LABEL).all()
    others = np.setdiff1d(np.arange(len(pool)), only)
    said = np.empty(len(pool), dtype=np.int64)
    said[pool.question] = pool.label
    assert found.agreed[others].tolist() == said[others].tolist()
    trial = replace(trial_of(crafted), left_out=np.arange(MEMBERS) == 4)
    plain = {**crafted.plain, "left_out": {"4": found.reliability.left_out[0].sentence()}}
    result = published_change(replace(tried(crafted, trial=trial), crafted=plain))
    said_of = next(s for s in result.sections() if s.heading == "Whose answers count").sentences
    assert said_of[0].startswith("1 member of 12 left out. With a probability of at most 1%")
    assert said_of[1].startswith("Someone is left out because of their answers")
    assert result.tried.missing > 0


def test_who_is_left_out_twice_is_counted_by_person_though_others_have_left(
    crafted: Record,
) -> None:
    # Members 3 and 4 of 13 were left out of the pool. The latter has left the campaign since, so
    # that another is the fourth now, who answers the trial falsely.
    trial = trial_of(crafted)
    label = trial.label.copy()
    label[trial.member == 3] = (label[trial.member == 3] + 3) % 10
    trial = replace(trial, label=label, left_out=np.arange(MEMBERS) == 2)
    plain = {**crafted.plain, "left_out": {"2": "Member 3 lied.", "3": "Member 4 lied."}}
    who = published_change(replace(tried(crafted, trial=trial), crafted=plain)).who
    assert who.members == MEMBERS + 1
    assert who.left_out[:2] == ("Member 3 lied.", "Member 4 lied.")
    assert len(who.left_out) == 3
    assert who.left_out[2].startswith("Someone is left out because of their answers")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": slice(25)}, "Expected 30 answered questions .* got 25 whose answers count"),
        ({"inside": np.zeros(260, dtype=bool)}, "Expected 20 photos of the subgroup, 20 of others"),
        ({"photo": np.zeros(260, dtype=np.int64)}, "Expected 20 photos of the subgroup"),
        ({"png": (b"<script>",) * 260}, "Question 1 of photo 0: Expected an 8-bit grey PNG"),
        ({"png": (to_png(np.zeros((1, 9, 9), np.uint8)),) * 260}, "8 wide and 8 high"),
        ({"y": np.full(260, 10)}, r"Expected each true label in \[0, 9\], got 10"),
        ({"label": np.full(325, -1)}, r"Expected each answered label in \[0, 9\], got -1"),
        ({"member": np.full(325, MEMBERS)}, r"Expected each member in \[0, 11\], got 12"),
        ({"question": np.full(325, 260)}, r"Expected each question in \[0, 259\], got 260"),
    ],
)
def test_a_pool_that_is_too_small_or_damaged_is_refused_before_anything_is_trained(
    changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quorate.collective.publishing.crafting.extract", None)
    if isinstance(changes.get("question"), slice):
        pool = answered_pool()
        names = ("question", "member", "label")
        changes = {name: getattr(pool, name)[changes["question"]] for name in names}
    with pytest.raises(InputError, match=message):
        craft_change(cell(**changes))


def test_a_trial_without_answers_is_not_published(crafted: Record) -> None:
    nothing: dict[str, Any] = {
        name: np.empty(0, dtype=np.int64) for name in ("question", "member", "label")
    }
    with pytest.raises(InputError, match="Expected answers that members agree on, got none"):
        published_change(tried(crafted, trial=replace(trial_of(crafted), **nothing)))
    few = trial_of(crafted, answered=0.02)
    with pytest.raises(InputError, match="Expected answers about 5 people of the subgroup"):
        published_change(tried(crafted, trial=few))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"proxy": "forest"}, "Expected a surrogate among logistic, mlp, cnn, resnet, got forest"),
        ({"proxy": "os:system"}, "Expected a surrogate among"),
        ({"proxy": "mlp:model=cnn"}, "architecture before the colon"),
        ({"epsilon": "a lot"}, "Expected epsilon to be a number, a fraction"),
        ({"epsilon": "0"}, "at least 1/255"),
        ({"crafting": "steps=0"}, "steps=0"),
        ({"extraction": "nothing=1"}, "nothing"),
    ],
)
def test_a_plan_that_nothing_can_be_crafted_by_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_settings(replace(PLAN, **changes))


def test_people_kept_apart_are_those_whom_nothing_is_learned_from() -> None:
    found = PreparedPool.of(cell())
    apart: Table = found.apart.people
    learned = {x.tobytes() for x in found.query_pool().x} | {x.tobytes() for x in found.members().x}
    assert not {x.tobytes() for x in to_pixels(apart.x)} & learned
