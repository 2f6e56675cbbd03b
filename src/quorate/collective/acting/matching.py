"""Which kind of row, among those that a rule was learned from, a row of a member's file is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quorate.collective.acting.column_texts import ColumnTexts, number_in_text
from quorate.collective.acting.learned_claims import LearnedClaims, LearnedColumn
from quorate.validate import clean_text, truth_of


class Matcher:
    """Finds the label that a rule says for a row.

    Args:
        rule: the rule.
        columns: the file's, by name.
    """

    def __init__(self, rule: LearnedClaims, columns: Mapping[str, ColumnTexts]) -> None:
        self.otherwise = rule.otherwise
        self.names = [clean_text(column.name) for column in rule.columns]
        self._columns = [
            (learned, columns[name], dict[str, float | None]())
            for learned, name in zip(rule.columns, self.names, strict=True)
        ]
        self._claims: dict[tuple[float, ...], str] = {}
        for kind, claim in zip(rule.kinds, rule.claims, strict=True):
            code = tuple(
                float(value) if column.values else feature_of(value, column)
                for value, column in zip(kind, rule.columns, strict=True)
            )
            self._claims.setdefault(code, claim)

    def claim(self, texts: Mapping[str, str]) -> str | None:
        """Return the label for a row, by its cleaned texts; None where the rule has none."""
        kind = []
        for (learned, column, known), name in zip(self._columns, self.names, strict=True):
            text = texts[name]
            if text not in known:
                known[text] = code_of(text, learned, column)
            code = known[text]
            if code is None:
                return self.otherwise
            kind.append(code)
        return self._claims.get(tuple(kind), self.otherwise)


def feature_of(value: float, column: LearnedColumn) -> float:
    """Return a number as the library's tables hold it: standardised, in single precision."""
    with np.errstate(over="ignore"):
        return float(np.float32((value - column.mean) / column.scale)) + 0.0


def code_of(text: str, learned: LearnedColumn, column: ColumnTexts) -> float | None:
    """Return what stands for a text of a member's file in the rule; None for what it has not."""
    if not learned.values:
        number = column.key(text) if column.numbers is not None else number_in_text(text)
        is_number = isinstance(number, float)
        return feature_of(float(number), learned) if is_number and number is not None else None
    if text in learned.values:
        return float(learned.values.index(text))
    for same in (number_in_text, truth_of):
        wanted = same(text)
        found = [at for at, one in enumerate(learned.values) if same(clean_text(one)) == wanted]
        if wanted is not None and len(found) == 1:
            return float(found[0])
    return None
