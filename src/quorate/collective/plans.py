"""What a campaign plans, as plain data: what its members do to their own data, or ask together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal, Self

from quorate.errors import InputError
from quorate.printable import one_line
from quorate.validate import at_least, in_interval

MOST_TEXT = 10_000  # letters of one text
MOST_MEMBERS = 1_000_000
MOST_CLASSES = 1000
LONGEST = 200  # letters of one label
MOST_SIDE = 4096  # of a picture, in pixels

Kind = Literal["training", "test"]
State = Literal["open", "acting", "crafting", "measuring", "published", "lapsed", "ended"]


@dataclass(frozen=True, kw_only=True)
class TrainingPlan:
    """What members do to their own rows or pictures before they hand them in.

    Args:
        strategy: name of the strategy, such as ``planting``.
        signal: what members set (in security: the trigger), such as ``channel=web``.
        label: name of the column that the platform learns to predict; empty for pictures.
        target: label that the collective wants.
        platform_size: people whose data the platform learns from.
        success: share that the collective aims for, in [0, 1].
        instruction: what one member does, as ``acting`` compiled it; empty until it is compiled.
    """

    kind: ClassVar[Kind] = "training"
    strategy: str
    signal: str
    label: str
    target: str
    platform_size: int
    success: float = 0.9
    instruction: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_types(self)
        at_least("platform_size", self.platform_size, 1, "Say whose data it learns from.")
        in_interval("success", self.success, 0, 1, "Use 0.9.")


@dataclass(frozen=True, kw_only=True)
class TestPlan:
    """What members ask a platform together, and how large the change may be that they craft.

    Args:
        platform: which platform, in words or by its address.
        subgroup: whom it serves badly.
        classes: the k labels that it gives.
        shape: of the pictures that it takes, (c, h, w).
        queries: most questions that one member asks in all.
        reserved: share of these that is kept for trying the change, in [0, 1].
        epsilon: budget of the change on the pixel scale [0, 1].
        norm: norm of that budget.
        doubled: share of the questions that two members answer, in [0, 1].
        rate: most questions of one member, such as 10/min; empty is without end.
        proxy: learner of the surrogate.
        crafting, extraction: settings, as ``quorate correct`` takes them.
        success: share of the corrected pictures that should pass, in [0, 1].
    """

    __test__: ClassVar[bool] = False  # not a test, whatever pytest makes of the name
    kind: ClassVar[Kind] = "test"
    platform: str
    subgroup: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    queries: int
    epsilon: str
    norm: Literal["linf", "l2"] = "linf"
    doubled: float = 0.25
    reserved: float = 0.3
    rate: str = ""
    proxy: str = "mlp"
    crafting: str = ""
    extraction: str = ""
    success: float = 0.9

    def __post_init__(self) -> None:
        _check_types(self)
        self._check_answers()
        self._check_budget()
        at_least("queries", self.queries, 1, "Let each member ask at least one.", most=100_000)
        in_interval("doubled", self.doubled, 0, 1, "Use 0.25.")
        in_interval("reserved", self.reserved, 0, 1, "Use 0.3.", open_high=True)
        in_interval("success", self.success, 0, 1, "Use 0.9.")

    def _check_answers(self) -> None:
        """Check the pictures that the platform takes, and the labels that it gives."""
        names, sides = self.classes, self.shape
        good = isinstance(names, list | tuple) and 2 <= len(names) <= MOST_CLASSES
        good = good and all(isinstance(one, str) and 0 < len(one) <= LONGEST for one in names)
        if not good or len(set(names)) < len(names):
            raise InputError(
                f"Expected 2 to {MOST_CLASSES:,} different labels of up to {LONGEST} letters, "
                f"got {one_line(repr(names), 80)}. Write down all answers that it gives."
            )
        good = isinstance(sides, list | tuple) and len(sides) == 3
        good = good and all(type(one) is int and 1 <= one <= MOST_SIDE for one in sides)
        if not good or sides[0] not in (1, 3):
            raise InputError(
                f"Expected a shape of 1 or 3 channels, a height and a width of 1 to {MOST_SIDE:,}, "
                f"got {one_line(repr(sides), 80)}. Write it as in (3, 32, 32)."
            )
        object.__setattr__(self, "classes", tuple(names))
        object.__setattr__(self, "shape", tuple(sides))

    def _check_budget(self) -> None:
        """Check how much may be changed, and how often may be asked."""
        from quorate.test_time.http.rate import parse_rate
        from quorate.test_time.perturbations.budget import check_budget
        from quorate.test_time.study.settings import read_epsilon

        check_budget(read_epsilon(self.epsilon), self.norm)
        parse_rate(self.rate or None)


Plan = TrainingPlan | TestPlan


def to_plain(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data."""
    return {"kind": plan.kind, **asdict(plan)}


