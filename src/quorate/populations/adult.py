"""Adult, from files of the UCI repository."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from quorate.compared_groups import ComparedGroups
from quorate.populations.local_copies import are_published
from quorate.populations.sizes import REDRAWN_HELD_OUT, REDRAWN_N, subsample_both
from quorate.populations.tables import table_files
from quorate.populations.tables.table_files import encode_people
from quorate.populations.tables.table_format import TableFormat
from quorate.populations.tables.table_reading import ReadTable, read_table
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Rng, Split

FILES = ("adult.data", "adult.test")
SOURCE = "https://archive.ics.uci.edu/dataset/2/adult"
COLUMNS = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
)
COMPARED = ComparedGroups(("Female",), (), ">50K")


@functools.lru_cache(maxsize=1)
def _official(paths: tuple[str, str], stamps: tuple[str, str], group: str | None) -> Split:
    """Return the official split; both parts share one alphabet per column."""
    import pandas as pd

    how = TableFormat(separator=",")
    names = ("income", group)
    train, held_out = (read_table(path, how, COLUMNS).read(COLUMNS, names).frame for path in paths)
    both = pd.concat([train, held_out], ignore_index=True)
    both["income"] = both["income"].str.rstrip(".")  # only the test part has full stops
    people = encode_people(ReadTable(both), "income", group, paths[0], COMPARED)
    first = np.arange(len(people)) < len(train)
    return Split(people.take(first), people.take(~first))


@dataclass(frozen=True)
class Adult(Population):
    """UCI Adult: 32,561 + 16,281 people of the 1994 US census, and who earns over $50,000.

    14 columns, 6 of them numbers; the label is income, <=50K or >50K (Kohavi 1996). The official
    test set is held out. Numbers are standardised on the training people, text is one-hot encoded,
    and "?" is a value of its own.

    Raises:
        DataUnavailableError: the files are neither in ``path`` nor in ``QUORATE_DATA``.
        InputError: n or held_out exceeds the people there are, or no column is called ``group``.
    """

    name: ClassVar[str] = "adult"
    has_categories: ClassVar[bool] = True
    group: str | None = param("sex", "Column that defines the groups; it stays a feature.")
    n: int | None = param(None, REDRAWN_N)
    held_out: int | None = param(None, REDRAWN_HELD_OUT)
    path: str | None = param(
        None, "Folder of adult.data and adult.test; by default QUORATE_DATA/tabular."
    )

    def split(self, rng: Rng) -> Split:
        """Return the official split, subsampled if asked."""
        paths = self._paths()
        split = _official(paths, self._digests(paths), self.group)
        return table_files.standardised(subsample_both(split, self.n, self.held_out, rng))

    def fingerprint(self) -> str | None:
        """Return a digest of the bytes, unless files go by name and are as they were published."""
        if not self.path:
            files = [file for file in map(table_files.local_file, FILES) if file is not None]
            if len(files) < len(FILES) or are_published(files):
                return None
        return "-".join(self._digests(self._paths()))

    def _paths(self) -> tuple[str, str]:
        folders = [None if self.path is None else str(Path(self.path) / name) for name in FILES]
        one, two = (
            table_files.public_file(*each, SOURCE) for each in zip(FILES, folders, strict=True)
        )
        return str(one), str(two)

    def _digests(self, paths: tuple[str, str]) -> tuple[str, str]:
        one, two = (table_files.file_fingerprint(path) for path in paths)
        return one, two
