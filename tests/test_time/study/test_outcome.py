"""What came of a cell: its plain data come back as they were stored, and are read by name."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from correction_outcomes import change_of, plain_outcome, study

from quorate.errors import InputError
from quorate.intervals import Estimate
from quorate.report.files import to_csv
from quorate.runs.cell import Record
from quorate.runs.kept_tables import read_rows
from quorate.test_time.study.measures import UNDEFINED
from quorate.test_time.study.outcome import PERTURBATION, CorrectionOutcome

STORED = sorted((Path(__file__).parents[2] / "stored" / "correct" / "cells").glob("*.json"))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem[:8])
def test_what_older_versions_stored_is_written_as_it_was(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    outcome = CorrectionOutcome.from_plain(json.loads(text))
    assert json.dumps(outcome.to_plain(), ensure_ascii=False) == text


def test_numbers_are_read_with_their_intervals() -> None:
    group = study().groups()[0]
    plain = plain_outcome(group, 8 / 255, 1, closed=None)
    plain["before"]["disparate_impact"] = None
    measures = CorrectionOutcome.from_plain(plain).measures
    assert measures.before.accuracy_by_group["low-light"] == Estimate(0.5, 0.4, 0.6)
    assert measures.controls.force_rate == Estimate(0.4, 0.4 - 0.1, 0.5)
    assert measures.best_label_free == measures.label_free["filter"]  # the first
    assert measures.adaptive["jpeg"].after == Estimate(0.6, -math.inf, math.inf)
    assert measures.agreement.value == 0.8
    for undefined in (measures.gap_closed, measures.before.disparate_impact):
        assert math.isnan(undefined.value)
    assert str(measures.gap_closed) == str(UNDEFINED)
    ends = plain["intervals"]["before"]["disparate_impact"]  # what it is between, whatever it is
    assert [measures.before.disparate_impact.low, measures.before.disparate_impact.high] == ends


def test_a_record_keeps_the_files() -> None:
    group = study().groups()[0]
    record = Record("a" * 32, plain_outcome(group, 8 / 255, 1, free={}), {PERTURBATION: b"PK"})
    outcome = CorrectionOutcome.from_record(record)
    assert outcome.to_record().files == record.files
    assert outcome.label_free_perturbation() is None
    with pytest.raises(InputError, match=r"perturbation\.npz of the cell 0{31}1.*damaged"):
        outcome.perturbation()
    assert change_of(1).epsilon == outcome.epsilon


def test_a_row_of_a_table_holds_every_number(tmp_path: Path) -> None:
    group = study().groups()[0]
    outcome = CorrectionOutcome.from_plain(plain_outcome(group, 8 / 255, 1))
    (tmp_path / "cells.csv").write_bytes(to_csv([outcome.row()]))
    (row,) = read_rows(tmp_path, "cells")
    again = CorrectionOutcome.from_row(row, searched=False)
    assert str(again.measures) == str(outcome.measures)  # as text, NaN equals NaN
    assert (again.platform, again.epsilon, again.queries) == (
        outcome.platform,
        outcome.epsilon,
        replace(outcome.queries, adaptive=0),
    )
    assert again.edit is None
