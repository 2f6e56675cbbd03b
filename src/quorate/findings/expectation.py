"""Checkable statements about a result, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from quorate import spec
from quorate.errors import InputError
from quorate.findings.measures import Selection
from quorate.validate import unknown

Direction = Literal["greater", "smaller", "growing", "shrinking"]


@dataclass(frozen=True)
class Expectation:
    """One statement: a value within limits, a contrast of two, or a trend along several.

    Args:
        measure: what is measured, by the result's own names.
        of: what it is measured on.
        than: what that is compared with; the contrast is a ratio for logarithmic measures.
        against: in place of ``than``, another measure on the same.
        along: in place of ``of``, at least two, in the order along which it grows or shrinks.
        at: size of the collective, where the measure is one of a single size.
        target: S*, where it is not the study's.
        is_: greater or smaller of a contrast, growing or shrinking of a trend.
        at_least, at_most: limits of a value, or of a contrast.
        note: what else there is to say of it.
        aside: whether it says why rather than whether, and does not count for the verdict.
        where: the condition that it is about, to follow "holds where"; by default the file's own.
        answers: the claim of a source that it answers; by default the file's own.
        name: what its number is quoted by.
        spread: standard deviation between seeds of the number that is judged, as a pilot on other
            seeds found it; of a ratio, that of its logarithm.

    Raises:
        InputError: the parts do not make a statement.
    """

    measure: str = "critical-mass"
    of: Selection | None = None
    than: Selection | None = None
    against: str | None = None
    along: tuple[Selection, ...] = ()
    at: float | None = None
    target: float | None = None
    is_: Direction | None = None
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""
    aside: bool = False
    where: str = ""
    answers: str = ""
    name: str = ""
    spread: float | None = None

    def __post_init__(self) -> None:
        limits = self.at_least is not None or self.at_most is not None
        trend = bool(self.along)
        contrast = self.than is not None or self.against is not None
        if self.than is not None and self.against is not None:
            raise InputError(
                f"Expected than or against, got both: {self.plain()}. Compare with another part of "
                "the result, or with another measure on the same."
            )
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise InputError(
                f"Expected at_least={self.at_least:g} to be no more than at_most={self.at_most:g}, "
                "got more. Exchange them."
            )
        whole = (
            (trend and len(self.along) > 1 and self.of is None and not contrast and not limits)
            if trend
            else self.of is not None and (limits != (self.is_ is not None) or limits)
        )
        fitting = {True: ("growing", "shrinking"), False: ("greater", "smaller")}[trend]
        if not whole or (self.is_ is not None and self.is_ not in fitting):
            raise InputError(
                "Expected an expectation to be a value (of, with at_least or at_most), a contrast "
                "(of, than, is = greater or smaller, or limits) or a trend (along two or more, is "
                f"= growing or shrinking), got {self.plain()}. Name one of the three."
            )
        if self.is_ in ("greater", "smaller") and not contrast:
            raise InputError(
                f"Expected than beside is={self.is_}, got none. Name what it is compared with."
            )
        if trend and self.is_ is None:
            raise InputError("Expected is = growing or shrinking beside along, got none. Name it.")

        if self.spread is not None and not 0 < self.spread < math.inf:
            raise InputError(
                f"Expected spread={self.spread:g} above 0 and finite. It is the standard deviation "
                "between seeds: finding.json of a pilot holds it."
            )

    def plain(self) -> dict[str, Any]:
        """Return what was given, as plain data."""
        named = {"is" if key == "is_" else key: value for key, value in vars(self).items()}
        return {key: value for key, value in named.items() if value not in (None, "", (), False)}


PLACES = ("where", "answers", "name")
WORDS = ("measure", "against", "note", *PLACES)
KEYS = tuple(field.name.removesuffix("_") for field in fields(Expectation))


def make_expectation(**plain: Any) -> Expectation:
    """Return the expectation that a table of a file stands for.

    Raises:
        InputError: a key is not known, or the parts do not make a statement.
    """
    for key in plain:
        if key not in KEYS:
            raise unknown("key of an expectation", key, KEYS)
    direction = plain.pop("is", None)
    if direction is not None and direction not in get_args(Direction):
        raise unknown("direction of an expectation", str(direction), get_args(Direction))
    along = plain.pop("along", ())
    if isinstance(along, str) or not isinstance(along, Sequence):
        raise InputError(f"Expected along to be a list, got {along!r}. Name two or more.")
    types: dict[str, type] = dict.fromkeys(WORDS, str) | {"aside": bool}
    types |= dict.fromkeys(("at", "target", "at_least", "at_most", "spread"), float)
    for key, type_ in types.items():
        if key in plain:
            plain[key] = spec.convert(plain[key], type_, key)
            if type_ is float and not math.isfinite(plain[key]):  # any number is within inf
                raise InputError(
                    f"Expected a number for {key}, got {plain[key]:g}. Leave it out, or name one."
                )
            if key in PLACES:
                plain[key] = plain[key].strip()
    for one in (plain.get("of"), plain.get("than"), *along):
        _check_selection(one)
    return Expectation(**plain, along=tuple(along), is_=direction)


def _check_selection(of: Any) -> None:
    """Raise InputError unless ``of`` can select a part of some result."""
    names = [of] if isinstance(of, str) else of
    listing = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if of is not None and not isinstance(of, Mapping) and not (listing and names):
        raise InputError(
            f"Expected a name, a list of names or a table of columns to select by, got {of!r}. "
            "Write of = 'NAME', or of = {members = 200}."
        )
