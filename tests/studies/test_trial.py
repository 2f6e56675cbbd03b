"""One cell: its id, its four streams, who is a member, and what the platform receives."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.learners.networks.sgd import SGD
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.strategies.planting import Planting
from quorate.strategies.relabelling.rb_prob import RBProb
from quorate.studies import trial as trial_module
from quorate.studies.study import make_study
from quorate.studies.trial import Trial, draw_people, enlist, find_eligible, streams, submit
from quorate.table import Submission, Table

STUDY = {
    "population": ["digits:n=100", "gaussian:n=50"],
    "strategy": ["planting:size=2", "planting:target=3,signal=(columns:core=1,shortcut=2)"],
    "learner": ["sgd:epochs=1", "dp-sgd:epsilon=2", "sklearn:estimator=GaussianNB"],
    "alphas": "0.01:0.1:2",
    "seeds": [0, 7],
}


def cell(**changes: object) -> Trial:
    plain = {
        "population": Digits(n=100),
        "strategy": Planting(),
        "goal": Planting().goal,
        "learner": SGD(epochs=1),
        "alpha": 0.1,
        "seed": 0,
    }
    return Trial(**{**plain, **changes})  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ ids


def test_an_id_is_a_digest_of_everything_the_outcome_depends_on() -> None:
    """Written anew: SHA-256 of canonical JSON, cut to 128 bits."""
    one = cell()
    plain, tight = one.describe(), (",", ":")
    canonical = json.dumps(plain, sort_keys=True, separators=tight, ensure_ascii=False)
    assert one.id == hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:32]
    assert set(one.describe()) == {
        "version",
        "population",
        "data",
        "strategy",
        "goal",
        "learner",
        "alpha",
        "seed",
    }
    assert one.describe()["learner"]["momentum"] == 0.9  # defaults are written out


@pytest.mark.parametrize(
    "changes",
    [
        {"population": Digits(n=101)},
        {"population": Gaussian(n=100)},
        {"strategy": Planting(target="3")},
        {"goal": Planting(target="3").goal},
        {"learner": SGD(epochs=1, momentum=0.5)},
        {"alpha": 0.1 + 2**-53},
        {"seed": 1},
    ],
)
def test_whatever_changes_changes_the_id(changes: dict[str, object]) -> None:
    assert cell(**changes).id != cell().id


def test_the_version_is_part_of_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cell().id
    monkeypatch.setattr(trial_module, "__version__", "99.0")
    assert cell().id != before


def test_the_content_of_a_file_is_part_of_the_id(tmp_path: Path) -> None:
    """The same path with other people in it is another population; the same people are the same."""
    file = tmp_path / "people.csv"

    def id_of(content: str) -> str:
        file.write_text(content)
        os.utime(file, ns=(1, 1))  # neither its time
        study = make_study(
            population=f"table:path={file},label=y",
            strategy="planting",
            learner="sgd",
            alphas="0.1",
            seeds=1,
        )
        return study.cells()[0].id

    first = id_of("age,y\n1,a\n2,b\n")
    assert id_of("age,y\n1,a\n2,b\n3,a\n") != first
    os.utime(file, ns=(2, 2))
    assert id_of("age,y\n1,a\n2,b\n") == first


def test_ids_are_the_same_in_another_process() -> None:
    """No hash seed, address or order of a set goes into an id."""
    ids = [one.id for one in make_study(**STUDY).cells()]
    code = (
        "import json, sys\nfrom quorate.studies.study import make_study\n"
        "print(json.dumps([c.id for c in make_study(**json.load(sys.stdin)).cells()]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(STUDY),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
    )
    assert json.loads(run.stdout) == ids


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"alpha": 1.2}, "alpha=1.2"), ({"alpha": float("nan")}, "alpha=nan"), ({"seed": -1}, "seed")],
)
def test_a_cell_out_of_range_is_refused(changes: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        cell(**changes)


# ------------------------------------------------------------------------------ streams and members


def test_the_four_streams_differ_and_depend_on_the_seed_alone() -> None:
    draws = {
        (seed, i): tuple(np.random.default_rng(stream).integers(2**62, size=4))
        for seed in range(50)
        for i, stream in enumerate(streams(seed))
    }
    assert len(set(draws.values())) == 200
    again = [tuple(np.random.default_rng(s).integers(2**62, size=4)) for s in streams(7)]
    assert again == [draws[7, i] for i in range(4)]


@given(n=st.integers(0, 300), alpha=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_as_many_members_as_the_nearest_whole_number(n: int, alpha: float, seed: int) -> None:
    member = enlist(n, alpha, np.random.default_rng(seed))
    assert member.shape == (n,)
    assert abs(int(member.sum()) - alpha * n) <= 0.5


@given(
    n=st.integers(0, 300), one=st.floats(0, 1), other=st.floats(0, 1), seed=st.integers(0, 2**32)
)
def test_a_small_collective_is_inside_a_large_one(
    n: int, one: float, other: float, seed: int
) -> None:
    small, large = sorted((one, other))
    inner, outer = (enlist(n, a, np.random.default_rng(seed)) for a in (small, large))
    assert not (inner & ~outer).any()


def test_members_are_those_with_the_lowest_draws() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        n, alpha, seed = int(rng.integers(1, 60)), float(rng.random()), int(rng.integers(2**32))
        draws = list(np.random.default_rng(seed).random(n))
        lowest = sorted(range(n), key=lambda i: draws[i])[: round(alpha * n)]
        member = enlist(n, alpha, np.random.default_rng(seed))
        assert sorted(np.flatnonzero(member)) == sorted(lowest)


def test_everyone_is_equally_likely_to_be_a_member() -> None:
    counts = sum(enlist(20, 0.3, np.random.default_rng(seed)).astype(int) for seed in range(4000))
    # Binomial with n = 4000, p = .3: standard deviation 29; 20 counts within 5 of them.
    assert np.abs(counts - 1200).max() < 5 * 29


def test_only_members_rows_change() -> None:
    people = draw_people(Digits(n=60), streams(0)[0]).train
    strategy = Planting(target="3")
    for alpha in (0.0, 0.2, 1.0):
        received = submit(people, strategy, alpha, streams(0)[1])
        assert isinstance(received, Submission)
        mixed = received.mixed()
        stayed = ~received.member
        assert (mixed.x[stayed] == people.x[stayed]).all()
        assert (mixed.y[stayed] == people.y[stayed]).all()
        assert (mixed.y[received.member] == 3).all()
        assert (mixed.x[received.member, :, -3:, -3:] == 1).all()
        assert received.alpha == round(alpha * 60) / 60


def test_cells_of_one_seed_share_their_people_and_nothing_else_is_kept() -> None:
    draw = streams(0)[0]
    first = draw_people(Digits(n=60), draw)
    assert draw_people(Digits(n=60), streams(0)[0]) is first
    other = draw_people(Digits(n=60), streams(1)[0])
    assert not np.array_equal(other.train.x, first.train.x)
    again = draw_people(Digits(n=60), draw)
    assert again is not first  # only the last ones are held in memory
    assert np.array_equal(again.train.x, first.train.x)
    assert np.array_equal(again.held_out.y, first.held_out.y)


def test_people_of_a_file_that_changed_are_drawn_anew(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    header = "age,y\n"

    def ages() -> int:
        (population,) = make_study(
            population=f"table:path={file},label=y", strategy="planting", learner="sgd"
        ).populations
        split = draw_people(population, streams(0)[0])
        return len(split.train) + len(split.held_out)

    file.write_text(header + "1,a\n2,b\n" * 4)
    assert ages() == 8
    file.write_text(header + "1,a\n2,b\n" * 5)
    assert ages() == 10


# ----------------------------------------------------------------------------- members of one group


def grouped(n: int = 10) -> Table:
    """People whose first three are of group a, the next of b, and nobody of c."""
    group = np.minimum(np.arange(n) // 3, 1)
    return Table(np.zeros((n, 1, 4, 4), np.float32), group, ("x", "y"), group, ("a", "b", "c"))


def test_an_id_is_as_it_was_before_collectives_could_come_from_a_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial_module, "__version__", "0.1.0")
    none, some = make_study(
        population="digits:n=100",
        strategy="planting:size=2",
        learner="sgd:epochs=1",
        alphas="0.1",
        seeds=1,
    ).cells()
    assert none.id == "7ea20449c58cb669b8d1645061f3aa9d"  # both computed before
    assert some.id == "2dc0c1fc3370b33c3129468930c8d992"
    assert cell(collective="anyone").id == cell().id != cell(collective="a").id
    assert cell(collective="a").describe() == {**cell().describe(), "collective": "a"}


@given(st.integers(1, 60), st.integers(0, 2**32), st.data())
def test_members_of_a_group_are_those_of_it_with_the_lowest_draws(
    n: int, seed: int, data: st.DataObject
) -> None:
    among = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    sizes = sorted(data.draw(st.integers(0, int(among.sum()))) for _ in range(2))
    draws = list(np.random.default_rng(seed).random(n))
    for m in sizes:
        lowest = sorted((i for i in range(n) if among[i]), key=lambda i: draws[i])[:m]
        member = enlist(n, m / n, np.random.default_rng(seed), among)
        assert sorted(np.flatnonzero(member)) == sorted(lowest)  # so they are nested, too
    everyone = np.ones(n, dtype=bool)
    one, other = (enlist(n, 0.3, np.random.default_rng(seed), of) for of in (None, everyone))
    assert one.tolist() == other.tolist()


def test_alpha_is_the_fraction_of_all_the_data() -> None:
    received = submit(grouped(), Planting(target="y"), 0.2, streams(0)[1], "a")
    assert received.member.sum() == 2
    assert not received.member[3:].any()
    assert find_eligible(grouped(), Planting(), 1.0) is None
    everyone = find_eligible(grouped(), Planting(), 0.3, "a")
    assert everyone is not None
    assert everyone.tolist() == [True] * 3 + [False] * 7


@pytest.mark.parametrize(
    ("collective", "alpha", "message"),
    [
        ("a", 0.4, r"=0\.3 for collective=a: 3 of 10 people can be members\. Got alpha=0\.4"),
        ("c", 0.1, "at most alpha=0 for collective=c: 0 of 10 people can be members"),
        ("A", 0.1, r"known group for collective, got 'A'\. Known: a, anyone, b, c"),
    ],
)
def test_a_group_that_cannot_be_the_collective(collective: str, alpha: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        submit(grouped(), Planting(), alpha, streams(0)[1], collective)
    if collective == "c":
        nobody = submit(grouped(), Planting(), 0.0, streams(0)[1], collective)
        assert not nobody.member.any()


def test_members_are_of_the_group_and_such_as_the_strategy_can_have() -> None:
    """Three of ten are of a; a minority of a and b, with nobody of a named, leaves the group a."""
    strategy = RBProb(minority="a+b", positive="y", knowledge="1")
    both = find_eligible(grouped(), strategy, 0.3, "a")
    assert both is not None
    assert both.tolist() == [True] * 3 + [False] * 7
    message = (
        r"at most alpha=0\.3 for collective=a and strategy=rb-prob: 3 of 10 people can be "
        r"members\. Got alpha=0\.4, 4 members\. Use smaller alphas, or leave collective out\."
    )
    with pytest.raises(InputError, match=message):
        submit(grouped(), strategy, 0.4, streams(0)[1], "a")
    of_b = RBProb(minority="b", positive="y")
    with pytest.raises(InputError, match=r"for strategy=rb-prob: .*\. Use smaller alphas\.$"):
        submit(grouped(), of_b, 1.0, streams(0)[1])


def test_people_without_groups_have_no_collective_of_one() -> None:
    people = draw_people(Digits(n=60), streams(0)[0]).train
    with pytest.raises(InputError, match="Expected people with groups for collective=a, got none"):
        submit(people, Planting(), 0.1, streams(0)[1], "a")
