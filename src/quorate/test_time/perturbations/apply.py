"""What one member does: add the change to one picture of their own. NumPy and Pillow, no network.

Shape letters: c h w axes of the images trained for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.errors import InputError
from quorate.runs.shown import Shown
from quorate.test_time.perturbations import images
from quorate.test_time.perturbations.brought import change_of, length_scale
from quorate.test_time.perturbations.budget import Norm, is_none, levels_of
from quorate.test_time.perturbations.perturbation import Perturbation, load
from quorate.test_time.perturbations.spread import Moved, Way

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image

LIMITS = (
    "It is made for one model of one platform: another platform, or a later model of this one, "
    "may read it otherwise, or undo it.",
    "It hides nothing: people and other programs still see what is in the picture, and may see the "
    "change; those who have copies of it already see it as it was.",
)


@dataclass(frozen=True)
class AppliedChange(Shown):
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
        brightness: whether a change of one channel was added to the brightness of a colour picture.
        made_colour: whether a grey picture became one in colour, as the change has colours.
        clipped: share of the pixels where a value at black or white took less than the change.
        way: how the change came to the picture's size: each value became another wherever it
            stands, or what was made on a small copy was spread in blocks or smoothly.
        steps: each step's name and how to do it by hand; none where nobody could.
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
    brightness: bool = False
    clipped: float = 0.0
    made_colour: bool = False
    way: Way = "in blocks"
    steps: tuple[tuple[str, str], ...] = ()

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
        if is_none(self.epsilon, self.norm):
            return "no budget"
        if self.norm == "linf":
            return f"budget {self.budget:g} of 255 levels a value"
        return f"budget a length of {self.budget:.4g} levels"

    def to_frame(self) -> pd.DataFrame:
        """Return one row, as a pandas frame."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])

    def brief(self) -> str:
        """Return what was written, and how much changed, in a line."""
        return (
            f"{self.out}, {self.budget_in_words}, values changed by {self.mean_change:.3g} levels "
            f"on average and {self.largest_change} at most"
        )

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
            "steps": [{"edit": edit, "by_hand": by_hand} for edit, by_hand in self.steps],
            "limits": list(LIMITS),
        }

    def lines(self) -> list[str]:
        """Return what a member should know, in sentences."""
        whose = "the same change for everyone" if self.label is None else f"for {self.label!r}"
        told = [
            f"Written: {self.out}, {self.size[0]} x {self.size[1]}, {whose}. It keeps no EXIF.",
            self._change_in_words(),
        ]
        if not self.largest_change:
            told.append("Nothing changed: what is written is the picture as it was.")
        if self.brightness and self.largest_change:
            told.append(self._brightness_in_words())
        if self.made_colour:
            told.append("Colour: your picture was grey; the change has colours, so the file has.")
        if self.steps:
            told.append("By hand, in a phone's editor, it would be about:")
            told += [f"{i}. {by_hand} ({edit})" for i, (edit, by_hand) in enumerate(self.steps, 1)]
            if self.resized and in_pixels(by_hand for _, by_hand in self.steps):
                told.append(self._pixels_in_words())
        if self.preview is not None:
            told.append(f"Preview: {self.preview}")
        if self.resized:
            told.append(self._size_in_words())
        return [*told, "What it does not protect against:", *(f"- {line}" for line in LIMITS)]

    def _change_in_words(self) -> str:
        sizes = f"argest change of a value {self.largest_change}, mean {self.mean_change:.1f}."
        if is_none(self.epsilon, self.norm):
            return f"Change: no budget, so that people may see it. L{sizes}"
        return f"Noise: {self.budget_in_words}; used here {self.used:.4g}. L{sizes}"

    def _brightness_in_words(self) -> str:
        less = ""
        if self.clipped:
            less = (
                f" In {max(self.clipped, 1e-4):.2%} of the pixels one of them is at black or white "
                "and took less."
            )
        return (
            "Brightness: the change was made for grey pictures. It was added to red, green and "
            f"blue alike, so your picture keeps its colours.{less}"
        )

    def _pixels_in_words(self) -> str:
        (width, height), (w, h) = self.size, self.trained_size
        return (
            f"Pixels are those of a picture of {w} x {h}: on yours, by hand, take "
            f"{max(width / w, height / h):.2g} times as many."
        )

    def _size_in_words(self) -> str:
        (width, height), (w, h) = self.size, self.trained_size
        if self.way == "by value":
            return (
                f"Any size: each value becomes another wherever it stands, as in pictures of {w} x "
                f"{h}, which it was found for."
            )
        blocks = ""
        if self.way == "smoothly":
            blocks = " It is spread smoothly between its values."
        elif width > w or height > h:
            blocks = (
                f" Each of its values covers about {max(1, width / w):.3g} x "
                f"{max(1, height / h):.3g} pixels, a block that people may see."
            )
        return (
            f"Not exact: the change was made for {w} x {h} and brought to this size.{blocks} What "
            "the platform sees of it depends on how it makes pictures smaller."
        )


