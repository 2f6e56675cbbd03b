"""Run the notebooks and keep what they show: ``python docs/notebook.py``; Sphinx reads them here.

A notebook's cells run in one namespace in this process, as a document's blocks do in the tests, so
that no kernel has to be installed. Kept are printed text, a cell's last value and its figures.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from myst_parser.parsers.sphinx_ import MystParser

FOLDER = Path(__file__).resolve().parent / "notebooks"
DPI = 72  # of the pictures that are kept: they are looked at, not printed

Output = dict[str, Any]


def run(path: Path) -> dict[str, Any]:
    """Return a notebook with its cells' outputs, run in the working directory."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            cell["outputs"] = outputs_of(source, f"{path.name}, cell {number}", namespace)
            cell["execution_count"] = None
    return notebook


def outputs_of(source: str, place: str, namespace: dict[str, Any]) -> list[Output]:
    """Run a cell; return what it printed, and the value that stands in its last line."""
    tree = ast.parse(source, place)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, place, "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), place, "eval"), namespace)
    text = printed.getvalue()
    stream = [{"output_type": "stream", "name": "stdout", "text": _lines(text)}] if text else []
    return stream + ([] if value is None else [_shown(value)])


def _shown(value: Any) -> Output:
    """Return a value as a notebook keeps it: a figure as a picture, a table as HTML, else text."""
    data: dict[str, Any] = {"text/plain": _lines(repr(value))}
    if hasattr(value, "savefig"):
        picture = io.BytesIO()
        value.savefig(picture, format="png", dpi=DPI)
        data["image/png"] = base64.b64encode(picture.getvalue()).decode()
    elif type(value).__module__.startswith("pandas") and hasattr(value, "to_html"):
        data["text/html"] = _lines(value.to_html(border=0))
    return {"output_type": "execute_result", "metadata": {}, "data": data, "execution_count": None}


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def markdown(notebook: dict[str, Any]) -> str:
    """Return a notebook as Markdown."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code":
            parts += [f"```python\n{source}\n```", *map(markdown_of, cell["outputs"])]
    return "\n\n".join(parts) + "\n"


def markdown_of(output: Output) -> str:
    """Return an output as Markdown."""
    data = output.get("data", {"text/plain": output.get("text", [])})
    if "image/png" in data:
        return f'<img alt="what the cell draws" src="data:image/png;base64,{data["image/png"]}">'
    if "text/html" in data:
        return "".join(line for line in data["text/html"] if line.strip())
    return "```text\n" + "".join(data["text/plain"]).rstrip("\n") + "\n```"


class NotebookParser(MystParser):
    """Reads a notebook as the Markdown that it stands for."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: Any) -> None:
        """Parse the text of a notebook."""
        super().parse(markdown(json.loads(inputstring)), document)


def main() -> None:
    """Run all notebooks, each in a folder of its own, and write them with their outputs."""
    import matplotlib

    matplotlib.use("agg")
    for path in sorted(FOLDER.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            ran = run(path)
            os.chdir(FOLDER)
        path.write_text(json.dumps(ran, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"Ran {path.name}")


if __name__ == "__main__":
    main()
