"""Columns that only number the rows, such as an index that was saved: nothing to learn from.

Where rows are sorted, by label or by date, such a column tells the label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from quorate.errors import InputError
from quorate.populations.tables.table_format import TableFormat

UNNAMED = re.compile(r"Unnamed: \d+(?:\.\d+)*(?:_level_\d+)?|_c0|\.\.\.1", re.IGNORECASE)
NAMED_SO = re.compile(
    r"(?-i:X\.\d+)|_*index(?:_level_\d+)?_*|level_\d+|id|_id|idx|#|nr\.?|no\.?|"
    r"(?:row|record|line)[ _.]?(?:id|index|idx|nr|no|num|number|names?)?s?",
    re.IGNORECASE,
)
AN_ID = re.compile(
    r"(?!=).*(?:[_ .-][iI][dD]|[a-z](?:Id|ID))"
)  # customer_id; not paid, nor =id of a simulation
FEWEST_ROWS = 20  # from which on counting up by one is no chance


def find_row_numbers(
    frame: Any, columns: Sequence[str], path: str, how: TableFormat, *, from_file: bool
) -> dict[str, str]:
    """Return which of the columns only number the rows, with a note on each.

    A column without a name, or called such as "index" or "id", does where no value comes twice, or
    where it counts up in each of several parts, as tables put below each other do; in a file, so
    does any column that counts 0, 1, 2, ... or 1, 2, 3, ... from the first row on.

    Args:
        frame: a row a person; its columns hold numbers or text.
        columns: those to look at.
        path: of the file, for messages.
        how: which columns to keep in any case.
        from_file: whether the frame comes from a file.

    Raises:
        InputError: a column without a name holds other values.
    """
    found = {}
    for name in columns:
        if name in how.keep:
            continue
        values = frame[name]
        nameless = UNNAMED.fullmatch(name) is not None
        if nameless and values.isna().all():
            found[name] = f"Column {name!r} is empty, and left out."
        elif (nameless or _is_named_so(name)) and _all_differ(values):
            found[name] = _note(name, "has another value in every row", how)
        elif (nameless or _is_named_so(name)) and _counts_in_parts(values):
            found[name] = _note(name, f"counts the rows from {int(values.iloc[0])} in parts", how)
        elif nameless:
            raise InputError(
                f"Expected a name for every column of {path}, got none for {name!r}. Write a name "
                f"into the header line, leave the column out ({how.say('drop', name)}), or keep it "
                f"({how.say('keep', name)})."
            )
        elif from_file and _counts(values):
            found[name] = _note(name, f"counts the rows from {int(values.iloc[0])}", how)
    return found


def _is_named_so(name: str) -> bool:
    return bool(NAMED_SO.fullmatch(name) or AN_ID.fullmatch(name))


def _note(name: str, why: str, how: TableFormat) -> str:
    return (
        f"Column {name!r} {why}, as a saved index does, and is left out. If it is something to "
        f"learn from, say {how.say('keep', name)}."
    )


def _all_differ(values: Any) -> bool:
    """Whether no value comes twice, and all are whole numbers or texts."""
    import pandas as pd

    if len(values) < 2 or values.isna().any() or values.nunique() < len(values):
        return False
    if not pd.api.types.is_numeric_dtype(values):
        return True
    return bool((values == np.floor(values)).all())


def _counts_in_parts(values: Any) -> bool:
    """Whether values count up from 0 or from 1, again in each of some long parts: files in one."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(values) or values.isna().any():
        return False
    starts = np.flatnonzero(np.diff(values.to_numpy()) != 1) + 1
    firsts = values.iloc[[0, *starts]]
    long = (len(starts) + 1) * FEWEST_ROWS <= len(values)
    return long and firsts.iloc[0] in (0, 1) and firsts.nunique() == 1


def _counts(values: Any) -> bool:
    """Whether values are 0, 1, 2, ... or 1, 2, 3, ... in the order of the rows."""
    import pandas as pd

    n = len(values)
    if n < FEWEST_ROWS or not pd.api.types.is_numeric_dtype(values):
        return False
    first = values.iloc[0]
    return first in (0, 1) and bool((values.to_numpy() == np.arange(n) + first).all())
