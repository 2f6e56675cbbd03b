"""The search for signals, against trying each one by the plain certificate."""

import itertools
import json
import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.planning import candidates as module
from quorate.planning.cells import signal_counts
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members
from quorate.planning.suggest import Suggestions, suggest
from quorate.theory.certificates.aggregate import success_despite
from quorate.theory.certificates.counts import AssumedPlatform
from quorate.theory.certificates.members_needed import members_needed
from quorate.theory.radii import others_limit


def members_of(codes: np.ndarray, labels: np.ndarray) -> Members:
    sizes = codes.max(axis=0) + 1
    columns = tuple(
        MemberColumn(f"c{j}", tuple(f"v{v}" for v in range(size))) for j, size in enumerate(sizes)
    )
    return Members(codes.astype(np.int32), labels.astype(np.int32), columns, ("no", "yes"))


def random_members(rng: np.random.Generator, n: int, d: int, levels: int) -> Members:
    """Return people of whom most have the first values."""
    share = np.arange(1, levels + 1) ** -2.0
    codes = rng.choice(levels, p=share / share.sum(), size=(n, d))
    codes[:levels] = np.arange(levels)[:, None]  # every value is somebody's
    return members_of(codes, rng.integers(0, 2, n))


def every_signal(members: Members) -> list[dict[int, int]]:
    columns = range(len(members.columns))
    return [
        dict(zip(chosen, values, strict=True))
        for size in (1, 2)
        for chosen in itertools.combinations(columns, size)
        for values in itertools.product(*(range(len(members.columns[j].values)) for j in chosen))
    ]


def naive(
    members: Members, platform: AssumedPlatform, target: float, delta: float, costs: list[float]
) -> dict[tuple[tuple[str, str], ...], tuple[int | None, float, float]]:
    """Return n for the target, success and cost of every signal, one after the other."""
    signals = every_signal(members)
    sets = {tuple(signal) for signal in signals}
    found = {}
    for signal in signals:
        counts = signal_counts(members, signal)
        against = int(counts.honest[:, 0].sum())

        def success(n: int) -> float:
            seen = math.ceil(against * n / len(members) - 1e-6)  # noqa: B023
            limit = others_limit(seen, n, platform.size - n, delta / (2 * len(signals)))
            scaled = counts.scaled(n)  # noqa: B023
            return success_despite(scaled, limit, platform, delta / (2 * len(sets)))

        names = tuple(
            (members.columns[j].name, members.columns[j].values[code]) for j, code in signal.items()
        )
        cost = sum(
            costs[j] * float((members.codes[:, j] != code).mean()) for j, code in signal.items()
        )
        needed = members_needed(success, target, platform.size, (against, len(members)))
        found[names] = needed, success(len(members)), cost
    return found


@pytest.mark.parametrize("eps", [0.0, 0.002])
def test_against_every_signal_tried_alone(eps: float) -> None:
    rng = np.random.default_rng(1)
    certified = 0
    for _ in range(3):
        members = random_members(rng, 1500, 3, 3)
        platform, costs = AssumedPlatform(9000, eps), rng.uniform(0.5, 2, 3).tolist()
        expected = naive(members, platform, 0.7, 0.1, costs)
        found = suggest(
            members,
            "yes",
            platform,
            12,
            success=0.7,
            confidence=0.9,
            costs={f"c{j}": cost for j, cost in enumerate(costs)},
        )
        assert found.tried == len(expected)
        for item in found.items:
            needed, success, cost = expected[tuple(item.signal.items())]
            assert item.n_for_target == needed
            assert item.success == pytest.approx(success, abs=1e-12)  # sums in another order
            assert item.cost == pytest.approx(cost, abs=1e-12)
        # No signal that was left out needs fewer.
        best = sorted(math.inf if n is None else n for n, _, _ in expected.values())[:12]
        assert [math.inf if s.n_for_target is None else s.n_for_target for s in found.items] == best
        certified += sum(n < math.inf for n in best)
    assert certified > 10


def test_costs_decide_between_signals_that_need_as_many() -> None:
    """Nobody has c0=v1 together with c1=v1, nor with c1=v2: the cheaper of the two comes first."""
    rng = np.random.default_rng(2)
    codes = np.c_[rng.random(4000) < 0.3, rng.choice(3, 4000, p=[0.5, 0.3, 0.2])].astype(int)
    codes[codes[:, 0] == 1, 1] = 0
    members = members_of(codes, np.zeros(4000, dtype=int))
    first, second = suggest(members, "yes", AssumedPlatform(40_000), 2).items
    assert first.n_for_target == second.n_for_target
    assert first.carrying == second.carrying == 0
    assert first.signal == {"c0": "v1", "c1": "v1"}  # 30% have v1, 20% have v2
    assert first.cost == pytest.approx(2 - codes[:, 0].mean() - (codes[:, 1] == 1).mean())
    cheap = suggest(members, "yes", AssumedPlatform(40_000), 2, costs={"c0": 0, "c1": 0}).items[0]
    assert cheap.cost == 0


LAW = np.random.default_rng(3).dirichlet(np.full(18, 0.6)).reshape(3, 3, 2)


