"""CSV files of members, written in many ways, with what each cell says beside how it is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WORDS = ("web", "phone", "New York", 'a "b" c', "x;y", "p,q", "café", "NA", "nan", "t\tu")
PLAIN_WORDS = ("web", "phone", "office", "mail")
LABELS = ("no", "yes", "maybe")
ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class MembersFile:
    """A file, and its cells.

    Args:
        content: the file.
        encoding: to name; None where it is found.
        names: of the columns.
        rows: what each cell says.
        written: how each cell is written.
        separator, end, mark: between cells, after rows, and at the beginning.
    """

    content: bytes
    encoding: str | None
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    written: tuple[tuple[str, ...], ...]
    separator: str
    end: str
    mark: bytes
    header: str
    last: str

    def rewritten(self, written: list[list[str]]) -> bytes:
        """Return the file with other cells."""
        lines = [self.separator.join(row) for row in written]
        text = self.header + self.end + self.end.join(lines) + self.last
        return self.mark + text.encode(self.encoding or "utf-8")


def draw_file(rng: np.random.Generator, n: int | None = None) -> MembersFile:
    """Return a file of random rows: a number, two names, a label, in a random way of writing."""
    separator = str(rng.choice([",", ";", "\t"]))
    end = str(rng.choice(ENDS))
    encoding = [None, None, "cp1252", "latin-1"][rng.integers(4)]
    mark = b"\xef\xbb\xbf" if encoding is None and rng.random() < 0.3 else b""
    n = int(rng.integers(3, 25)) if n is None else n
    words = [str(w) for w in rng.permutation(WORDS)[: rng.integers(2, 7)]]
    ages = [str(a) for a in rng.integers(18, 80, size=4)] + ["30", "30.0", "4.5e1", "45"]
    rows, written = [], []
    for _ in range(n):
        row = (
            str(rng.choice(ages)),
            str(rng.choice(words)),
            str(rng.choice(PLAIN_WORDS)),
            str(rng.choice(LABELS)),
        )
        rows.append(row)
        written.append(tuple(_written(cell, separator, rng) for cell in row))
    names = ("age", "city", "channel", "label")
    header = separator.join(names)
    last = end if rng.random() < 0.7 else ""
    file = MembersFile(
        b"", encoding, names, tuple(rows), tuple(written), separator, end, mark, header, last
    )
    content = file.rewritten([list(row) for row in written])
    return MembersFile(**{**vars(file), "content": content})


def _written(cell: str, separator: str, rng: np.random.Generator) -> str:
    """Return one of the ways to write a cell."""
    if rng.random() < 0.3 or any(sign in cell for sign in (separator, '"')):
        return '"' + cell.replace('"', '""') + '"'
    return cell
