"""Groups that are label × place: who claims another label is handed in as one of its group."""

import numpy as np
import pytest

from quorate import catalog
from quorate.catalog import CATALOG
from quorate.compared_groups import ComparedGroups
from quorate.engine.row_pool import RowPool
from quorate.strategies.attribute.column_change import ColumnStrategy
from quorate.strategies.data_strike import DataStrike
from quorate.strategies.relabelling.minority_strategy import TopFlips
from quorate.studies.trial import submit_from
from quorate.table import Table
from quorate.test_time.perturbations.perturbed import Perturbed

GROUPS = ("cat, north", "cat, south", "dog, north", "dog, south", "owl, north", "owl, south")


def pets(n: int = 60) -> Table:
    rng = np.random.default_rng(0)
    y, place = rng.integers(3, size=n), rng.integers(2, size=n)
    x = rng.random((n, 1, 4, 4), dtype=np.float32)
    northern = ComparedGroups(GROUPS[::2], (), "owl")
    return Table(
        x,
        y,
        ("cat", "dog", "owl"),
        2 * y + place,
        GROUPS,
        groups_by_label=True,
        compared=northern,
    )


def texts() -> list[str]:
    """Every strategy whose members claim a label, that images will do for without a file.

    A minority's has some who act, as chance is all there is to go by here.
    """
    found = {name: name for name in CATALOG["strategies"]}
    for name, cls in CATALOG["strategies"].items():
        if issubclass(cls, ColumnStrategy | Perturbed | DataStrike):
            del found[name]
        if issubclass(cls, TopFlips):
            found[name] = f"{name}:flips=0.3"
    found["sequence"] = "sequence:first=planting,then=cancelling"
    return list(found.values())


@pytest.mark.parametrize("text", [*texts(), "unplanting:claim=cat"])
def test_the_place_stays_and_the_group_is_that_of_the_label_claimed(text: str) -> None:
    honest, strategy = pets(), catalog.build("strategies", text)
    member = np.arange(60) % 3 == 0
    if (eligible := strategy.eligible(honest)) is not None:
        member = eligible
    members = honest.take(member)
    data = submit_from(honest, strategy, member, np.random.default_rng(0))
    acted = data.changed
    assert members.group is not None
    assert acted.group is not None
    assert acted.group.tolist() == (2 * acted.y + members.group % 2).tolist()
    mixed = data.mixed()
    seen = RowPool.of([data]).groups()  # what group DRO weighs
    assert mixed.group is not None
    assert seen is not None
    assert seen.tolist() == [mixed.group.tolist()]
    assert (seen[0] // 2).tolist() == mixed.y.tolist()
    if text not in ("planting-features", "rehearsed"):  # which may leave labels as they are
        assert acted.y.tolist() != members.y.tolist()
