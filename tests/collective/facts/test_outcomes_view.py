"""Is it working: the same as ``quorate watch``, no error from looking, and quick enough to look."""

import math
from pathlib import Path

import numpy as np
import pytest

import quorate as library
from quorate.collective.facts import outcomes
from quorate.collective.facts.outcomes import Reported, outcomes_csv, watch_outcomes
from quorate.errors import InputError
from quorate.theory.confidence_sequence import confidence_sequence
from quorate.theory.mean_change import first_change
from quorate.watching.periods import Period, periods_of

START = 1_780_000_000.0  # 2026-05-28 20:26 UTC
FALL = [1, 1, 1, 1, 0] * 300 + [0, 0, 1, 0, 0] * 100


def reports(successes: list[int], of_one: int = 20) -> list[Reported]:
    """Return outcomes a minute apart, of members who report so many each, one after the other."""
    return [(START + 60 * at, bool(one), at % of_one + 1) for at, one in enumerate(successes)]


def same(found: tuple[Period, ...], expected: tuple[Period, ...]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.start, one.change, one.target) == (other.start, other.change, other.target)
        assert one.successes.tolist() == other.successes.tolist()
        # Sums of arrays that lie elsewhere round.
        assert one.low == pytest.approx(other.low, abs=1e-12)
        assert one.high == pytest.approx(other.high, abs=1e-12)


def test_it_says_what_watch_says_of_the_file(tmp_path: Path) -> None:
    reported = reports(FALL)
    file = tmp_path / "outcomes.csv"
    file.write_text(outcomes_csv(reported))
    assert file.read_text().splitlines()[:2] == ["reported,at,success", "1,2026-05-28 20:26,1"]
    watched = library.watch(file, target=0.6)
    view = watch_outcomes(reported, "training", 0.6)
    same(view.periods, watched.periods)
    assert (view.status, view.fell, view.counted) == ("excluded", True, 2000)
    assert view.headline() == (
        "Success fell. The target of 60% is excluded: success lies below it."
    )
    assert view.sentences()[2].startswith("Success fell from 80% to ")
    assert "(2026-05-29 2" in view.sentences()[2]  # when, by the clock


@pytest.mark.parametrize("cut", [1, 400, 1500, 1530, 1900, 1999, 2000])
def test_what_is_remembered_of_a_beginning_changes_nothing(cut: int) -> None:
    successes = np.array(FALL, dtype=bool)
    whole = periods_of(successes, 0.6, 0.95)
    same(periods_of(successes, 0.6, 0.95, periods_of(successes[:cut], 0.1, 0.95)), whole)


def test_known_limits_and_looked_at_outcomes_are_taken_up() -> None:
    x = np.array(FALL, dtype=float)
    low, high = confidence_sequence(x, 0.1)
    known = confidence_sequence(x[:700], 0.1)
    again = confidence_sequence(x, 0.1, known)
    assert again[0] == pytest.approx(low, abs=1e-12)
    assert again[1] == pytest.approx(high, abs=1e-12)
    change = first_change(x, 0.05)
    assert change is not None
    assert change.seen > 1500
    for looked in (0, 1, 127, 1024, 1500, change.seen - 1):
        assert first_change(x, 0.05, looked) == change


def test_one_report_more_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes._remembered.cache_clear()
    counted: list[int] = []

    def counting(
        x: np.ndarray, target: float, confidence: float, known: tuple[Period, ...] = ()
    ) -> tuple[Period, ...]:
        counted.append(len(x) - (known[-1].stop if known else 0))
        return periods_of(x, target, confidence, known)

    monkeypatch.setattr(outcomes, "periods_of", counting)
    steady = [1, 1, 1, 0] * 750
    first = watch_outcomes(reports(steady), "training", 0.6)
    assert sum(counted) == 3000  # each once
    counted.clear()
    second = watch_outcomes(reports([*steady, 1]), "training", 0.6)
    assert sum(counted) <= outcomes.FEWEST_ANEW
    same(second.periods, periods_of(np.array([*steady, 1], dtype=bool), 0.6, 0.95))
    assert first.status == second.status == "reached"
    outcomes._remembered.cache_clear()


def test_of_each_member_the_first_count() -> None:
    # Nine others see successes, and one reports a failure after each nine; then ninety at once.
    flood = [(START, False, turn) for turn in range(1, 101)]
    honest = [one for turn in range(10) for one in [*reports([1] * 9, of_one=1), flood[turn]]]
    flood = flood[10:]
    view = watch_outcomes([*honest, *flood], "test", 0.5, most_of_one=10)
    assert (view.reported, view.counted, view.status) == (190, 100, "reached")
    assert "on 10 days at most" in view.assumptions()[1]
    assert "90 beyond that do not count." in view.assumptions()[1]
    assert watch_outcomes([*honest, *flood], "test", 0.5, most_of_one=100).status != "reached"
    assert outcomes_csv([*honest, *flood], 10).count("\n") == 101


