"""What one member does: add the change to one picture of their own. NumPy and Pillow, no network.

Shape letters: c h w axes of the images trained for, H W those of the member's picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.test_time.perturbations import images
from quorate.test_time.perturbations.perturbation import (
    Norm,
    Perturbation,
    Pixels,
    levels_of,
    load,
    within,
)

if TYPE_CHECKING:
    from PIL.Image import Image

LIMITS = (
    "It is made for one model of one platform: another platform, or a later model of this one, "
    "may read it otherwise, or undo it.",
    "It hides nothing: people and other programs see the picture as before, and so do those who "
    "have copies of it already.",
)

Levels = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class AppliedChange:
    """How one picture was changed.

    Args:
        out: the file written.
        preview: the file with before, after and change side by side, or None.
        label: label whose change was added; None where it is the same for everyone.
        epsilon, norm: the budget that the change was crafted for, on the pixel scale [0, 1].
        budget: the most that may change, in levels of 255: of each value under L∞; under L2 the
            length of the whole change.
        used: part of that budget that this picture took.
        largest_change, mean_change: of the values of this picture, in levels of 255.
        size: size of the picture, (W, H).
        trained_size: size of the images that the change was crafted for, (w, h).
    """

    out: Path
    preview: Path | None
    label: str | None
    epsilon: float
    norm: Norm
    budget: float
    used: float
    largest_change: int
    mean_change: float
    size: tuple[int, int]
    trained_size: tuple[int, int]

    @property
    def label_free(self) -> bool:
        """Whether everyone makes the same change, so that it cannot carry the label."""
        return self.label is None

    @property
    def resized(self) -> bool:
        """Whether the change was brought to another size, and is not exactly what was crafted."""
        return self.size != self.trained_size

    @property
    def budget_in_words(self) -> str:
        """What the change may come to at most."""
        if self.norm == "linf":
            return f"budget {self.budget:g} of 255 levels a value"
        return f"budget a length of {self.budget:.4g} levels"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data, with what it does not protect against."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            **plain,
            "out": str(self.out),
            "preview": None if self.preview is None else str(self.preview),
            "size": list(self.size),
            "trained_size": list(self.trained_size),
            "label_free": self.label_free,
            "resized": self.resized,
            "limits": list(LIMITS),
        }

    def lines(self) -> list[str]:
        """Return what a member should know, in sentences."""
        whose = "the same change for everyone" if self.label is None else f"for {self.label!r}"
        told = [
            f"Written: {self.out}, {self.size[0]} x {self.size[1]}, {whose}. It keeps no EXIF.",
            f"Noise: {self.budget_in_words}; used here {self.used:.4g}. Largest change of a value "
            f"{self.largest_change}, mean {self.mean_change:.1f}.",
        ]
        if self.preview is not None:
            told.append(f"Preview: {self.preview}")
        if self.resized:
            told.append(
                f"Not exact: the change was made for {self.trained_size[0]} x "
                f"{self.trained_size[1]} and brought to this size. What the platform sees of it "
                "depends on how it makes pictures smaller."
            )
        return [*told, "What it does not protect against:", *(f"- {line}" for line in LIMITS)]


def apply_to_file(
    perturbation_path: str | Path,
    image_path: str | Path,
    out_path: str | Path,
    label: str | None = None,
    preview: str | Path | None = None,
) -> AppliedChange:
    """Add a perturbation to one picture and write it, as PNG or lossless WebP.

    A picture of the size trained for comes out as ``Perturbation.apply`` has it, to the bit. Any
    other keeps its size: the change is made on a small copy of it (bilinear) and added to the
    picture, each value of the small grid becoming a block of pixels (their mean where the picture
    is the smaller one). The budget holds at every size; under L2, the same mean square a value.

    The picture is turned as its EXIF says, and made grey or RGB as the images trained for. Of its
    metadata only a colour profile is kept.

    Args:
        perturbation_path: a file that ``quorate correct`` has left.
        image_path: the picture, 8 bits a value, opaque.
        out_path: file to write, .png or .webp.
        label: name of the picture's true class; None where the change is the same for everyone.
        preview: file to show before, after and the change side by side, .png; or None.

    Raises:
        InputError: a file is not there or not what it should be, the label is missing, unknown or
            not wanted, or a file to write is one to read.
    """
    read = [perturbation_path, image_path]
    out = images.check_target(out_path, images.KEEPS, read)
    shown = None
    if preview is not None:
        shown = images.check_target(preview, images.PREVIEWS, [*read, out])
    perturbation = load(perturbation_path)
    row = _row(perturbation, label)
    picture, profile = images.open_picture(Path(image_path), perturbation.shape[0])
    before = images.pixels_of(picture)  # (c, H, W)
    after = _changed(picture, before, perturbation, row)
    applied = _facts(before, after, perturbation, out, shown, label)
    images.write(images.picture_of(after), out, icc_profile=profile)
    if shown is not None:
        images.write(images.preview(before, after, applied.budget_in_words), shown)
    return applied


def _facts(
    before: Pixels,
    after: Pixels,
    perturbation: Perturbation,
    out: Path,
    shown: Path | None,
    label: str | None,
) -> AppliedChange:
    _, height, width = before.shape
    _, h, w = perturbation.shape
    change = after.astype(np.int16) - before  # (c, H, W)
    largest = int(np.abs(change).max())
    linf = perturbation.norm == "linf"
    longest = 255 * perturbation.epsilon * _scale(perturbation, (width, height))
    return AppliedChange(
        out=out,
        preview=shown,
        label=label,
        epsilon=perturbation.epsilon,
        norm=perturbation.norm,
        budget=levels_of(perturbation.epsilon) if linf else longest,
        used=largest if linf else float(np.sqrt(np.square(change, dtype=np.float64).sum())),
        largest_change=largest,
        mean_change=float(np.abs(change).mean()),
        size=(width, height),
        trained_size=(w, h),
    )


def _row(perturbation: Perturbation, label: str | None) -> int:
    """Return the index of the label; 0 where there is one change for everyone."""
    if perturbation.label_free:
        if label is not None:
            raise InputError(
                f"Expected no label, as this change is the same for everyone, got {label!r}. "
                "Leave the label out."
            )
        return 0
    if label is None:
        names = ", ".join(perturbation.classes[:20])
        more = ", ..." if len(perturbation.classes) > 20 else ""
        raise InputError(
            "Expected the picture's true label, as this perturbation has a change for each, got "
            f"none. Give one as label: {names}{more}."
        )
    row = perturbation.label(label)
    if not perturbation.arrays["delta"][row].any():
        raise InputError(
            f"Expected a label that the collective had pictures of, got {label!r}: its change is "
            "nothing. Use a perturbation crafted with pictures of it, or a label-free one."
        )
    return row


def _changed(picture: Image, before: Pixels, perturbation: Perturbation, row: int) -> Pixels:
    """Return the picture as it is sent in, (c, H, W)."""
    from PIL import Image

    _, h, w = perturbation.shape
    labels = np.array([row])
    if picture.size == (w, h):
        exact: Pixels = perturbation.apply(before[None], labels)[0]
        return exact
    small = images.pixels_of(picture.resize((w, h), Image.Resampling.BILINEAR))  # (c, h, w)
    change = perturbation.apply(small[None], labels)[0].astype(np.int16) - small
    wide = _brought_to(change, picture.size)
    epsilon = perturbation.epsilon * _scale(perturbation, picture.size)
    moved = within(wide[None], epsilon, perturbation.norm)[0]
    changed: Pixels = np.clip(before + moved, 0, 255).astype(np.uint8)
    return changed


def _brought_to(change: Levels, size: tuple[int, int]) -> Floats:
    """Return a change (c, h, w) at another size, (c, H, W): blocks where larger, else means."""
    from PIL import Image

    planes = [
        np.asarray(Image.fromarray(one.astype(np.float32)).resize(size, Image.Resampling.BOX))
        for one in change
    ]
    return np.stack(planes)


def _scale(perturbation: Perturbation, size: tuple[int, int]) -> float:
    """Return how much longer a change of this size is under L2 for the same mean square."""
    if perturbation.norm == "linf":
        return 1.0
    _, h, w = perturbation.shape
    return math.sqrt(size[0] * size[1] / (w * h))
