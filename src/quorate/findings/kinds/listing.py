"""Every kind of experiment, the most particular first: one line a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quorate.findings.kinds.audits import AuditKind
from quorate.findings.kinds.corrections import CorrectionKind
from quorate.findings.kinds.kind import Kind
from quorate.findings.kinds.memberships import MembershipStudyKind
from quorate.findings.kinds.query_costs import QueryCostKind
from quorate.findings.kinds.scenarios import ScenarioKind
from quorate.findings.kinds.studies import StudyKind

KINDS: tuple[Kind, ...] = (
    QueryCostKind(),
    CorrectionKind(),
    MembershipStudyKind(),
    AuditKind(),
    ScenarioKind(),
    StudyKind(),
)


def kind_of(settings: Mapping[str, Any]) -> Kind:
    """Return the kind that the settings of a file are of; what fits no other is a study."""
    return next(kind for kind in KINDS if kind.fits(settings))
