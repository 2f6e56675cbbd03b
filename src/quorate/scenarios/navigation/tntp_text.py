"""The text of TNTP files: what stands at their top, the names of their columns, and their rows."""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.navigation.shortest_paths import Floats

WORD = re.compile(r"[^\W\d_]{2}")  # two letters; every line that names columns has them
LONG = 6  # words of a comment that may name columns; fewer are a remark
MOST = 100_000  # links, nodes or zones: more are a slip of the pen
# What files call the columns that are read, beside our own names.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "tail": ("init_node", "init", "from_node", "from", "a_node", "start_node"),
    "head": ("term_node", "term", "to_node", "to", "b_node", "end_node"),
    "capacity": ("cap",),
    "length": ("len", "distance"),
    "free_flow_time": ("free_flow_travel_time", "freeflowtime", "fft"),
    "b": ("alpha",),
    "power": ("beta",),
    "volume": ("flow", "vol"),
    "node": ("node_id", "nodeid", "id"),
    "x": ("x_coord", "xcoord", "longitude", "lon"),
    "y": ("y_coord", "ycoord", "latitude", "lat"),
}
NAMES = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
SEVERAL_WORDS = (
    r"(?:init|term|from|to|a|b|start|end)[ _]+node",
    r"free[ _]+flow[ _]+(?:travel[ _]+)?time",
    r"speed[ _]+limit",
    r"link[ _]+type",
)


@dataclass(frozen=True)
class TntpText:
    """What a TNTP file says.

    Args:
        file: which.
        facts: what stands in <...> at the top, in capitals, and what follows it.
        columns: names of the columns, as the file has them in a comment or a line of its own; empty
            where it names none.
        named_in: number of that line.
        rows: all other lines with their numbers, without comments and empty ones.
        remark: the last comment before the first row, with its number.
        naming: all that names columns, with their units.
    """

    file: Path
    facts: Mapping[str, str]
    columns: tuple[str, ...]
    named_in: int
    rows: Sequence[tuple[int, str]]
    remark: tuple[int, str] = (0, "")
    naming: str = ""

    def whole(self, name: str, default: int | None = None) -> int:
        """Return a whole number from 1 on, from the top of the file.

        Raises:
            InputError: it is not there, and there is no default, or it is no such number.
        """
        said = self.facts.get(name, default)
        try:
            number = float(said)  # type: ignore[arg-type]  # None is a TypeError
            if 1 <= number <= MOST and number == int(number):
                return int(number)
        except (TypeError, ValueError, OverflowError):
            pass
        raise InputError(
            f"Expected <{name}> and a whole number from 1 to {MOST:,} in {self.file}, got {said}. "
            "Give a TNTP file with its metadata."
        )

    def table(self, wanted: Sequence[str], if_unnamed: Sequence[str]) -> dict[str, Floats]:
        """Return the numbers of some columns by our names, (r,) each.

        Args:
            wanted: names of the columns.
            if_unnamed: the first columns in their usual order, where the file names none.

        Raises:
            InputError: the file names its columns but not these, or one of them twice, or a line
                has fewer or more values than names, or one that is no number.
        """
        if not self.columns:
            self._check_remark()
        places = self._places(wanted) if self.columns else [*map(if_unnamed.index, wanted)]
        found = np.array([self._numbers(*row, places, len(if_unnamed)) for row in self.rows])
        return dict(zip(wanted, found.reshape(-1, len(wanted)).T, strict=True))

    def others(self, read: Sequence[str], usual: Sequence[str]) -> dict[str, list[str]]:
        """Return what stands in the columns that are not read, as text, by the file's names.

        Args:
            read: our names of the columns that are.
            usual: the names of all columns in their usual order, where the file names none.
        """
        rows = [self._split(text) for _, text in self.rows]
        width = len(self.columns) or min((len(row) for row in rows), default=0)
        names = [*(self.columns or usual[:width])]
        names += [f"column {place + 1}" for place in range(len(names), width)]
        left = [place for place, name in enumerate(names) if NAMES.get(name, name) not in read]
        return {names[place]: [row[place] for row in rows] for place in left}

    def _check_remark(self) -> None:
        """Raise InputError where a comment seems to name columns, by words that are not known."""
        line, said = self.remark
        words = len(column_names(said))
        if words >= LONG and self.rows and words == len(self.rows[0][1].replace(";", " ").split()):
            raise InputError(
                f"Expected the names of the columns in line {line} of {self.file}, as many words "
                f"as there are values below, got {said.strip()[:60]!r}. Name them init_node, "
                "term_node, capacity, length, free_flow_time, b, power, or take the comment out."
            )

    def _where(self) -> str:
        """Return where columns are named."""
        return f"line {self.named_in}" if self.named_in else "<ORIGINAL HEADER>"

    def _places(self, wanted: Sequence[str]) -> list[int]:
        known = [NAMES.get(name) for name in self.columns]
        for name in wanted:
            if known.count(name) != 1:
                twice = "it twice" if name in known else f"the columns {', '.join(self.columns)}"
                raise InputError(
                    f"Expected the column {ALIASES[name][0] if name in ('tail', 'head') else name} "
                    f"once in {self._where()} of {self.file}, got {twice}. Name each column "
                    "once, in the order of its values."
                )
        return [known.index(name) for name in wanted]

    def _numbers(self, line: int, text: str, places: Sequence[int], fewest: int) -> list[float]:
        parts = self._split(text)
        right = len(parts) == len(self.columns) if self.columns else len(parts) >= fewest
        many = f"{len(self.columns)} values, one a column that {self._where()} names,"
        try:
            if not right:
                raise ValueError
            return [float(parts[place]) for place in places]
        except ValueError:
            expected = many if self.columns and not right else f"{fewest} numbers or more"
            raise InputError(
                f"Expected {expected} in line {line} of {self.file}, got {text[:60]!r}. "
                "Correct that line."
            ) from None

    def _split(self, text: str) -> list[str]:
        """Return the values of a row."""
        parts = text.replace(";", " ").split()
        if self.columns and len(parts) != len(self.columns) and "\t" in text:
            parts = [part.strip() for part in text.strip().rstrip(";").strip().split("\t")]
        return parts


