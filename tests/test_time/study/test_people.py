"""Who is there: three sets of people with nobody in common, on the 8-bit grid."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.populations.gaussian import Gaussian
from quorate.protocols import Population, Subgroup
from quorate.subgroups.attribute import Attribute
from quorate.subgroups.low_light import LowLight
from quorate.table import Rng, Split, Table
from quorate.test_time.platforms.platform import to_features, to_pixels
from quorate.test_time.study.people import PeopleSplit, split_people

HERE = LowLight(brightness=1, noise=0)  # a shift that changes nothing: people can be told apart


@dataclass(frozen=True)
class Numbered(Population):
    """People whose picture is their number."""

    name: ClassVar[str] = "numbered"
    n: int = 200
    held_out: int = 100
    classes: int = 4

    def split(self, rng: Rng) -> Split:
        order = rng.permutation(self.n + self.held_out)
        return Split(*(self.people(rows) for rows in np.split(order, [self.n])))

    def people(self, number: np.ndarray) -> Table:
        x = np.stack([number % 256, number // 256], axis=1).reshape(-1, 1, 1, 2)
        return Table(
            x.astype(np.float32) / np.float32(255),
            number % self.classes,
            tuple(f"{i}" for i in range(self.classes)),
            (number % 5 == 0).astype(np.int64),
            ("many", "few"),
        )


def numbers(people: Table) -> set[int]:
    x = to_pixels(people.x).astype(int)
    return set((x[:, 0, 0, 0] + 256 * x[:, 0, 0, 1]).tolist())


def people_of(
    subgroup: Subgroup = HERE,
    seed: int = 0,
    share: float | None = 0.1,
    measured: float | None = 0.5,
    reserve: float = 0.5,
    population: Population | None = None,
) -> PeopleSplit:
    return split_people(
        population or Numbered(),
        subgroup,
        np.random.default_rng(seed),
        share=share,
        measured=measured,
        reserve=reserve,
    )


@given(st.floats(0.05, 0.95), st.floats(0, 1), st.floats(0.01, 0.99), st.integers(0, 99))
def test_nobody_is_in_two_sets_and_shares_are_exact(
    reserve: float, share: float, measured: float, seed: int
) -> None:
    split = people_of(HERE, seed, share, measured, reserve)
    sets = [numbers(people) for people in (split.train, split.photos, split.held_out)]
    kept = round(reserve * 200)
    assert [len(people) for people in sets] == [200 - kept, kept, 100]
    assert len(set.union(*sets)) == 300
    groups = [people.group for people in (split.train, split.photos, split.held_out)]
    expected = [round(share * (200 - kept)), kept, round(measured * 100)]
    assert [int(group.sum()) for group in groups if group is not None] == expected
    assert groups[2] is not None
    assert split.inside.tolist() == np.flatnonzero(groups[2]).tolist()


@pytest.mark.parametrize(("share", "measured"), [(None, None), (0.1, 0.5), (None, 0.5)])
def test_people_of_a_group(share: float | None, measured: float | None) -> None:
    split = people_of(Attribute("few"), 0, share, measured)
    sets = [numbers(people) for people in (split.train, split.photos, split.held_out)]
    assert len(set.union(*sets)) == sum(map(len, sets))
    assert {n % 5 for n in sets[1]} == {0}
    for people, wanted in ((split.train, share), (split.held_out, measured)):
        assert people.group is not None
        few = np.array([n % 5 == 0 for n in to_pixels(people.x)[:, 0, 0] @ [1, 256]])
        assert (people.group == few).all()
        if wanted is not None:
            assert int(few.sum()) == round(wanted * len(people))
        elif people is split.train:
            assert len(people) == 100


def test_pictures_lie_on_the_grid_that_is_asked_about() -> None:
    split = people_of(LowLight(), population=Numbered())
    for people in (split.train, split.photos, split.held_out):
        assert (to_features(to_pixels(people.x)) == people.x).all()
    assert (split.x == to_pixels(split.held_out.x)).all()


def test_off_the_grid_is_rounded_onto_it() -> None:
    class Between(Numbered):
        def people(self, number: np.ndarray) -> Table:
            exact = super().people(number)
            return replace(exact, x=np.clip(exact.x + np.float32(0.3 / 255), 0, 1))

    split = people_of(population=Between())
    assert (to_features(to_pixels(split.train.x)) == split.train.x).all()
    assert len(numbers(split.train) | numbers(split.photos) | numbers(split.held_out)) == 300


def test_the_seed_decides() -> None:
    one, again, other = (people_of(seed=seed) for seed in (3, 3, 4))
    assert (one.photos.x == again.photos.x).all()
    assert (one.held_out.x == again.held_out.x).all()
    assert (one.photos.x != other.photos.x).any()


@pytest.mark.parametrize("reserve", [0.001, 0.999, 0.0, 1.0])
def test_someone_must_be_left_on_both_sides(reserve: float) -> None:
    with pytest.raises(
        InputError, match=f"for the platform and for the collective.*{reserve:g} of"
    ):
        people_of(reserve=reserve)


@pytest.mark.parametrize("measured", [0.0, 1.0, 0.001])
def test_the_subgroup_and_others_must_be_measured(measured: float) -> None:
    with pytest.raises(InputError, match=r"Expected people of low-light and others to measure on"):
        people_of(measured=measured)


def test_one_label_is_nothing_to_correct() -> None:
    with pytest.raises(InputError, match="Expected two labels or more, got 1"):
        people_of(population=Numbered(classes=1))


def test_tables_are_refused() -> None:
    with pytest.raises(InputError, match=r"Expected a population of images.*a table from gaussian"):
        people_of(population=Gaussian(n=20, held_out=20))
    with pytest.raises(InputError, match="share of people under 'low-light'"):
        people_of(share=None)
