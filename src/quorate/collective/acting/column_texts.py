"""What the cells of one column of a member's file say: which are the same value, and how written.

The rules are those by which ``quorate.populations`` reads a column, for the values that they tell
apart; ``web/static/acting_values.js`` holds the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from quorate.errors import InputError
from quorate.validate import PLAIN_NUMBER, clean_text, listed, number_of, truth_of

Key = str | float | bool
EXACT = 2**53  # from here on, whole numbers that differ may be one as a double
_PLAIN = re.compile(PLAIN_NUMBER, re.ASCII)
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")


def number_in_text(text: str, decimal: str = "") -> float | None:
    """Return the number that a text spells in ASCII digits, None where it spells none."""
    found = None if _OTHER_DIGIT.search(text) else number_of(text, decimal)
    return None if found is None else float(found)


def _bit(text: str) -> int | None:
    """Return 0 or 1 for what spells it as a number or as a truth value, None for all else."""
    truth, number = truth_of(text), number_in_text(text)
    if truth is not None:
        return int(truth)
    return int(number) if number is not None and number in (0, 1) else None


def _as_number(decimal: str) -> Callable[[str], float | None]:
    """Return what reads a text in a column with this decimal sign."""

    def read(text: str) -> float | None:
        number = number_in_text(text, decimal)
        plainly = decimal == "," and "." in text and number == number_in_text(text)
        return None if plainly else number

    return read


@dataclass(frozen=True, eq=False)
class ColumnTexts:
    """The different values of one column of a file.

    Args:
        name: of the column.
        texts: the different texts, cleaned, in the order of the file; none that is missing.
        numbers: how numbers are written, as in ``Column.decimal``; None where not all are numbers.
        truths: whether all are truth values.
        quoted: whether all cells are written in quotation marks.
        spellings: how each value is written, and how often, by key.
    """

    name: str
    texts: tuple[str, ...]
    numbers: str | None
    truths: bool
    quoted: bool
    spellings: dict[Key, dict[str, int]]

    @classmethod
    def of(cls, name: str, written: Iterable[tuple[str, str]], *, holds_names: bool) -> ColumnTexts:
        """Return a column by its cells: each as it is written, and what it says, cleaned.

        Args:
            name: of the column.
            written: cells that are not missing.
            holds_names: whether it is a label, whose numbers are written plainly.

        Raises:
            InputError: its numbers can be read in two ways.
        """
        cells = list(written)
        counts: dict[tuple[str, str], int] = {}
        for cell in cells:
            counts[cell] = counts.get(cell, 0) + 1
        texts = tuple(dict.fromkeys(text for _, text in counts))
        numbers = _decimal(name, texts, holds_names)
        truths = bool(texts) and all(truth_of(text) is not None for text in texts)
        quoted = bool(counts) and all(one.startswith('"') for one, _ in counts)
        column = cls(name, texts, numbers, truths, quoted, {})
        for (one, text), count in counts.items():
            ways = column.spellings.setdefault(column.key(text), {})
            ways[one] = ways.get(one, 0) + count
        return column

    def key(self, text: str) -> Key:
        """Return what two texts share that are the same value."""
        if self.numbers is not None:
            number = _as_number(self.numbers)(text)
            return text if number is None else number + 0.0
        if self.truths:
            truth = truth_of(text)
            return text if truth is None else truth
        return text

    def find(self, value: str) -> Key | None:
        """Return the key of a value as a campaign writes it; None where no cell has it.

        In this order: the same text, number, truth value, or 0 and 1 for false and true; as
        ``quorate.validate.match_value``.

        Raises:
            InputError: several different cells could be meant, or one that is spelled otherwise.
        """
        text = clean_text(value)
        if self.numbers is None and text in self.texts:
            return self.key(text)
        number = number_in_text(text)
        if self.numbers is not None and number is not None:  # a campaign writes numbers plainly
            return number + 0.0 if number + 0.0 in self.spellings else None
        ways: list[Callable[[str], float | bool | None]] = [number_in_text, truth_of]
        if self.texts and all(_bit(one) is not None for one in self.texts):
            ways.append(_bit)
        for same in ways:
            wanted = same(text)
            if wanted is None:
                continue
            keys = {self.key(one): one for one in self.texts if same(one) == wanted}
            if len(keys) > 1:
                raise self._several(value, list(keys.values()))
            if keys:
                return next(iter(keys))
        self._check_spelling(value, text)
        return None

    def _several(self, value: str, found: Sequence[str]) -> InputError:
        return InputError(
            f"Expected one value of the column {self.name!r} to be meant by {value!r}, got "
            f"{listed(found)}. Write them alike in your file first."
        )

    def _check_spelling(self, value: str, text: str) -> None:
        near = next((one for one in self.texts if one.lower() == text.lower()), None)
        if near is not None:
            raise InputError(
                f"Expected {value!r} in the column {self.name!r} as the campaign writes it, got "
                f"{near!r}. Write it in your file as the campaign does, if it is the same."
            )

    def spelled(self, key: Key) -> str:
        """Return how the file mostly writes a value that it has; of equals, the first."""
        ways = self.spellings[key]
        return max(ways, key=lambda one: ways[one])

    def newly_spelled(self, value: str, separator: str) -> str:
        """Return how a value that the file has not yet is written in it.

        Raises:
            InputError: the column holds numbers, and the value is none.
        """
        text = clean_text(value)
        if self.numbers is not None and self.texts:
            if not _PLAIN.fullmatch(text):
                raise InputError(
                    f"Expected a number for the column {self.name!r}, whose values in your file "
                    f"are numbers, got {value!r}. Check that it is the campaign's column."
                )
            text = text.replace(".", ",") if self.numbers == "," else text
        signs = any(sign in text for sign in (separator, '"', "\r", "\n"))
        if self.quoted or signs:
            return '"' + text.replace('"', '""') + '"'
        return text


def _decimal(name: str, texts: Sequence[str], holds_names: bool) -> str | None:
    """Return how a column's numbers are written; None where it holds others.

    Raises:
        InputError: they can be read in two ways.
    """
    if not texts:
        return None
    if all(_PLAIN.fullmatch(text) for text in texts):
        huge = any(abs(number_in_text(text) or 0.0) >= EXACT for text in texts)
        return None if huge else ""
    if holds_names:
        return None
    read = {sign: [_as_number(sign)(text) for text in texts] for sign in (".", ",")}
    whole = [sign for sign in (".", ",") if None not in read[sign]]
    if len(whole) == 2 and read["."] != read[","]:
        odd = next(t for t, a, b in zip(texts, read["."], read[","], strict=True) if a != b)
        raise InputError(
            f"Expected numbers in the column {name!r} that can be read in one way, got {odd!r}. "
            "Write them in your file without signs between thousands, decimals with a point."
        )
    return whole[0] if whole else None
