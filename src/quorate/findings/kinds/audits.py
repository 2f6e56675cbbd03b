"""Audits of a model: how few people can move it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate.auditing.audit import ModelAudit, make_audit
from quorate.auditing.running import run_audit
from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.kinds.kind import Kind, ReadBack, RunResult, origin_of, refuse_tuning
from quorate.findings.measures import RowMeasures
from quorate.runs.kept_tables import KeptTables
from quorate.version import __version__


class AuditKind(Kind):
    """A battery of attacks on one model. See ``auditing.audit``."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """A file that names a model, and data to audit it on."""
        return {"model", "data"} <= set(settings)

    def read(self, settings: Mapping[str, Any]) -> ModelAudit:
        """Return the audit; its page says itself what it is called."""
        return make_audit(**{key: value for key, value in settings.items() if key != "title"})

    def run(self, experiment: Experiment, out: Path, executor: Executor, device: str) -> RunResult:
        """Run what is missing; any column of attacks.csv is a measure, an attack a selection."""
        refuse_tuning(experiment)
        audit = self.read(experiment.settings)
        result = run_audit(audit, out, executor, device)
        about = {
            "seconds": result.seconds, "version": __version__, "provenance": result.provenance
        }  # fmt: skip
        return RunResult(result, RowMeasures(result.rows()), origin_of([about], audit.seeds))

    def read_back(self, experiment: Experiment, tables: KeptTables) -> ReadBack:
        """Return the measures of the kept attacks."""
        return ReadBack(RowMeasures(tables.needed("attacks")), ())