def from_plain(plain: Mapping[str, Any]) -> Plan:
    """Return the plan that plain data describe.

    Raises:
        InputError: something is missing, unknown, or out of range.
    """
    kinds: dict[Any, type[Plan]] = {"training": TrainingPlan, "test": TestPlan}
    kind = kinds.get(plain.get("kind"))
    if kind is None:
        raise InputError(
            f"Expected a plan of kind training or test, got {one_line(repr(plain.get('kind')))}. "
            "Name one of them."
        )
    given = {name: value for name, value in plain.items() if name != "kind"}
    known = {one.name for one in fields(kind)}
    if not set(given) <= known:
        strange = ", ".join(sorted(map(str, set(given) - known)))
        raise InputError(
            f"Expected {', '.join(sorted(known))} of a plan, got {one_line(strange)}. Leave it out."
        )
    try:
        return kind(**given)
    except TypeError as error:
        raise InputError(f"Expected a whole plan, got: {one_line(str(error))}. Add it.") from None


def _check_types(plan: Any) -> None:
    for one in fields(plan):
        value = getattr(plan, one.name)
        if one.type == "int" and type(value) is not int:
            raise InputError(
                f"Expected {one.name} to be a whole number, got {one_line(repr(value))}. Write it "
                "without a decimal point."
            )
        if one.type == "str" and not isinstance(value, str):
            raise InputError(
                f"Expected {one.name} to be text, got {one_line(repr(value))}. Write it in quotes."
            )
        if isinstance(value, str) and len(value) > MOST_TEXT:
            raise InputError(
                f"Expected {one.name} of at most {MOST_TEXT:,} letters, got {len(value):,}. "
                "Shorten it."
            )


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an organiser sets up: the campaign before it is created.

    Args:
        title, why, rules: texts for members.
        plan: what is planned.
        quorum: pledges from which on members act.
        deadline: when everything lapses without a quorum, in seconds since 1970 (UTC).
        source: facts of a plan or a correction that it rests on, as plain data; None without one.
    """

    title: str
    why: str
    rules: str
    plan: Plan
    quorum: int
    deadline: float
    source: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name in ("title", "why", "rules"):
            if not str(getattr(self, name)).strip():
                raise InputError(f"Expected some {name}, got nothing. Members decide by it.")
        _check_types(self)
        if type(self.quorum) is not int:
            raise InputError(
                f"Expected a whole number as quorum, got {one_line(repr(self.quorum), 40)}. Use 9."
            )
        at_least("quorum", self.quorum, 1, "Ask for at least one pledge.", most=MOST_MEMBERS)
        if type(self.deadline) not in (int, float) or not math.isfinite(self.deadline):
            raise InputError(
                "Expected a deadline in seconds since 1970, got "
                f"{one_line(repr(self.deadline), 40)}. Write a number."
            )
        if not (self.source is None or isinstance(self.source, Mapping)):
            raise InputError(
                f"Expected a source as an object, got {one_line(repr(self.source), 40)}. Give the "
                "JSON of a plan or of a correction, or leave it out."
            )

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Return the draft that plain data describe.

        Raises:
            InputError: something is missing, unknown, or out of range.
        """
        known = {one.name for one in fields(cls)}
        if not isinstance(plain.get("plan"), Mapping) or not set(plain) <= known:
            raise InputError(
                f"Expected {', '.join(sorted(known))} of a campaign, got "
                f"{one_line(', '.join(map(str, plain)))}. Write these, and a plan among them."
            )
        try:
            return cls(**{**plain, "plan": from_plain(plain["plan"])})
        except TypeError as error:
            raise InputError(
                f"Expected a whole campaign, got: {one_line(str(error))}. Add it."
            ) from None
