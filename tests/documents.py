"""What the pages of the project hold, and what the reference has to: blocks, commands, results."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>\S.*\S) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, the line it begins at, and why it is not run."""

    language: str
    text: str
    line: int
    not_run: str | None

    @property
    def file(self) -> str:
        """The file that the first line names, as in ``# src/quorate/x.py`` or ``# x.toml``."""
        found = re.match(r"# (\S+\.(?:py|toml))\n", self.text)
        return found[1] if found else ""


def blocks(path: Path) -> Iterator[Block]:
    """Yield the blocks of a page."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        if lines[at].startswith("```"):
            end = lines.index("```", at + 1)
            marker = NOT_RUN.fullmatch(lines[at - 1]) if at else None
            text = "\n".join(lines[at + 1 : end]) + "\n"
            yield Block(lines[at][3:], text, at + 2, marker["reason"] if marker else None)
            at = end
        at += 1


def commands(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a block, each with the output that a console block shows for it."""
    joined = block.text.replace("\\\n", " ")
    if block.language == "sh":
        return [(line, "") for line in joined.splitlines()]
    found = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", joined, flags=re.MULTILINE)
    return [(line, expected) for line, expected in found]


def patched(source: str, block: Block) -> str:
    """Return the text of a file with the change that a diff block shows.

    The block's lines that stay or go are found in the file one after another, in one place only.
    """
    lines = block.text.splitlines(keepends=True)[1:]  # without the file's name
    assert all(line[0] in " +-" for line in lines), f"A line without its sign: {block.text}"
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    assert before, f"No line says where this goes: {block.text}"
    at = [found.start() for found in re.finditer(f"^{re.escape(before)}", source, re.MULTILINE)]
    assert len(at) == 1, f"Found {len(at)} times in {block.file}, not once:\n{before}"
    return source[: at[0]] + after + source[at[0] + len(before) :]


def results() -> list[type]:
    """Return every class that says what it is in a line: results, and what they are made of."""
    import quorate
    from quorate.runs.shown import Shown

    for module in pkgutil.walk_packages(quorate.__path__, "quorate."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, left = [], [Shown]
    while left:
        below = left.pop().__subclasses__()
        found += [cls for cls in below if cls.__module__.startswith("quorate.")]
        left += below
    return found
