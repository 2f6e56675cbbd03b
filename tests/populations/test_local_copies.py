"""Local copies of public data go by name where they are as published, and by digest elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quorate
from quorate import catalog
from quorate.dependencies import find_dependencies

NAMES = ("mnist", "cifar10", "cifar100", "fairface", "adult", "bank", "compas", "composite")


@pytest.mark.parametrize("name", NAMES)
def test_copies_as_they_were_published_go_by_name(
    name: str, quorate_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    population = catalog.build("populations", name)
    assert population.fingerprint() is None
    monkeypatch.delenv("QUORATE_DATA")
    assert population.fingerprint() is None
    assert find_dependencies((population,)) == {}


def test_another_copy_is_measured_again(
    few_rows: Callable[[str, int], None], tmp_path: Path
) -> None:
    given: dict[str, Any] = {
        "strategy": "planting:size=2",
        "learner": "naive-bayes",
        "alphas": "0.5",
    }
    accuracies, ids = [], []
    for rows in (60, 90, 60):
        few_rows("ylecun/mnist", rows)
        one = quorate.curve(out=tmp_path / "out", population="mnist", **given, seeds=1).outcomes[-1]
        accuracies.append(one.accuracy)
        ids.append(one.id)
        (tmp_path / "ylecun--mnist").rename(tmp_path / f"before {len(ids)}")
    assert accuracies[0] == accuracies[2] != accuracies[1]
    assert ids[0] != ids[1]