def in_pixels(steps: Iterable[str]) -> bool:
    """Return whether steps by hand are as far as so many pixels: that depends on the size."""
    return any(" pixel" in one for one in steps)


def apply_to_file(
    perturbation_path: str | Path,
    image_path: str | Path,
    out_path: str | Path,
    label: str | None = None,
    preview: str | Path | None = None,
) -> AppliedChange:
    """Add a perturbation to one picture and write it, as PNG or lossless WebP.

    A picture of the size trained for comes out as ``Perturbation.apply`` has it, to the bit. Any
    other keeps its size. Photo edits of tone alone change the picture itself. Any other change is
    made on a small copy of it (bilinear) and added to the picture, each value of the small grid
    becoming a block of pixels (their mean where the picture is the smaller one); photo edits and
    networks without a budget are spread smoothly instead. The budget holds at every size; under
    L2, the same mean square a value.

    The picture is turned as its EXIF says. A change of one channel is added to the brightness of a
    picture in colour, red, green and blue alike: a platform that makes it grey sees the change, and
    the colours stay. For a change of colours a grey picture is made RGB. Of the picture's metadata
    only a colour profile is kept.

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
    picture, profile, was_grey = images.open_picture(Path(image_path), perturbation.shape[0])
    if was_grey and perturbation.kind.needs_colour(perturbation.arrays):
        raise InputError(
            f"Expected a picture in colour, as this change is one of colours, got a grey one: "
            f"{image_path}. Give one in colour."
        )
    _check_suits(perturbation, picture, image_path)
    change = change_of(picture, perturbation, row)
    before = images.Panels.of(picture) if shown is not None else None
    moved = change.add_to(picture)
    applied = _facts(picture, perturbation, moved, out, shown, label)
    applied = replace(applied, made_colour=was_grey and picture.mode == "RGB", way=change.way)
    images.write(picture, out, icc_profile=profile)
    if shown is not None and before is not None:
        after = images.Panels.of(picture)
        words = applied.budget_in_words
        images.write(images.preview(before, after, moved.largest, words), shown)
    return applied


def _facts(
    picture: Image,
    perturbation: Perturbation,
    moved: Moved,
    out: Path,
    shown: Path | None,
    label: str | None,
) -> AppliedChange:
    c, h, w = perturbation.shape
    linf = perturbation.norm == "linf"
    longest = 255 * perturbation.epsilon * length_scale(picture, perturbation)
    return AppliedChange(
        out=out,
        preview=shown,
        label=label,
        epsilon=perturbation.epsilon,
        norm=perturbation.norm,
        budget=levels_of(perturbation.epsilon) if linf else longest,
        used=moved.largest if linf else math.sqrt(moved.squares),
        largest_change=moved.largest,
        mean_change=moved.total / moved.values,
        size=picture.size,
        trained_size=(w, h),
        brightness=c == 1 and picture.mode == "RGB",
        clipped=moved.clipped / (picture.width * picture.height),
        steps=tuple(perturbation.kind.steps(perturbation.arrays)),
    )


def _check_suits(perturbation: Perturbation, picture: Image, path: str | Path) -> None:
    """Raise InputError where a picture is smaller than what its family looks at."""
    height, width = perturbation.kind.smallest(perturbation.arrays)
    if picture.width < width or picture.height < height:
        raise InputError(
            f"Expected a picture of at least {width} x {height} pixels, which is how far this "
            f"{perturbation.family} sees, got {path} of {picture.width} x {picture.height}. Use "
            "a larger picture."
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
            f"none. Name it with --label (in Python, label=): {names}{more}."
        )
    row = perturbation.label(label)
    if not perturbation.arrays["delta"][row].any():
        raise InputError(
            f"Expected a label that the collective had pictures of, got {label!r}: its change is "
            "nothing. Use a perturbation crafted with pictures of it, or a label-free one."
        )
    return row
