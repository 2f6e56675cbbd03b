"""Labels drawn at random for a share of the people to learn from."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from quorate import catalog
from quorate.checks import check
from quorate.errors import InputError
from quorate.populations.digits import Digits
from quorate.populations.finite import Finite
from quorate.populations.noisy_labels import NoisyLabels
from quorate.protocols import Population
from quorate.table import Rng, Split, Table


def split(text: str, seed: int = 0) -> Split:
    return catalog.build("populations", text).split(np.random.default_rng(seed))


def test_no_noise_is_the_population_itself() -> None:
    for text in ("digits:n=300", "gaussian:n=50"):
        plain, noisy = split(text, 3), split(f"noisy-labels:share=0,population=({text})", 3)
        for side in ("train", "held_out"):
            one, other = getattr(plain, side), getattr(noisy, side)
            np.testing.assert_array_equal(one.x, other.x)
            np.testing.assert_array_equal(one.y, other.y)


def test_exactly_the_share_has_a_label_drawn_and_nobody_held_out() -> None:
    """Written anew: one number and one label a person, after the population's own draws."""
    rng = np.random.default_rng(5)
    plain = Digits(n=200).split(rng)
    draws, labels = list(rng.random(200)), list(rng.integers(10, size=200))
    lowest = sorted(range(200), key=lambda i: draws[i])[:60]
    noisy = split("noisy-labels:share=0.3,population=digits,n=200", 5)
    expected = [labels[i] if i in lowest else plain.train.y[i] for i in range(200)]
    assert noisy.train.y.tolist() == expected
    np.testing.assert_array_equal(noisy.train.x, plain.train.x)
    np.testing.assert_array_equal(noisy.held_out.y, plain.held_out.y)


def test_who_is_noisy_at_a_small_share_is_so_at_a_larger_one_with_the_same_label() -> None:
    plain = split("digits:n=400").train.y
    before = plain
    for share in (0.1, 0.3, 1.0):
        y = split(f"noisy-labels:share={share},population=digits,n=400").train.y
        changed = before != plain
        np.testing.assert_array_equal(y[changed], before[changed])
        # at share s, 400·s people have a label that is not theirs with probability .9
        mean, deviation = 360 * share, np.sqrt(400 * share * 0.9 * 0.1)
        assert abs((y != plain).sum() - mean) < 4 * deviation  # four standard deviations
        before = y


def test_labels_are_drawn_from_all() -> None:
    counts = np.bincount(split("noisy-labels:share=1,population=digits,n=1000").train.y)
    # 100 of each with a standard deviation of √(1000·.1·.9) = 9.5: four of them
    assert len(counts) == 10
    assert abs(counts - 100).max() < 38


def test_the_law_of_who_is_learned_from() -> None:
    """Half of the labels at random: half of the mass of each value, and a quarter of all of it."""
    honest = Finite().law()
    law = NoisyLabels(0.5, Finite()).law()
    np.testing.assert_allclose(law.mass.sum(axis=1), honest.mass.sum(axis=1), atol=1e-15)
    both = 0.5 * honest.mass + 0.25 * honest.mass.sum(axis=1)[:, None]  # k = 2
    np.testing.assert_allclose(law.mass, both, atol=1e-15)
    people = NoisyLabels(0.5, Finite(n=20_000, held_out=10)).split(np.random.default_rng(0)).train
    # the mass of each label, with a standard deviation of at most √(.25/20000) = .0035: four
    np.testing.assert_allclose(people.y.mean(), law.mass[:, 1].sum(), atol=0.014)
    assert NoisyLabels(0.5, Digits()).law() is None


@dataclass(frozen=True)
class Pets(Population):
    """Cats and dogs of two places."""

    name: ClassVar[str] = "pets"

    def split(self, rng: Rng) -> Split:
        y, place = rng.integers(2, size=40), rng.integers(2, size=40)
        names = ("cat n", "cat s", "dog n", "dog s")
        x = np.zeros((40, 1), np.float32)
        people = Table(x, y, ("cat", "dog"), 2 * y + place, names, groups_by_label=True)
        return Split(people, people)


def test_groups_follow_the_labels_that_are_handed_in() -> None:
    plain = Pets().split(np.random.default_rng(0)).train
    noisy = NoisyLabels(1.0, Pets()).split(np.random.default_rng(0)).train
    assert plain.group is not None
    assert noisy.group is not None
    assert noisy.y.tolist() != plain.y.tolist()
    assert noisy.group.tolist() == (2 * noisy.y + plain.group % 2).tolist()


def test_it_is_a_population_with_another_inside(tmp_path: Path) -> None:
    method = catalog.build("populations", "noisy-labels:share=0.3,population=digits,n=100")
    assert method == NoisyLabels(0.3, Digits(n=100))
    assert catalog.spec.text(method) == "noisy-labels:share=0.3,population=digits,n=100"
    assert len(check(method)) >= 8
    file = tmp_path / "a.csv"
    file.write_text("x,y\n1,a\n2,b\n")
    inner = catalog.build("populations", f"table:path={file},label=y")
    short = f"noisy-labels:population=table,path={file},label=y"  # what a table requires
    assert catalog.build("populations", short) == NoisyLabels(0.1, inner)
    assert NoisyLabels(0.1, inner).fingerprint() == inner.fingerprint() is not None
    assert method.fingerprint() is None


def test_a_wrong_parameter_is_answered() -> None:
    with pytest.raises(InputError, match=r"Expected share=1\.5 in \[0, 1\]\. Use a fraction"):
        NoisyLabels(share=1.5)
    with pytest.raises(InputError, match=r"known population, got 'minst'\. Did you mean mnist"):
        split("noisy-labels:population=minst")
    with pytest.raises(InputError, match="Expected table to be given path, label, got"):
        split("noisy-labels:population=table")
    with pytest.raises(InputError, match="known parameter of noisy-labels with population=digits"):
        split("noisy-labels:population=digits,size=3")