def violations(
    multiplicity: str, delta: float, draws: int, law: np.ndarray = LAW, size: int = 2400
) -> tuple[float, float]:
    """Return how often the best suggestion is worse than certified, and how often it says anything.

    Everyone is drawn, members act on it, and the worst optimal platform answers.
    """
    rng = np.random.default_rng(3)
    n, broken, said = 400, 0, 0
    for _ in range(draws):
        people = rng.choice(18, p=law.ravel(), size=size)
        codes, labels = np.stack([people // 6, people // 2 % 3], axis=1), people % 2
        (best,) = suggest(
            members_of(codes[:n], labels[:n]),
            "yes",
            AssumedPlatform(size),
            1,
            success=0.5,
            confidence=1 - delta,
            multiplicity=multiplicity,  # type: ignore[arg-type]
        ).items
        signal = {int(c[1]): int(v[1]) for c, v in best.signal.items()}
        for j, code in signal.items():
            codes[:n, j] = code
        labels[:n] = 1
        rest = [j for j in (0, 1) if j not in signal]
        lost = 0.0
        for other in itertools.product(*(range(3) for _ in rest)):
            x = {**signal, **dict(zip(rest, other, strict=True))}
            there = (codes[:, 0] == x[0]) & (codes[:, 1] == x[1])
            if 2 * labels[there].sum() <= there.sum():  # ties against the collective
                mass = law
                for j in (1, 0):
                    mass = mass.take(x[j], axis=j) if j in rest else mass.sum(axis=j)
                lost += float(mass.sum())
        broken += 1 - lost < best.success - 1e-12
        said += best.success > 0
    return broken / draws, said / draws


@pytest.mark.parametrize("delta", [0.05, 0.2])
@pytest.mark.parametrize("multiplicity", ["union", "split"])
def test_what_is_certified_holds_for_whatever_was_chosen(multiplicity: str, delta: float) -> None:
    broken, said = violations(multiplicity, delta, 60)
    assert broken <= delta
    assert said > 0.5


def test_the_search_is_paid_for() -> None:
    rng = np.random.default_rng(4)
    members = random_members(rng, 3000, 3, 4)
    found = suggest(members, "yes", AssumedPlatform(20_000), 3)
    sets, tried = 6, 3 * 4 + 3 * 16
    assert found.tried == tried
    assert found.notes[0] == (
        f"Corrected for {tried} signals and {sets} column sets: all results shown hold together "
        "at 95%."
    )
    halves = suggest(members, "yes", AssumedPlatform(20_000), 3, multiplicity="split")
    assert halves.notes[0] == (
        "Half of the members chose, the other half certifies. Corrected for 3 signals and 6 column "
        "sets: all results shown hold together at 95%."
    )
    assert halves.to_dict()["multiplicity"] == "split"
    plain = json.loads(json.dumps(halves.to_dict(), allow_nan=False))
    assert plain["items"][0]["signal"] == halves.items[0].signal


def test_random_digits_count_the_same_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where 64 bits cannot number the cells, random numbers stand for them."""
    members = random_members(np.random.default_rng(5), 800, 4, 3)

    def found() -> Suggestions:
        return suggest(members, "yes", AssumedPlatform(5000), 5, success=0.6)

    expected = found()
    monkeypatch.setattr(module, "LARGEST", 10)
    assert found() == expected


def test_where_nothing_can_be_certified_it_says_so() -> None:
    rng = np.random.default_rng(6)
    members = members_of(rng.integers(0, 10, (500, 12)), rng.integers(0, 2, 500))
    found = suggest(members, "yes", AssumedPlatform(1000), 4)
    assert [s.n_for_target for s in found.items] == [None] * 4
    assert [s.against for s in found.items] == sorted(s.against for s in found.items)
    assert "No signal can be certified" in found.notes[-1]


def test_a_signal_that_all_carry_is_not_tried() -> None:
    members = members_of(np.zeros((50, 1), dtype=int), np.arange(50) % 2)
    assert suggest(members, "yes", AssumedPlatform(100)).items == ()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"success": 1.5}, "success=1.5"),
        ({"confidence": 1.0}, "confidence=1"),
        ({"count": 0}, "count=0"),
        ({"multiplicity": "none"}, "union"),
        ({"costs": {"c9": 1.0}}, "'c9'"),
        ({"costs": {"c0": -1.0}}, "cost of c0=-1"),
        ({"platform": AssumedPlatform(9)}, "platform size of 9"),
        ({"target": "maybe"}, "'maybe'"),
    ],
)
def test_what_is_wrong_is_named(options: dict, named: str) -> None:
    members = random_members(np.random.default_rng(0), 50, 2, 2)
    with pytest.raises(InputError, match=named):
        suggest(members, **{"target": "yes", "platform": AssumedPlatform(100), **options})


def test_an_estimate_in_place_of_a_limit_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best of all signals is the one whose count is smallest by luck: that must be paid for."""

    def estimate(seen: int, members: int, others: int, delta: float) -> int:
        return round(seen * others / members)

    # Nine pairs of values alike, everyone says no: others and members are as many on each.
    edge = np.stack([np.full((3, 3), 1 / 9), np.zeros((3, 3))], axis=2)
    assert violations("union", 0.2, 60, edge, size=4000)[0] <= 0.2
    monkeypatch.setattr(module, "others_limit", estimate)
    assert violations("union", 0.2, 60, edge, size=4000)[0] > 0.2
