"""Success of unplanting and of erasing, against loops over people."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.goals.erased import Erased
from quorate.goals.unplanted import Unplanted
from quorate.signals.columns import Columns
from quorate.table import Array, Column, Labels, Table

RNG = np.random.default_rng(0)
PEOPLE = Table(
    np.array([[0, 1], [0, 5], [3, 1], [3, 5]], dtype=np.float32),
    np.array([0, 1, 2, 0]),
    ("a", "b", "c"),
    columns=(Column("mark", 0), Column("size", 1)),
)


class Sum:
    """Answers c where mark + size is at least 4, b where it is at least 2, else a."""

    record: Mapping[str, Any] = {}

    def predict(self, x: Array) -> Labels:
        total = x.sum(axis=1)
        return (total >= 2).astype(np.int64) + (total >= 4)


def test_unplanted_counts_who_does_not_get_the_label_with_the_signal_on() -> None:
    # with mark=1 the sums are 2, 6, 2, 6: b, c, b, c
    for target, success in (("a", 1.0), ("b", 0.5), ("c", 0.5), (None, 0.5)):
        assert Unplanted(target, Columns({"mark": 1})).success(Sum(), PEOPLE, RNG) == success


def test_erased_counts_whose_label_the_signal_leaves() -> None:
    # without: 1, 5, 4, 8: a, c, c, c; with mark=1: b, c, b, c
    assert Erased(Columns({"mark": 1})).success(Sum(), PEOPLE, RNG) == 0.5
    # with mark=3: 4, 8, 4, 8: c, c, c, c
    assert Erased(Columns({"mark": 3})).success(Sum(), PEOPLE, RNG) == 0.75


def test_a_label_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="known label, got 'd'"):
        Unplanted("d", Columns({"mark": 1})).success(Sum(), PEOPLE, RNG)
