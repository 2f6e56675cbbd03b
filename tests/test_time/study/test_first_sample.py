"""Before members ask: a first sample that tells whether there is a gap to close."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.intervals import exact_rate
from quorate.table import Table
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.platform import EVALUATION, Answers, Card, Pixels
from quorate.test_time.study import first_sample
from quorate.test_time.study.access import LEDGERS
from quorate.test_time.study.first_sample import LOOKED_AT, FirstSample, take_sample
from quorate.test_time.study.people import PeopleSplit, people_of
from quorate.test_time.study.running import run_correction, stored
from quorate.test_time.study.settings import make_correction

TINY: dict[str, Any] = {
    "population": "digits:n=300,held_out=0.5",
    "platform": "mlp:epochs=3",
    "proxy": "mlp:epochs=1",
    "members": 10,
    "queries": 1,
    "crafting": "steps=1,restarts=1",
    "extraction": "variants=0",
    "label_free": "none",
    "adaptive": "none",
}


def asked_by_members(out: Path) -> int:
    count = 0
    for path in (out / LEDGERS).glob("*.sqlite"):
        with Ledger(path) as ledger:
            ((n,),) = ledger._db.execute("SELECT COUNT(*) FROM question")
            count += n
    return count


def test_without_a_gap_nothing_is_asked_unless_it_is_wanted_all_the_same(tmp_path: Path) -> None:
    same = {**TINY, "subgroup": "low-light:brightness=1,noise=0"}  # a shift that changes nothing
    with pytest.raises(InputError, match="no member has asked anything") as caught:
        run_correction(make_correction(**same), tmp_path, device_name="cpu")
    assert "mlp:epochs=3, seed 0: accuracy" in str(caught.value)
    assert "--anyway" in str(caught.value)
    assert asked_by_members(tmp_path) == 0
    done = run_correction(make_correction(**same, anyway=True), tmp_path, device_name="cpu")
    assert asked_by_members(tmp_path) == 10
    # A correction that is refused leaves what the folder shows.
    with pytest.raises(InputError, match="no member has asked anything"):
        run_correction(make_correction(**{**same, "queries": 2}), tmp_path, device_name="cpu")
    assert [one.id for one in stored(tmp_path).outcomes] == [one.id for one in done.outcomes]
    # What is stored is shown, and no sample is taken again.
    again = run_correction(make_correction(**same), tmp_path, device_name="cpu")
    assert [one.id for one in again.outcomes] == [one.id for one in done.outcomes]


class HalfBlind:
    """A platform that reads everyone rightly, but for a share of a subgroup."""

    def __init__(self, split: Any, missed: float) -> None:
        self.answers = {x.tobytes(): y for x, y in zip(split.x, split.held_out.y, strict=True)}
        self.missed = {split.x[i].tobytes() for i in split.inside if i % 100 < 100 * missed}
        self.card = Card("half-blind", split.held_out.classes, split.x.shape[1:])
        self.keys: list[str] = []

    def ask(self, x: Pixels, keys: Any) -> Answers:
        self.keys += keys
        k = len(self.card.classes)
        labels = [(self.answers[one.tobytes()] + (one.tobytes() in self.missed)) % k for one in x]
        return Answers(np.array(labels))


def test_a_sample_is_small_and_asked_under_the_key_that_is_metered_apart() -> None:
    correction = make_correction(**{**TINY, "population": "digits", "subgroup": "low_light"})
    split = people_of(correction, 0)
    platform = HalfBlind(split, 0.5)
    rng = np.random.default_rng(0)
    sample = take_sample(platform, split, rng)
    assert set(platform.keys) == {EVALUATION}
    assert len(platform.keys) == sum(sample.people) <= 2 * LOOKED_AT
    assert sample.others.value == 1
    assert sample.subgroup.value < 0.6
    assert sample.tells_of_gap()
    assert not take_sample(HalfBlind(split, 0), split, rng).tells_of_gap()


def test_a_sample_is_of_all_labels_however_people_are_sorted() -> None:
    """Two thousand people, sorted by label; the second label's people are all misread."""
    y = np.repeat([0, 1], 1000)
    group = np.arange(2000) % 2
    x = np.zeros((2000, 1, 2, 2), np.float32)
    x.reshape(2000, -1)[:, :2] = np.stack(np.divmod(np.arange(2000), 256), axis=1) / 255
    people = Table(x, y, ("a", "b"), group, ("others", "some"))
    split = PeopleSplit(people, people, people)
    platform = HalfBlind(split, 0)
    platform.missed = {split.x[i].tobytes() for i in split.inside if y[i] == 1}
    sample = take_sample(platform, split, np.random.default_rng(0))
    assert sample.people == (400, 400)
    assert 0.4 < sample.subgroup.value < 0.6  # a half, ±4 standard errors of .025
    assert sample.tells_of_gap()


def test_where_one_seed_of_several_has_no_gap_that_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([(50, 90), (90, 90), (90, 50)])

    def sampled(*_: Any) -> FirstSample:
        a, b = next(found)
        return FirstSample(exact_rate(a, 100), exact_rate(b, 100), (100, 100))

    monkeypatch.setattr(first_sample, "take_sample", sampled)
    study = make_correction(**TINY, subgroup="low_light", seeds=3)
    with pytest.raises(InputError, match="tell in 2 of 3 samples, so no member") as caught:
        run_correction(study, tmp_path, device_name="cpu")
    said = str(caught.value)
    assert "seed 0" not in said
    assert "seed 1: accuracy 0.900 of 100" in said
    assert said.count("they are served better") == said.count("seed 2") == 1


def test_a_gap_is_told_where_there_is_one_and_hardly_ever_where_there_is_none() -> None:
    """Simulated: 400 people a side. Without a gap at most 2.5% are told of one, and some luck."""
    rng = np.random.default_rng(5)

    def told(p: float, q: float, runs: int = 2000) -> float:
        inside, others = rng.binomial(400, p, size=runs), rng.binomial(400, q, size=runs)
        pairs = zip(inside.tolist(), others.tolist(), strict=True)
        samples = [
            FirstSample(exact_rate(a, 400), exact_rate(b, 400), (400, 400)) for a, b in pairs
        ]
        return float(np.mean([one.tells_of_gap() for one in samples]))

    for rate in (0.5, 0.9, 0.99):
        assert told(rate, rate) < 0.025 + 4 * np.sqrt(0.025 / 2000)  # four standard errors
    assert told(0.8, 0.9) > 0.95
    assert told(0.92, 0.9) < 0.005
