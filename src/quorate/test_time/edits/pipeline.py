"""Short pipelines of photo edits, one after the other: as text, as arrays of a file, on pictures.

Shape letters: n images, c h w image axes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.errors import InputError
from quorate.test_time.edits.built_in import EDITS
from quorate.test_time.edits.edit import Edit, Pixels, Shape, Tables
from quorate.test_time.edits.tone import Counts, Tone
from quorate.validate import shown, unknown

MOST_EDITS = 6
JOIN = " + "
PARAMETERS = "parameters"
VALUES_AT_ONCE = 2**18  # of pictures that are edited at once: they stay in a processor's cache
# By how much a table of a file may differ from what this machine makes of the parameters: the last
# bit of an exp or a pow differs between machines and may turn the rounding of one entry, and of
# the middle tap of a filter, which makes up for both sides, by 2.
TOLERANCE = 2
MOST_APART = 8  # so may a row of a table in all: many small changes would be another edit
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Pipeline:
    """Photo edits, one after the other.

    Args:
        edits: one to six.

    >>> Pipeline.parse("gaussian:sigma=0.7 + exposure").text
    'gaussian:sigma=0.7 + exposure:stops=1'

    Raises:
        InputError: there are none, or too many.
    """

    edits: tuple[Edit, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.edits) <= MOST_EDITS:
            raise InputError(
                f"Expected 1 to {MOST_EDITS} edits in a pipeline, got {len(self.edits)}. Leave "
                "some out."
            )

    @classmethod
    def parse(cls, text: str) -> Pipeline:
        """Return the pipeline that a text such as ``gaussian:sigma=0.7 + exposure`` stands for.

        Raises:
            InputError: an edit, a parameter or a value is not known, or there are too many.
        """
        parts = [part.strip() for part in text.split("+")]
        if not all(parts):
            raise InputError(
                f"Expected edits joined by +, as gaussian:sigma=0.7 + exposure:stops=2, got "
                f"{shown(text)}. Name one of: {', '.join(EDITS)}."
            )
        return cls(tuple(map(_parse_edit, parts)))

    @property
    def text(self) -> str:
        """The text that ``parse`` makes this pipeline of."""
        return JOIN.join(map(spec.text, self.edits))

    @property
    def is_tone(self) -> bool:
        """Whether each value becomes another whatever stands around it, at any picture's size."""
        return all(one.is_tone for one in self.edits)

    @property
    def needs_colour(self) -> bool:
        """Whether a step is for pictures in colour alone."""
        return any(one.needs_colour for one in self.edits)

    @property
    def by_hand(self) -> list[str]:
        """What a phone's editor calls each step, and how far to move it."""
        return [one.by_hand for one in self.edits]

    def check(self, shape: Shape) -> None:
        """Raise InputError where pictures (c, h, w) cannot be edited so."""
        for one in self.edits:
            one.check(shape)

    def arrays(self, shape: Shape) -> dict[str, npt.NDArray[Any]]:
        """Return parameters and tables for pictures (c, h, w), by ``{i}.{edit}.{table}``.

        Raises:
            InputError: such pictures cannot be edited so.
        """
        self.check(shape)
        found: dict[str, npt.NDArray[Any]] = {}
        for i, one in enumerate(self.edits):
            found[f"{i}.{one.name}.{PARAMETERS}"] = one.parameters
            for name, table in one.tables(shape).items():
                found[f"{i}.{one.name}.{name}"] = table
        return found

    def apply(self, x: Pixels, arrays: Arrays | None = None) -> Pixels:
        """Return edited pictures, (n, c, h, w).

        Args:
            x: pictures, (n, c, h, w).
            arrays: as ``arrays`` has them for the pictures' shape; None to make them here.

        Raises:
            InputError: the pictures cannot be edited so.
        """
        n, c, h, w = x.shape
        made = self.arrays((c, h, w)) if arrays is None else arrays
        steps = [(one, _own(made, i, one.name)) for i, one in enumerate(self.edits)]
        out = np.empty_like(x)
        at_once = max(1, VALUES_AT_ONCE // (c * h * w))
        for start in range(0, n, at_once):
            part = x[start : start + at_once]
            for one, tables in steps:
                part = one.apply(part, tables)
            out[start : start + at_once] = part
        return out


def curves_of(pipeline: Pipeline, counts: Counts, arrays: Arrays) -> Pixels | None:
    """Return what each level of a picture becomes, (c, 256); None unless all edits are of tone.

    Args:
        pipeline: the edits.
        counts: how many values of the picture have each level, (c, 256).
        arrays: as the pipeline has them for pictures of as many channels.
    """
    found = np.array(np.broadcast_to(np.arange(256, dtype=np.uint8), counts.shape))  # (c, 256)
    for i, one in enumerate(pipeline.edits):
        if not isinstance(one, Tone):
            return None
        curves = one.curves(counts, _own(arrays, i, one.name))
        counts = np.array(
            [
                np.bincount(curve, weights=many, minlength=256)  # exact: far fewer than 2^53
                for curve, many in zip(curves, counts, strict=True)
            ]
        ).astype(np.int64)
        found = np.take_along_axis(curves, found.astype(np.intp), axis=1)
    return found


def pipeline_in(arrays: Arrays) -> Pipeline:
    """Return the pipeline whose arrays these are.

    Raises:
        InputError: an edit is not known, there are too many, or parameters are out of range.
    """
    names = edit_names(list(arrays))
    return Pipeline(
        tuple(_edit_of(name, arrays[f"{i}.{name}.{PARAMETERS}"]) for i, name in enumerate(names))
    )


def check_arrays(arrays: Arrays, shape: Shape) -> None:
    """Raise InputError unless the tables of a pipeline are what its parameters give.

    Args:
        arrays: from a file, which may be a stranger's.
        shape: (c, h, w) of the pictures.
    """
    wanted = pipeline_in(arrays).arrays(shape)
    for name, own in wanted.items():
        _check_table(name, arrays.get(name), own)
    if extra := sorted(set(arrays) - set(wanted)):
        raise _damaged(f"no table {shown(extra[0], 60)}")


def edit_names(arrays: list[str]) -> list[str]:
    """Return the names of the edits whose arrays have these names, in order.

    Raises:
        InputError: an edit is not known, there are none or too many, or one is missing.
    """
    found: dict[int, str] = {}
    for name in arrays:
        number, _, rest = name.partition(".")
        edit, _, table = rest.rpartition(".")
        if not (number.isascii() and number.isdigit() and len(number) < 3 and table):
            raise _damaged(f"an array named {shown(name, 60)}")
        if edit not in EDITS:
            raise unknown("edit", edit, EDITS, "The file may be of a newer quorate: upgrade it.")
        if found.setdefault(int(number), edit) != edit:
            raise _damaged(f"two edits as step {number}")
    if len(found) > MOST_EDITS:
        raise InputError(
            f"Expected 1 to {MOST_EDITS} edits in a pipeline, got {len(found)}. Leave some out."
        )
    order = [found[i] for i in sorted(found)]
    missing = [f"{i}.{name}.{PARAMETERS}" for i, name in enumerate(order)]
    if not order or sorted(found) != list(range(len(order))) or set(missing) - set(arrays):
        raise _damaged("steps that are not numbered 0, 1, ..., each with its parameters")
    return order


def shapes_of_edits(names: list[str], shape: Shape) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of edits with these names, for pictures (c, h, w).

    Raises:
        InputError: such pictures cannot be edited so.
    """
    return dict(_shapes(tuple(names), shape))


@functools.lru_cache(maxsize=64)
def _shapes(names: tuple[str, ...], shape: Shape) -> Mapping[str, tuple[int, ...]]:
    plain = Pipeline(tuple(EDITS[name]() for name in names))
    return {name: table.shape for name, table in plain.arrays(shape).items()}


def _parse_edit(text: str) -> Edit:
    plain = spec.parse(text)
    name = str(plain["name"]).replace("_", "-")
    if name not in EDITS:
        raise unknown("edit", name, EDITS)
    known = spec.parameters(EDITS[name])
    for key in plain:
        if key != "name" and key not in known:
            raise unknown(f"parameter of {name}", key, known)
    made: Edit = spec.build("edits", {**plain, "name": name}, {"edits": EDITS})
    return made


def _edit_of(name: str, parameters: npt.NDArray[Any]) -> Edit:
    """Return the edit with this name and the values of its fields."""
    cls = EDITS[name]
    fields, types = spec.parameters(cls), spec.hints(cls)
    if parameters.dtype != np.float64 or parameters.shape != (len(fields),):
        raise _damaged(
            f"parameters of {name} that are {parameters.dtype} of shape {parameters.shape}"
        )
    values: dict[str, Any] = {}
    for key, value in zip(fields, parameters.tolist(), strict=True):
        if types[key] is int and not value.is_integer():  # NaN and infinity are none
            raise _damaged(f"{key}={value:g} of {name}, which is a whole number")
        values[key] = int(value) if types[key] is int else value
    return cls(**values)


def _check_table(name: str, given: npt.NDArray[Any] | None, own: npt.NDArray[Any]) -> None:
    """Raise InputError unless a table of a file is what its parameters give, but for rounding."""
    if given is None:
        raise _damaged(f"no table {name}")
    if given.dtype != own.dtype or given.shape != own.shape:
        raise _damaged(f"a table {name} that is {given.dtype} of shape {given.shape}")
    _, edit, table = name.split(".")
    if table == PARAMETERS:
        return
    apart = np.abs(given.astype(np.int64) - own.astype(np.int64))
    exact = table in EDITS[edit].exact
    if apart.max() > (0 if exact else TOLERANCE) or apart.sum(axis=-1).max() > MOST_APART:
        raise InputError(
            f"Expected the table {name} to be what its parameters give, got another. Do not use "
            "the file: it says one thing and does another."
        )


def _own(arrays: Arrays, i: int, name: str) -> Tables:
    """Return the tables of one step by their own names."""
    start = f"{i}.{name}."
    return {key[len(start) :]: table for key, table in arrays.items() if key.startswith(start)}


def _damaged(got: str) -> InputError:
    return InputError(
        f"Expected the arrays of a pipeline of photo edits, got {got}. Craft it again; the file "
        "may be damaged."
    )