@pytest.mark.parametrize("rule", ["one a day", "all at once"])
def test_members_who_differ_are_not_taken_for_a_change(rule: str) -> None:
    # Beta(3.5, 1.5): it works for some in 45 of 100 cases, for others nearly always. Each of ten
    # reports on twenty days. Were all of one member's reports to count as they come in together,
    # the interval would miss the mean of the members, and changes would be seen that are none.
    errs = 0
    for seed in range(60):
        rng = np.random.default_rng([7, seed])
        of_member = rng.beta(3.5, 1.5, size=10)
        reported = []
        for day in range(20):
            for i in rng.permutation(10).tolist():
                # A member's others of the day are reported with the first, and do not count.
                reported += [(START, bool(rng.random() < of_member[i]), day + 1), (START, False, 0)]
        if rule == "all at once":
            reported = [
                (START, bool(rng.random() < one), turn)
                for one in of_member
                for turn in range(1, 21)
            ]
        view = watch_outcomes(reported, "test", 0.9)
        last = view.periods[-1]
        errs += len(view.periods) > 1 or not last.low[-1] <= of_member.mean() <= last.high[-1]
    assert errs <= 8 if rule == "one a day" else errs > 20  # 60 at 5%: more once in 100


RUNS, MEMBERS, MOST = 200, 40, 10


@pytest.mark.parametrize("rule", ["all", "until a failure", "until a success", "shuffled"])
def test_neither_looking_nor_counting_the_first_of_each_errs(rule: str) -> None:
    # Members stop for reasons of their own, which may be what they have just seen, and come in any
    # order: which outcome counts next is known before it is. So the interval holds at all times.
    rng, p, delta = np.random.default_rng(3), 0.7, 0.2
    missed = 0
    for _ in range(RUNS):
        successes, turns = [], np.zeros(MEMBERS, dtype=int)
        gone = np.zeros(MEMBERS, dtype=bool)
        while not gone.all() and turns.sum() < 300:
            here = np.flatnonzero(~gone)
            at = int(rng.choice(here)) if rule == "shuffled" else int(here[0])
            turns[at] += 1
            success = bool(rng.random() < p)
            gone[at] = turns[at] == MOST + 5 or (
                turns[at] > 1 and success == (rule == "until a success") and rule.startswith("unt")
            )
            if turns[at] <= MOST:
                successes.append(success)
        low, high = confidence_sequence(successes, delta)
        missed += bool((low > p).any() or (high < p).any())
    # Three standard deviations of a rate over the runs.
    assert missed / RUNS <= delta + 3 * math.sqrt(delta * (1 - delta) / RUNS)
    assert missed / RUNS >= 0.02  # nor is it right for being wide


def test_who_reports_only_successes_is_not_seen_through_and_that_is_said() -> None:
    view = watch_outcomes(reports([1] * 100), "training", 0.9)
    assert view.status == "reached"
    assert "Who reports only what worked" in " ".join(view.assumptions())


def test_before_anybody_reports() -> None:
    view = watch_outcomes([], "test", 0.9)
    assert (view.status, view.fell, view.counted, view.periods) == ("open", False, 0, ())
    assert view.headline() == "Nothing was reported yet."
    assert view.sentences() == ("The target is a success of 90%.",)
    assert "corrected picture" in view.assumptions()[0]
    assert outcomes_csv([]) == "reported,at,success\n"
    beyond = watch_outcomes([(START, True, 21)], "test", 0.9)
    assert (beyond.counted, beyond.reported) == (0, 1)


def test_what_was_said_stays_said() -> None:
    settled = None
    for n in range(1, 160):
        view = watch_outcomes(reports([1, 1, 1, 1, 0] * 32)[:n], "training", 0.6)
        if settled is None and view.status == "reached":
            settled = n
        assert (view.status == "reached") == (settled is not None)
        if settled is not None:
            assert view.periods[0].reached == settled


def test_numbers_that_cannot_be() -> None:
    for name, wrong in {"target": 0.0, "confidence": 1.0, "most_of_one": 0}.items():
        given = {"target": 0.9, name: wrong}
        with pytest.raises(InputError, match=name):
            watch_outcomes([], "test", **given)  # type: ignore[arg-type]
