"""Two experiments run whole in their quick form, on the real data, from file to verdict."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import quorate
from quorate.report.files import write_result

EXPERIMENTS = Path(__file__).resolve().parent.parent / "experiments"


@pytest.mark.parametrize("name", ["erasure", "noisy-labels"])
def test_a_quick_form_runs(
    name: str,
    quorate_data: Path,
    few_rows: Callable[[str, int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it finds is not asked: the quick form proves nothing; that it finds something is."""
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    if name == "noisy-labels":  # it draws 1,000 people of the 60,000: so many need not be decoded
        few_rows("ylecun/mnist", 2000)
    found = quorate.run(EXPERIMENTS / f"{name}.toml", tmp_path, quick=True)
    page = write_result(found, tmp_path)
    plain = json.loads((tmp_path / "finding.json").read_text(encoding="utf-8"))
    assert plain["quick"] is True
    assert plain["verdict"] in ("holds", "does not hold", "undecided")
    assert all(statement["value"] is not None for statement in plain["statements"])
    assert all(0.5 < curve["accuracy"] <= 1 for curve in plain["curves"])
    assert all((tmp_path / picture).exists() for picture in plain["pictures"])
    assert "curves.png" in plain["pictures"]
    assert plain["claim"].split()[0] in page.read_text(encoding="utf-8")
