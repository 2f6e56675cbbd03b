"""The notebooks run from their first cell to their last, and show what is kept with them."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from documents import ROOT

pytest.importorskip("myst_parser", reason="MyST is not installed: pip install 'quorate[docs]'")
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "docs" / "notebook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


notebook = load()


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["correction", "own-data-and-model", "plan"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is what it shows, apart from numbers, whose last digits differ by machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert words(kept) == words(notebook.run(path)), "Run: python docs/notebook.py"
    assert path.stat().st_size < 200_000


def words(kept: dict[str, Any]) -> list[list[str]]:
    """Return the outputs of each cell: numbers as #, and of pictures only that there is one."""
    found = []
    for cell in kept["cells"]:
        shown = [
            "picture" if "image/png" in output.get("data", {}) else notebook.markdown_of(output)
            for output in cell.get("outputs", [])
        ]
        found.append([re.sub(r"-?\d+(\.\d+)?(e-?\d+)?|inf|nan", "#", text) for text in shown])
    return found


def test_a_cell_shows_what_it_prints_and_its_last_value(tmp_path: Path) -> None:
    source = ["x = 2\n", "print('two')\n", "x + 1"]
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": source},
        {"cell_type": "code", "source": ["x = x + 1"]},
        {"cell_type": "code", "source": ["import pandas as pd\n", "pd.DataFrame({'x': [x]})"]},
    ]
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    ran = notebook.run(path)
    assert words(ran)[:3] == [[], ["```text\ntwo\n```", "```text\n#\n```"], []]
    shown = notebook.markdown(ran)
    assert "# Title\n\n```python\nx = 2\nprint('two')\nx + 1\n```\n\n```text\ntwo\n```" in shown
    assert "<td>3</td>" in shown
    assert "\n\n" not in shown[shown.index("<table") : shown.index("</table>")]  # one block


def test_a_figure_is_kept_as_a_picture() -> None:
    from matplotlib.figure import Figure

    (output,) = notebook.outputs_of("Figure(figsize=(1, 1))", "here", {"Figure": Figure})
    assert notebook.markdown_of(output).startswith('<img alt="what the cell draws" src="data:image')


def test_an_error_names_the_cell(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": ["1 / 0"]}
    path = tmp_path / "wrong.ipynb"
    path.write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(ZeroDivisionError) as caught:
        notebook.run(path)
    assert caught.traceback[-1].frame.code.raw.co_filename == "wrong.ipynb, cell 0"
