"""What members add to their own pictures, on the 8-bit grid: NumPy alone.

Shape letters: n images, k labels, c h w image axes, s side of a filter.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.runtime.files import replace_file
from quorate.validate import listed, unknown

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Shapes = dict[str, tuple[int, ...]]
Family = Literal["additive", "gain", "filter", "combined"]
Norm = Literal["linf", "l2"]
FORMAT = 1  # of the file
AT_ONCE = 4096  # images changed at once: bounds memory
ARCHIVE = b"PK"  # how the file begins
ROUNDING = 1e-6  # of a level: 255·(33/255) falls short of 33


@dataclass(frozen=True, eq=False)
class Perturbation:
    """A universal adversarial perturbation: one change per class, or one for everyone.

    x' = x + Π(T(x) − x), kept in [0, 255].

    additive: T(x) = x + δ_y. gain: T(x)_j = g_j·x_j + b_j of channel j. filter: T(x) = x + w∗x + b,
    a small convolution with edges repeated. combined: T(x) = x + w∗x + b + δ. T works on 8-bit
    levels. Whatever it is, Π brings each picture's change to whole levels within the budget: under
    L∞ it rounds, then clips each level; under L2 it shrinks the change, then cuts it towards 0.

    Args:
        family: name of T.
        arrays: its parameters: ``delta`` (k, c, h, w), or (1, c, h, w) where label-free; ``gain``
            and ``bias`` (c,); ``weight`` (c, c, s, s) and ``bias`` (c,), with ``delta`` (1, c, h,
            w) where combined.
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
    shape: tuple[int, int, int]
    epsilon: float
    norm: Norm = "linf"
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.family not in get_args(Family):
            raise unknown("family of perturbations", str(self.family), get_args(Family))
        check_budget(self.epsilon, self.norm)
        c = self.shape[0] if len(self.shape) == 3 else -1
        shapes: Shapes = {name: array.shape for name, array in self.arrays.items()}
        good: list[Shapes]
        if c < 1:
            good = []
        elif self.family == "additive":
            good = [{"delta": (count, *self.shape)} for count in (len(self.classes), 1)]
        elif self.family == "gain":
            good = [{"gain": (c,), "bias": (c,)}]
        else:
            side = shapes.get("weight", (0,))[-1]
            wanted = {"weight": (c, c, side, side), "bias": (c,)}
            if self.family == "combined":
                wanted["delta"] = (1, *self.shape)
            good = [wanted] if side % 2 else []
        if shapes not in good or not all(np.isfinite(a).all() for a in self.arrays.values()):
            raise InputError(
                f"Expected finite arrays of a perturbation of family {self.family} for images of "
                f"shape {self.shape}, got {shapes}. Craft it again; the file may be damaged."
            )

    @property
    def label_free(self) -> bool:
        """Whether everyone makes the same change, so that it cannot carry the label."""
        return self.family != "additive" or len(self.arrays["delta"]) == 1

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
        for start in range(0, len(x), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            moved = within(self._moved(x[rows], y[rows]), self.epsilon, self.norm)
            changed[rows] = np.clip(x[rows] + moved, 0, 255)
        return changed

    def _moved(self, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return T(x) − x in levels, (n, c, h, w)."""
        if self.family == "additive":
            delta = self.arrays["delta"]
            return delta[np.zeros_like(y) if len(delta) == 1 else y]
        bias = self.arrays["bias"].astype(np.float32)[:, None, None]  # (c, 1, 1)
        levels = x.astype(np.float32)
        if self.family == "gain":
            gain = self.arrays["gain"].astype(np.float32)[:, None, None]
            return (gain - 1) * levels + bias
        moved = convolve(levels, self.arrays["weight"].astype(np.float32)) + bias
        return moved + self.arrays["delta"] if self.family == "combined" else moved

    def with_about(self, **facts: Any) -> Perturbation:
        """Return the same with more said of where it comes from."""
        return replace(self, about={**self.about, **facts})


def _check_labels(y: Labels, n: int, k: int) -> None:
    if y.shape != (n,):
        raise InputError(f"Expected one label per image, {n}, got shape {y.shape}. Give them all.")
    if n and not (y.min() >= 0 and y.max() < k):
        raise InputError(
            f"Expected labels in [0, {k - 1}], got {y.min()} to {y.max()}. Give the index of each "
            "label among the classes it was crafted for."
        )


def check_budget(epsilon: float, norm: str) -> None:
    """Raise InputError unless the budget lets at least one level move.

    >>> check_budget(0, "linf")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected epsilon=0 of at least 1/255, one level of a picture and at \
most 1. Use 8/255, say.
    """
    if norm not in get_args(Norm):
        raise unknown("norm", str(norm), get_args(Norm))
    if not (levels_of(epsilon) >= 1 and (epsilon <= 1 or norm == "l2")):
        top = "" if norm == "l2" else " and at most 1"
        raise InputError(
            f"Expected epsilon={epsilon:g} of at least 1/255, one level of a picture{top}. Use "
            "8/255, say."
        )


def levels_of(epsilon: float) -> int:
    """Return how many whole levels a budget on the pixel scale comes to; -1 where it is none.

    >>> levels_of(8 / 255), levels_of(0.02)
    (8, 5)
    """
    if not math.isfinite(epsilon):
        return -1
    return math.floor(epsilon * 255 + ROUNDING)


def within(moved: npt.NDArray[Any], epsilon: float, norm: Norm) -> npt.NDArray[np.int16]:
    """Return changes in levels, (n, c, h, w), brought to whole levels within the budget.

    Changes that are whole and within it stay as they are.
    """
    if norm == "linf":
        most: float = levels_of(epsilon)
        whole = np.clip(np.rint(moved), -most, most)
    else:
        length = np.sqrt(np.square(moved, dtype=np.float64).sum((1, 2, 3), keepdims=True))
        most = 255 * epsilon
        shrunk = moved * (most / np.maximum(length, most))
        whole = np.trunc(np.where(length <= most + ROUNDING, moved, shrunk))
        whole = np.clip(whole, -255, 255)  # no picture can change by more
    levels: npt.NDArray[np.int16] = whole.astype(np.int16)
    return levels


def convolve(x: Floats, weight: Floats) -> Floats:
    """Return the cross-correlation of images with a filter, edges repeated, (n, c, h, w).

    Args:
        x: images, (n, c, h, w).
        weight: (c', c, s, s), s odd.
    """
    side = weight.shape[-1]
    h, w = x.shape[2:]
    margin = side // 2
    wide = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)), mode="edge")
    out = np.zeros((len(x), len(weight), h, w), dtype=np.float32)
    for i in range(side):
        for j in range(side):
            seen = wide[:, :, i : i + h, j : j + w]
            out += np.einsum("oc,nchw->nohw", weight[:, :, i, j], seen, optimize=True)
    return out


def save(perturbation: Perturbation, path: str | Path) -> None:
    """Write a perturbation to one file, ``perturbation.npz``: arrays and plain data, no code."""
    replace_file(Path(path), to_bytes(perturbation))


def to_bytes(perturbation: Perturbation) -> bytes:
    """Return the bytes of the file that ``save`` writes."""
    facts = {
        "format": FORMAT,
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
        content = Path(path).read_bytes()
    except OSError as error:
        raise _no_perturbation(path, error.strerror or str(error)) from error
    return from_bytes(content, path)


def from_bytes(content: bytes, path: str | Path) -> Perturbation:
    """Return the perturbation in the content of a file; ``path`` says where it is from.

    Raises:
        InputError: it is no perturbation of this or an older format.
    """
    if not content.startswith(ARCHIVE):
        raise _no_perturbation(path, "a file of another kind")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            if "facts" not in file.files:
                raise _no_perturbation(path, f"an archive of {listed(file.files) or 'nothing'}")
            facts = json.loads(str(file["facts"]))
            arrays = {name: file[name] for name in file.files if name != "facts"}
        if facts["format"] > FORMAT:
            raise InputError(
                f"Expected a perturbation of format {FORMAT} or older in {path}, got format "
                f"{facts['format']}. Upgrade quorate."
            )
        return Perturbation(
            family=facts["family"],
            arrays=arrays,
            classes=tuple(facts["classes"]),
            shape=tuple(facts["shape"]),
            epsilon=float(facts["epsilon"]),
            norm=facts["norm"],
            about=dict(facts["about"]),
        )
    except InputError:
        raise
    except Exception as error:  # a damaged archive raises whatever its damage leads to
        raise _no_perturbation(path, "a damaged one, or another archive") from error


def _no_perturbation(path: str | Path, got: str) -> InputError:
    return InputError(
        f"Expected a perturbation file at {path}, got: {got}. Give the perturbation.npz that "
        "quorate correct writes."
    )
