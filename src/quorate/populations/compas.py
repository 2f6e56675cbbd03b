"""COMPAS, from the file of ProPublica's analysis."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.compared_groups import ComparedGroups
from quorate.populations.tables.table_files import PublicTable, encode_people
from quorate.populations.tables.table_reading import ReadTable, read_table
from quorate.spec import param
from quorate.table import Table

FILE = "compas-scores-two-years.csv"
FEATURES = (
    "age",
    "priors_count",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "c_charge_degree",
    "sex",
    "race",
)
LABEL = "two_year_recid"
FILTERS = ("days_b_screening_arrest", "is_recid", "score_text")
COMPARED = ComparedGroups(("African-American",), ("Caucasian",), "no recidivism")


@functools.lru_cache(maxsize=1)
def _people(path: str, stamp: str, group: str | None) -> Table:
    raw = read_table(path).first_of_each_name()  # two columns stand there twice
    raw.check_columns([*FEATURES, LABEL])
    wanted = [name for name in raw.columns if name in (*FEATURES, LABEL, *FILTERS)]
    kept = _filtered(raw.read(wanted, (group,)).frame)[[*FEATURES, LABEL]]
    named = kept[LABEL].map({0: "no recidivism", 1: "recidivism"})
    labelled = ReadTable(kept.assign(**{LABEL: named}))
    return encode_people(labelled, LABEL, group, path, COMPARED)


def _filtered(frame: Any) -> Any:
    """Return the rows that ProPublica's analysis keeps; a missing column keeps all."""
    if "days_b_screening_arrest" in frame:  # else the offence may not be the one that was scored
        frame = frame[frame["days_b_screening_arrest"].between(-30, 30)]
    if "is_recid" in frame:  # -1: no case was found
        frame = frame[frame["is_recid"] != -1]
    frame = frame[frame["c_charge_degree"] != "O"]  # ordinary traffic offences
    if "score_text" in frame:
        frame = frame[frame["score_text"].notna() & (frame["score_text"] != "N/A")]
    return frame


@dataclass(frozen=True)
class Compas(PublicTable):
    """COMPAS: 6,172 people arrested in Broward County, and who is rearrested in two years.

    The rows that ProPublica's analysis keeps: screened within 30 days of an arrest, for more than
    a traffic offence, and followed up (Larson, Mattu, Kirchner, Angwin 2016). Eight columns: age,
    earlier and juvenile offences (5 numbers), degree of the charge, sex, race. COMPAS scores and
    names are not features. The label is "recidivism" or "no recidivism": being arrested again,
    which is not the same as offending. The split is random and redrawn for each seed. Numbers are
    standardised on the training people, text is one-hot encoded.

    Raises:
        DataUnavailableError: the file is neither at ``path`` nor in ``QUORATE_DATA``.
        InputError: held_out is not in (0, 1), n exceeds the people there are, or no feature is
            called ``group``.
    """

    name: ClassVar[str] = "compas"
    file: ClassVar[str] = FILE
    source: ClassVar[str] = "https://github.com/propublica/compas-analysis"
    group: str | None = param("race", "Column that defines the groups; it stays a feature.")
    path: str | None = param(None, f"File {FILE} or its folder; by default QUORATE_DATA/tabular.")

    def people(self, path: str, stamp: str) -> Table:
        """Return the people in the file whom ProPublica's analysis keeps."""
        return _people(path, stamp, self.group)
