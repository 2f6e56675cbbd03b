"""Groups that are label × place: who claims another label is handed in as one of its group."""

import numpy as np
import pytest

from quorate import catalog
from quorate.catalog import BUILT_IN
from quorate.engine.row_pool import RowPool
from quorate.table import Submission, Table

STRATEGIES = list(BUILT_IN["strategies"])
GROUPS = ("cat, north", "cat, south", "dog, north", "dog, south", "owl, north", "owl, south")


def pets(n: int = 60) -> Table:
    rng = np.random.default_rng(0)
    y, place = rng.integers(3, size=n), rng.integers(2, size=n)
    x = rng.random((n, 1, 4, 4), dtype=np.float32)
    return Table(x, y, ("cat", "dog", "owl"), 2 * y + place, GROUPS, groups_by_label=True)


@pytest.mark.parametrize("text", [*STRATEGIES, "unplanting:claim=cat"])
def test_the_place_stays_and_the_group_is_that_of_the_label_claimed(text: str) -> None:
    honest, member = pets(), np.arange(60) % 3 == 0
    members = honest.take(member)
    acted = catalog.build("strategies", text).apply(members, np.random.default_rng(0))
    assert members.group is not None
    assert acted.group is not None
    assert acted.group.tolist() == (2 * acted.y + members.group % 2).tolist()
    data = Submission(honest, acted, member)
    mixed = data.mixed()
    seen = RowPool.of([data]).groups()  # what group DRO weighs
    assert mixed.group is not None
    assert seen is not None
    assert seen.tolist() == [mixed.group.tolist()]
    assert (seen[0] // 2).tolist() == mixed.y.tolist()
    if text != "planting-features":  # which changes no label
        assert acted.y.tolist() != members.y.tolist()
