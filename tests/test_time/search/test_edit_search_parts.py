"""Parts of the search for a photo edit: whose turn it is, the settings, the winner's interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.table import Labels, Mask
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.platforms.platform import Pixels
from quorate.test_time.search.bayesian import search_bayesian
from quorate.test_time.search.confirming import paired_gain
from quorate.test_time.search.halving import search_halving
from quorate.test_time.search.inquiry import Inquiry
from quorate.test_time.search.settings import EditSearch
from quorate.test_time.search.space import (
    NO_EDIT,
    Floats,
    SearchSpace,
    expected_by_proxies,
    expected_by_sight,
    sliders,
)
from quorate.test_time.search.turns import Turns, keep_apart


class Chances(Inquiry):
    """A platform that is right by each setting's chance; the same photos are hard for all.

    With ``by_luck`` each answer is drawn by itself.
    """

    def __init__(
        self, chance: Floats, queries: int, rng: np.random.Generator, by_luck: bool = False
    ) -> None:
        self.chance, self.queries, self.rng, self.by_luck = chance, queries, rng, by_luck
        self.asked = np.zeros(len(chance), dtype=np.int64)

    @property
    def left(self) -> Labels:
        return np.array([self.queries])

    def ask(self, settings: Labels, photos: int) -> Floats:
        photos = min(photos, self.queries // len(settings))
        self.queries -= photos * len(settings)
        self.asked[settings] += photos
        hard = self.rng.random((len(settings), photos) if self.by_luck else (1, photos))
        return (hard < self.chance[settings][:, None]).astype(np.float64)


def tell(pipeline: Pipeline, x: Pixels) -> Pixels:
    return pipeline.apply(x)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 8), st.integers(2, 30), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_turns_are_even_and_never_beyond_what_is_left(
    members: int, photos: int, queries: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    holder = rng.integers(0, members, photos)
    left = np.full(members, 12)
    turns = Turns(holder, np.ones(photos, dtype=bool), left.copy(), rng)
    dealt: list[int] = []
    while len(found := turns.deal(3, queries)):
        assert len(set(found.tolist())) == len(found) <= 3
        dealt += found.tolist()
        asked = np.bincount(holder[dealt], minlength=members)[np.unique(holder)]
        if found.size == 3:  # else somebody had too few photos to be asked as often
            assert turns.left.min() >= 0
    who = np.unique(holder)
    asked = np.bincount(holder[dealt], minlength=members)
    assert (asked[who] == 12 // queries).all()  # everyone is asked all that they can be
    assert (turns.left[who] == 12 - asked[who] * queries).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 8), st.integers(1, 40), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_photos_are_kept_apart_evenly(members: int, photos: int, queries: int, seed: int) -> None:
    holder = np.arange(photos) % members
    members = min(members, photos)
    try:
        apart, pairs = keep_apart(holder, members, queries, 0.25, np.random.default_rng(seed))
    except InputError:
        assert photos < 2 or queries < 2 or (members == 1 and queries < 4)
        return
    assert (np.bincount(holder[apart], minlength=members) == pairs).all()
    assert 1 <= pairs.sum() <= max(1, round(0.25 * photos))
    assert (2 * pairs <= queries).all()
    assert np.ptp(pairs) <= 1 or photos % members  # evenly, as far as photos go
    assert not apart.all()


def test_settings_are_few_steps_and_begin_with_none() -> None:
    space = sliders()
    assert space.pipelines[0] == NO_EDIT
    assert len({one.text for one in space.pipelines}) == len(space) == len(space.places)
    assert len(np.unique(space.places, axis=0)) == len(space)
    assert all(len(one.edits) <= 3 for one in space.pipelines)
    assert "gaussian:sigma=0.7 + exposure:stops=2" in [one.text for one in space.pipelines]
    assert len(space.take(np.zeros(len(space), dtype=bool))) == 1


def test_what_photos_look_like_says_what_to_expect() -> None:
    rng = np.random.default_rng(0)
    usual = np.clip(rng.normal(118, 55, (16, 3, 16, 16)), 0, 255)
    space = sliders()
    texts = [one.text for one in space.pipelines]
    for photos, best in ((usual, NO_EDIT.text), (usual / 4, "exposure:stops=2")):
        expected = expected_by_sight(space, tell, photos.astype(np.uint8))
        assert expected[0] == 0
        assert texts[int(expected.argmax())] == best


def test_surrogates_rank_settings_by_their_labels_probability() -> None:
    space = sliders()
    photos = np.full((4, 3, 8, 8), 20, np.uint8)
    expected = expected_by_proxies(space, tell, photos, lambda x: float(x.mean()) / 255)
    brightest = int(expected.argmax())
    assert expected[0] == 0
    assert space.places[brightest, 1] == 3  # 20 · 2³ = 160
    assert expected[brightest] == pytest.approx((160 - 20) / 255)


def sloped(space: SearchSpace, peak: tuple[float, float, float], height: float) -> Floats:
    """Return chances that fall from a peak, .5 for no edit."""
    away = np.square(space.places - np.array(peak)).sum(axis=1)
    chance: Floats = 0.3 + height * np.exp(-away / 2)
    chance[0] = 0.5
    return chance


@pytest.mark.parametrize("search", [search_bayesian, search_halving])
def test_a_known_best_setting_is_found(search: type) -> None:
    space = sliders()
    chance = sloped(space, (-1.05, 2.0, 0.0), 0.5)
    regrets = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = search(space, np.zeros(len(space)), Chances(chance, 1500, rng), rng)
        regrets.append(chance.max() - chance[int(found.argmax())])
    assert np.mean(regrets) < 0.15  # the peak is .3 above no edit


def test_bayesian_search_asks_more_where_it_is_better() -> None:
    space, rng = sliders(), np.random.default_rng(0)
    chance = sloped(space, (1.0, 0.0, 1.0), 0.5)
    inquiry = Chances(chance, 900, rng)
    search_bayesian(space, np.zeros(len(space)), inquiry, rng)
    others = inquiry.asked[1:]
    assert np.average(chance[1:], weights=others) > chance[1:].mean() + 0.15


def test_the_winners_interval_holds_its_gain() -> None:
    rng = np.random.default_rng(3)
    chance = np.full(40, 0.5)
    space = SearchSpace((NO_EDIT,) * 40, np.zeros((40, 3)))
    misses, biases, confirmed = 0, [], []
    for _ in range(200):
        # Under every setting the platform is as often right: whoever wins is the luckiest.
        asking = Chances(chance, 600, rng, by_luck=True)
        found = search_halving(space, np.zeros(40), asking, rng)
        best = int(found.argmax())
        before, after = rng.random(50) < 0.5, rng.random(50) < 0.5
        gain = paired_gain(before, after)
        misses += not gain.low <= 0 <= gain.high
        biases.append(found[best] - 0.5)
        confirmed.append(gain.value)
    assert np.mean(biases) > 0.02  # on the photos that chose it
    assert abs(np.mean(confirmed)) < 4 * 0.1 / np.sqrt(200)  # sd .71 a photo, 50 photos, 200 runs
    assert misses <= 15  # 10 are allowed of 200; P(Binomial(200, .05) > 15) = .04


@pytest.mark.parametrize(("better", "worse"), [(0.3, 0.05), (0.05, 0.0), (0.2, 0.2)])
def test_paired_intervals_hold_the_gain(better: float, worse: float) -> None:
    rng = np.random.default_rng(4)
    misses = 0
    for _ in range(200):
        drawn = rng.random(80)
        before: Mask = drawn < worse
        after: Mask = (drawn >= worse) & (drawn < worse + better)
        gain = paired_gain(before, after)
        misses += not gain.low <= better - worse <= gain.high
    assert misses <= 15


def test_an_interval_holds_its_own_mean() -> None:
    after = np.arange(300) < 100  # all of the first, none of the others: no mean fits
    gain = paired_gain(np.zeros(300, dtype=bool), after)
    assert gain.low <= gain.value == pytest.approx(1 / 3)


def test_nothing_confirmed_is_known_of_nothing() -> None:
    gain = paired_gain(np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))
    assert np.isnan(gain.value)
    assert (gain.low, gain.high) == (-1, 1)


@pytest.mark.parametrize(("name", "value"), [("confirming", 1.0), ("least_similarity", 1.5)])
def test_settings_out_of_range_are_one_line(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"Expected {name}={value:g} in"):
        EditSearch(**{name: value})  # type: ignore[arg-type]
