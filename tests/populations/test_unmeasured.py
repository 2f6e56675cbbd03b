"""Nobody on whom a cell of a study measures is among those whom its settings are chosen on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.populations.digits import Digits
from quorate.populations.finite import Finite
from quorate.populations.gaussian import Gaussian
from quorate.populations.own_table import OwnTable
from quorate.populations.unmeasured import Unmeasured
from quorate.protocols import Population
from quorate.studies.trial import draw_people, streams
from quorate.table import Split, Table


def drawn(population: Population, seed: int) -> Split:
    """The people of a cell of this seed, as every study draws them."""
    return draw_people(population, streams(seed)[0])


def rows(*sides: Table) -> set[bytes]:
    return {row.tobytes() for side in sides for row in side.x}


@pytest.mark.parametrize("n", [None, 300])
def test_nobody_who_is_held_out_in_a_seed_is_left(n: int | None) -> None:
    """Of fixed data: compared byte by byte. Before, a quarter of seed 1000's were such people."""
    population, seeds = Digits(n=n), (0, 1, 2, 5)
    apart = drawn(Unmeasured(population, seeds), 1000)
    plain = drawn(population, 1000)
    for seed in seeds:
        measured = rows(drawn(population, seed).held_out)
        assert not rows(apart.train, apart.held_out) & measured
        assert len(rows(plain.train, plain.held_out) & measured) > 100
    assert rows(apart.train, apart.held_out) <= rows(plain.train, plain.held_out)
    assert not rows(apart.train) & rows(apart.held_out)
    everyone = len(plain.train) + len(plain.held_out)
    left = len(apart.train) + len(apart.held_out)
    # four quarters of everyone are drawn, each apart: .75 ** 4 = .316 are in none
    assert left / everyone == pytest.approx(0.316, abs=0.04)
    assert len(apart.held_out) == round(left / 5)


def test_a_table_is_told_apart_whatever_it_was_standardised_by(tmp_path: Path) -> None:
    """Numbers are standardised anew for every seed: an id in the file tells who is who."""
    lines = [f"{i + 0.5},{'ab'[i % 2]},{'yn'[i % 3 == 0]}" for i in range(400)]
    (tmp_path / "people.csv").write_text("\n".join(["number,kind,label", *lines]))
    population = OwnTable(path=str(tmp_path / "people.csv"), label="label")

    def numbers(*sides: Table) -> set[int]:
        column = sides[0].column("number")
        return {
            round(float(v) * column.scale + column.mean - 0.5)
            for side in sides
            for v in side.x[:, column.start]
        }

    apart = drawn(Unmeasured(population, (0, 1)), 1000)
    measured = [numbers(drawn(population, seed).held_out) for seed in (0, 1)]
    left = set(range(400)) - measured[0] - measured[1]
    assert numbers(apart.train, apart.held_out) == left
    assert len(apart.train) + len(apart.held_out) == len(left)


def test_draws_of_a_law_are_other_people_anyway() -> None:
    for population in (Finite(n=80, held_out=40), Gaussian(n=80, held_out=40)):
        apart, plain = (drawn(of, 1000) for of in (Unmeasured(population), population))
        assert apart.train.x.tobytes() == plain.train.x.tobytes()
        assert apart.held_out.x.tobytes() == plain.held_out.x.tobytes()


def test_groups_and_the_seed_decide() -> None:
    one, same, other = (drawn(Unmeasured(Digits(), (0, 1)), seed) for seed in (7, 7, 8))
    assert one.train.x.tobytes() == same.train.x.tobytes()
    assert one.train.x.tobytes() != other.train.x.tobytes()
    assert Unmeasured(Finite()).fingerprint() is None
    assert Unmeasured(Finite()).notes() == ()


def test_too_few_to_test_on_are_refused() -> None:
    with pytest.raises(InputError, match=r"at least 20 people to test on whom none of the 20 seed"):
        drawn(Unmeasured(Digits(n=100), tuple(range(20))), 1000)
    with pytest.raises(InputError, match="seed"):
        Unmeasured(Digits(), (-1,))
    assert np.isfinite(drawn(Unmeasured(Digits(), ()), 3).train.x).all()


def test_as_many_train_as_in_the_study_where_there_are_enough() -> None:
    """Of 1,348 people who train, 300 in each seed; of one seed 3 in 4 of all drawn are left."""
    apart = drawn(Unmeasured(Digits(n=300), (0,)), 1000)
    assert len(apart.train) == 300
    assert len(apart.held_out) > 200