def read_text(file: Path) -> TntpText:
    """Return what a file says, line by line.

    Raises:
        InputError: it is not there, is no text, or says two things of one fact.
    """
    facts: dict[str, str] = {}
    rows: list[tuple[int, str]] = []
    columns, named_in, remark = (), 0, (0, "")  # type: tuple[str, ...], int, tuple[int, str]
    naming = ""
    for number, line in enumerate(_decoded(file).splitlines(), 1):
        fact = re.match(r"\s*<([^>]+)>(.*)", line)
        text, _, comment = line.partition("~")
        if fact:
            _note(facts, fact[1], fact[2].strip(), file)
        elif _names_columns(said := text.strip() or comment):
            if (columns or rows) and columns != column_names(said):
                raise InputError(
                    f"Expected the columns of {file} to be named once, above the first row, got "
                    f"names in line {number}, after {f'line {named_in}' if named_in else 'rows'}. "
                    "Keep those that fit the rows, above them."
                )
            columns, named_in, naming = column_names(said), number, said
        elif text.strip():
            rows.append((number, text.strip()))
        elif comment.strip() and not rows:
            remark = number, comment
    header = facts.get("ORIGINAL HEADER", "").lstrip("~")
    if not columns and _names_columns(header):
        columns = column_names(header)
    return TntpText(file, facts, columns, named_in, rows, remark, f"{header} {naming}")


def column_names(line: str) -> tuple[str, ...]:
    r"""Return the names of columns in a line, in small letters, without units.

    >>> column_names("\tInit node\tTerm node\tFree Flow Time (min)\tB\t;")
    ('init_node', 'term_node', 'free_flow_time', 'b')
    """
    plain = re.sub(r"\([^)]*\)|\[[^\]]*\]|[;,|]", " ", line.lower())
    if "\t" in plain:  # a name may have several words
        words = [part.strip() for part in plain.split("\t")]
        return tuple(re.sub(r"[ _]+", "_", word) for word in words if word)
    for phrase in SEVERAL_WORDS:
        plain = re.sub(rf"\b{phrase}\b", lambda found: re.sub(r"[ _]+", "_", found[0]), plain)
    return tuple(plain.split())


def _names_columns(line: str) -> bool:
    """Whether a line names columns: half of its words or more do, and three or more of them."""
    if not WORD.search(line):
        return False  # at once, for the many lines that hold numbers alone
    names = column_names(line)
    known = {NAMES[name] for name in names if name in NAMES}
    telling = known & {"capacity", "free_flow_time", "volume"} or {"node", "x", "y"} <= known
    return bool(telling) and 2 * len(known) >= len(names) and len(known) >= 3


def _note(facts: dict[str, str], name: str, said: str, file: Path) -> None:
    name = " ".join(name.upper().replace("_", " ").split())
    if facts.setdefault(name, said) != said:
        raise InputError(
            f"Expected <{name}> once in {file}, got {facts[name]!r} and {said!r}. Keep one."
        )


def _decoded(file: Path) -> str:
    """Return the text of a file: UTF-8, UTF-16 with its mark, or else Windows-1252."""
    try:
        content = file.read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return content.decode("utf-16")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            if b"\0" in content:
                raise
            return content.decode("cp1252")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Expected {file} to be a text file, got: {error}. Give a TNTP file."
        ) from error


def read_number(text: str) -> float:
    """Return a number that may have commas between thousands.

    >>> read_number("360,600.0"), read_number("1e3")
    (360600.0, 1000.0)

    Raises:
        ValueError: it is none, or is negative or not finite.
    """
    plain = text.strip().rstrip(";").strip()
    if "," in plain and re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d*)?", plain):
        plain = plain.replace(",", "")
    number = float(plain)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(text)
    return number
