"""What came of one cell of a correction: a typed record, and the plain data it is stored as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from quorate.errors import InputError
from quorate.runs.cell import Record
from quorate.runs.reading import as_stored
from quorate.test_time.perturbations.perturbation import Perturbation, from_bytes
from quorate.test_time.study.measure_columns import read_columns
from quorate.test_time.study.measures import CorrectionMeasures, columns
from quorate.test_time.study.parity import ParityChoice

Plain = Mapping[str, Any]
# The files of a record: the change that is shown, the best that is the same for everyone, pictures.
PERTURBATION, LABEL_FREE = "perturbation.npz", "perturbation-label-free.npz"
EXAMPLES = "examples.npz"


@dataclass(frozen=True)
class QueryCounts:
    """Answered rows.

    Args:
        pooled: queries of the collective in all.
        per_member: the budget of each member.
        evaluation: to measure before, after and the controls.
        adaptive: queries of platforms that adapt.
    """

    pooled: int
    per_member: int
    evaluation: int
    adaptive: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class CorrectionOutcome:
    """What came of one cell.

    Args:
        id, seed: of the cell.
        platform, proxy: as the cell names them; ``platform_id`` names the deployed model.
        members, queries_per_member: of the collective.
        epsilon, norm: the budget of a picture's change, on the pixel scale.
        measures: every number.
        suspects: members whose answers contradict everyone else's, counted from 1; ``left_out``
            says whether the surrogate was made without them.
        queries: numbers of queries, by use.
        edit: the photo edits that were searched for, as plain data: see ``search``; None where
            surrogates found the change.
        parity: the least budget that closes the gap, where that was the aim.
        notes: problems and unknowns, in whole sentences.
        seconds: time of crafting and measuring.
        provenance: machine and versions of the library.
        description: all that the outcome depends on.
        files: the perturbations and the pictures that show them, by file name.
    """

    id: str
    seed: int
    platform: str
    platform_id: str
    proxy: str
    members: int
    queries_per_member: int
    epsilon: float
    norm: str
    measures: CorrectionMeasures
    suspects: tuple[int, ...]
    left_out: bool
    queries: QueryCounts
    notes: tuple[str, ...]
    seconds: float
    provenance: Plain
    description: Plain
    parity: ParityChoice | None = None
    edit: Plain | None = None
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def perturbation(self) -> Perturbation:
        """Return the change, one a class.

        Raises:
            InputError: it is not there any more, or damaged.
        """
        return self._perturbation(PERTURBATION)

    def label_free_perturbation(self) -> Perturbation | None:
        """Return the change for everyone that surrogates like best; None where none was crafted.

        Raises:
            InputError: it is not there any more, or damaged.
        """
        return self._perturbation(LABEL_FREE) if self.measures.label_free else None

    def _perturbation(self, name: str) -> Perturbation:
        if name not in self.files:
            raise InputError(
                f"Expected a perturbation file, {name}, with the cell {self.id}, got none. Remove "
                "the cell, to have it measured again."
            )
        return from_bytes(self.files[name], f"{name} of the cell {self.id}")

    def row(self) -> dict[str, Any]:
        """Return one flat row: who and what, then each number with its ends."""
        plain = {name: getattr(self, name) for name in IDENTITY}
        row = {
            **plain,
            "pooled": self.queries.pooled,
            "evaluation": self.queries.evaluation,
            "label_free.best": next(iter(self.measures.label_free), ""),
        }
        if self.parity is not None:
            row |= {"epsilon.used": self.parity.epsilon, "choosing": self.parity.queries}
        row |= columns(self.measures.numbers())
        return {**row, "seconds": self.seconds, "notes": " ".join(self.notes)}

    @classmethod
    def from_row(cls, row: Plain, searched: bool) -> CorrectionOutcome:
        """Return the outcome whose row this is, with what a row holds: its numbers.

        Args:
            row: as ``row`` returned it, or as it was read from a table.
            searched: whether photo edits were searched for, in place of a change of each class.
        """
        pooled = QueryCounts(row["pooled"], row["queries_per_member"], row["evaluation"])
        identity = {name: row.get(name, "") for name in IDENTITY if name != "epsilon"}
        return cls(
            **identity,
            epsilon=float(row["epsilon"]),
            measures=read_columns(row),
            suspects=(),
            left_out=False,
            queries=pooled,
            notes=(),
            seconds=row["seconds"],
            provenance={},
            description={},
            edit={} if searched else None,
        )

    def to_record(self) -> Record:
        """Return the outcome as it is stored."""
        return Record(self.id, self.to_plain(), self.files)

    @classmethod
    def from_record(cls, record: Record) -> CorrectionOutcome:
        """Return the outcome that a record holds.

        Raises:
            StoreError: it is no outcome.
        """
        with as_stored(f"the cell {record.id[:12]}"):
            return cls.from_plain(record.plain, record.files)

    def to_plain(self) -> dict[str, Any]:
        """Return everything but the files as plain data."""
        return {
            **{name: getattr(self, name) for name in IDENTITY},
            **self.measures.to_plain(),
            "proxy_agreement": {
                **self.measures.agreement.to_json(),
                "suspects": list(self.suspects),
                "left_out": self.left_out,
            },
            "queries": asdict(self.queries),
            "notes": list(self.notes),
            "seconds": self.seconds,
            "provenance": dict(self.provenance),
            "description": dict(self.description),
            **({} if self.parity is None else {"parity": self.parity.to_plain()}),
            **({} if self.edit is None else {"edit": dict(self.edit)}),
        }

    @classmethod
    def from_plain(
        cls, plain: Plain, files: Mapping[str, bytes] | None = None
    ) -> CorrectionOutcome:
        """Return the outcome that plain data hold, as ``to_plain`` returned them."""
        agreement = plain["proxy_agreement"]
        return cls(
            **{name: plain[name] for name in IDENTITY},
            measures=CorrectionMeasures.from_plain(plain),
            suspects=tuple(agreement["suspects"]),
            left_out=agreement["left_out"],
            queries=QueryCounts(**plain["queries"]),
            notes=tuple(plain["notes"]),
            seconds=plain["seconds"],
            provenance=plain["provenance"],
            description=plain["description"],
            parity=ParityChoice.from_plain(plain["parity"]) if "parity" in plain else None,
            edit=plain.get("edit"),
            files=files or {},
        )


IDENTITY = (
    "id",
    "seed",
    "platform",
    "platform_id",
    "proxy",
    "members",
    "queries_per_member",
    "epsilon",
    "norm",
)
