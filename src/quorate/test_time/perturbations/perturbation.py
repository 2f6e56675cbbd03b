"""What members add to their own pictures, on the 8-bit grid: NumPy alone.

Shape letters: n images, k labels, c h w image axes, s side of a filter.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError, reason
from quorate.runtime.archives import MOST_BYTES, ArrayArchive, ArrayHeader
from quorate.runtime.files import replace_file
from quorate.test_time.perturbations.budget import Norm, check_budget, within
from quorate.test_time.perturbations.kinds import KINDS
from quorate.test_time.perturbations.kinds.kind import Kind, Labels, Pixels, Shape, Shapes
from quorate.validate import listed, unknown

Family = Literal["additive", "gain", "filter", "combined", "edit", "network"]
Crafted = Literal["additive", "gain", "filter", "combined", "network"]  # by following gradients
FORMAT = max(kind.file_format for kind in KINDS.values())  # of the file: the newest that is read
AT_ONCE = 4096  # images changed at once: bounds memory, as does
VALUES_AT_ONCE = 2**26  # their values
ARCHIVE = b"PK"  # how the file begins
MOST_FACTS = 2**24  # bytes of what a file says in words
MOST_VALUES = 2**26  # of one image trained for, c·h·w


@dataclass(frozen=True, eq=False)
class Perturbation:
    """A universal adversarial perturbation: one change per class, or one for everyone.

    x' = x + Π(T(x) − x), kept in [0, 255].

    T is what the family says, in ``kinds/``, on 8-bit levels. Whatever it is, Π brings each
    picture's change to whole levels within the budget: under L∞ it rounds, then clips each level;
    under L2 it shrinks the change, then cuts it towards 0. No budget is ε = 1 under L∞.

    Args:
        family: name of T.
        arrays: its parameters, as the family names them.
        classes: the k label names.
        shape: shape of the images it was crafted for, (c, h, w).
        epsilon: the budget of a picture's change on the pixel scale [0, 1], such as 8/255.
        norm: norm that the budget is measured in.
        about: plain data on where it comes from.

    Raises:
        InputError: the arrays are not those of the family and shape, or ε is not positive.
    """

    family: Family
    arrays: Mapping[str, npt.NDArray[Any]]
    classes: tuple[str, ...]
    shape: Shape
    epsilon: float
    norm: Norm = "linf"
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.family not in get_args(Family):
            raise unknown("family of perturbations", str(self.family), get_args(Family))
        check_budget(self.epsilon, self.norm)
        check_classes(self.classes)
        shapes: Shapes = {name: array.shape for name, array in self.arrays.items()}
        good = shapes in shapes_of(self.family, self.shape, len(self.classes), shapes)
        if not good or not all(_is_fine(one, self.kind.most) for one in self.arrays.values()):
            kinds = {name: f"{array.dtype} {array.shape}" for name, array in self.arrays.items()}
            raise InputError(
                f"Expected finite arrays of a perturbation of family {self.family} for images of "
                f"shape {self.shape}, of numbers up to {self.kind.most:g}, got "
                f"{listed([f'{name}: {kind}' for name, kind in kinds.items()]) or 'none'}. Craft "
                "it again; the file may be damaged."
            )
        if (problem := self.kind.problem(self.arrays, self.shape)) is not None:
            raise InputError(f"{problem} Craft it again; the file may be damaged.")

    @property
    def kind(self) -> Kind:
        """What the family does."""
        return KINDS[self.family]

    @property
    def label_free(self) -> bool:
        """Whether everyone makes the same change, so that it cannot carry the label."""
        return self.kind.is_label_free(self.arrays)

    def label(self, name: str) -> int:
        """Return the index of the label called ``name``.

        Raises:
            InputError: no label has that name.
        """
        if name not in self.classes:
            raise unknown("label", name, self.classes)
        return self.classes.index(name)

    def apply(self, x: Pixels, y: Labels) -> Pixels:
        """Return the images (n, c, h, w) as people of labels y, (n,), send them in.

        Raises:
            InputError: the images have another shape, or the labels are not theirs.
        """
        if x.dtype != np.uint8 or x.shape[1:] != self.shape:
            raise InputError(
                f"Expected 8-bit images of shape (n, {', '.join(map(str, self.shape))}), which it "
                f"was crafted for, got {x.dtype} of shape {x.shape}. Resize or convert them first."
            )
        _check_labels(y, len(x), len(self.classes))
        changed = np.empty_like(x)
        at_once = max(1, min(AT_ONCE, VALUES_AT_ONCE // math.prod(self.shape)))
        for start in range(0, len(x), at_once):
            rows = slice(start, start + at_once)
            moved = self.kind.moved(self.arrays, x[rows], y[rows])
            moved = within(moved, self.epsilon, self.norm)
            changed[rows] = np.clip(x[rows] + moved, 0, 255)
        return changed

    def with_about(self, **facts: Any) -> Perturbation:
        """Return the same with more said of where it comes from."""
        return replace(self, about={**self.about, **facts})


def shapes_of(family: str, shape: tuple[int, ...], k: int, given: Shapes) -> list[Shapes]:
    """Return what the arrays of a family may be like; nothing where a limit is passed.

    Args:
        family: name of T.
        shape: (c, h, w) of the images.
        k: number of labels.
        given: the arrays' shapes, of which the side of a filter is taken.
    """
    whole = (isinstance(axis, int | np.integer) and not isinstance(axis, bool) for axis in shape)
    if len(shape) != 3 or not all(whole) or min(shape) < 1 or math.prod(shape) > MOST_VALUES:
        return []
    c, h, w = shape
    return KINDS[family].shapes((c, h, w), k, given) if family in KINDS else []


def check_classes(classes: Sequence[str]) -> None:
    """Raise InputError unless there are label names, each of its own."""
    if not classes or not all(isinstance(name, str) for name in classes):
        raise InputError(
            f"Expected the names of the labels, got {str(classes)[:80]}. Craft it again; the file "
            "may be damaged."
        )
    if len(set(classes)) < len(classes):
        twice = [name for name in dict.fromkeys(classes) if classes.count(name) > 1]
        raise InputError(
            f"Expected a name of its own for every label, got {listed(twice)} twice. Craft it "
            "again; the file may be damaged."
        )


def _is_fine(array: npt.NDArray[Any], most: float) -> bool:
    """Whether an array holds finite numbers up to ``most``."""
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8 or not array.size:
        return False
    low, high = float(array.min()), float(array.max())  # NaN where one is
    return low >= -most and high <= most


def _check_labels(y: Labels, n: int, k: int) -> None:
    if y.shape != (n,):
        raise InputError(f"Expected one label per image, {n}, got shape {y.shape}. Give them all.")
    if n and not (y.min() >= 0 and y.max() < k):
        raise InputError(
            f"Expected labels in [0, {k - 1}], got {y.min()} to {y.max()}. Give the index of each "
            "label among the classes it was crafted for."
        )


def save(perturbation: Perturbation, path: str | Path) -> None:
    """Write a perturbation to one file, ``perturbation.npz``: arrays and plain data, no code."""
    replace_file(Path(path), to_bytes(perturbation))


def to_bytes(perturbation: Perturbation) -> bytes:
    """Return the bytes of the file that ``save`` writes."""
    facts = {
        "format": perturbation.kind.file_format,
        "family": perturbation.family,
        "classes": list(perturbation.classes),
        "shape": list(perturbation.shape),
        "epsilon": perturbation.epsilon,
        "norm": perturbation.norm,
        "about": dict(perturbation.about),
    }
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(perturbation.arrays)
    np.savez_compressed(buffer, facts=np.array(json.dumps(facts)), **arrays)
    return buffer.getvalue()


def load(path: str | Path) -> Perturbation:
    """Return the perturbation in a file.

    Raises:
        InputError: there is no such file, or it holds no perturbation of this or an older format.
    """
    try:
        stat = Path(path).stat()
        if stat.st_size > MOST_BYTES:
            raise _no_perturbation(path, f"one of {stat.st_size:,} bytes")
        if not S_ISREG(stat.st_mode) and not S_ISDIR(stat.st_mode):
            raise _no_perturbation(path, "no file")
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise _no_perturbation(path, reason(error)) from error
    return from_bytes(content, path)


def from_bytes(content: bytes, path: str | Path) -> Perturbation:
    """Return the perturbation in the content of a file; ``path`` says where it is from.

    Arrays are unpacked only once their shapes are those of what the file says that it holds.

    Raises:
        InputError: it is no perturbation of this or an older format.
    """
    if not content.startswith(ARCHIVE):
        raise _no_perturbation(path, "a file of another kind")
    try:
        return _read(ArrayArchive(content), path)
    except InputError:
        raise
    except Exception as error:  # a damaged archive raises whatever its damage leads to
        raise _no_perturbation(path, "a damaged one, or another archive") from error


def _read(archive: ArrayArchive, path: str | Path) -> Perturbation:
    if "facts" not in archive.names:
        raise _no_perturbation(path, f"an archive of {listed(archive.names) or 'nothing'}")
    if archive.headers["facts"].bytes > MOST_FACTS:
        raise _no_perturbation(path, f"facts of more than {MOST_FACTS:,} bytes")
    facts = json.loads(str(archive.read("facts")))
    if facts["format"] > FORMAT:
        raise InputError(
            f"Expected a perturbation of format {FORMAT} or older in {path}, got format "
            f"{facts['format']}. Upgrade quorate."
        )
    family, shape, classes = facts["family"], tuple(facts["shape"]), tuple(facts["classes"])
    headers = {name: one for name, one in archive.headers.items() if name != "facts"}
    shapes: Shapes = {name: one.shape for name, one in headers.items()}
    fits = shapes in shapes_of(family, shape, len(classes), shapes)
    return Perturbation(
        family=family,
        # What is of another shape is not unpacked; it is refused for its shape.
        arrays={
            name: archive.read(name) if fits else _unread(one) for name, one in headers.items()
        },
        classes=classes,
        shape=shape,
        epsilon=float(facts["epsilon"]),
        norm=facts["norm"],
        about=dict(facts["about"]),
    )


def _unread(header: ArrayHeader) -> npt.NDArray[Any]:
    """Return an array of the shape that takes no memory."""
    return np.broadcast_to(np.zeros((), header.dtype), header.shape)


def _no_perturbation(path: str | Path, got: str) -> InputError:
    return InputError(
        f"Expected a perturbation file at {path}, got: {got}. Give the perturbation.npz that "
        "quorate correct writes."
    )
