"""Images of the user's own."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import ClassVar

from quorate.errors import InputError
from quorate.populations.pictures.image_files import (
    HELD_OUT_SPLITS,
    folder_fingerprint,
    load_images,
    tell_left_out,
)
from quorate.populations.sizes import REMAINING_N, check_held_out, split_at_random, subsample
from quorate.protocols import Population
from quorate.runtime.progress import tell_once
from quorate.spec import param
from quorate.table import Rng, Split, Table
from quorate.validate import at_least, listed


@functools.lru_cache(maxsize=1)
def _images(
    path: str, stamp: str, image: str | None, label: str, group: str | None, size: int | None
) -> dict[str, Table]:
    return load_images(path, image, label, group, size)


@dataclass(frozen=True)
class OwnImages(Population):
    """Your own images: a folder of parquet files in the hub's schema, or an image folder.

    In an image folder, the sub-folder names the label, and metadata.csv may add columns. Folders
    called train, test or validation that hold such sub-folders are parts. A test or validation set
    is held out if there is one, else a random fraction. What is left out is counted and named.

    Raises:
        InputError: the folder, a column or a value is missing, a picture cannot be read, or sizes
            differ.
    """

    name: ClassVar[str] = "images"
    path: str = param(help="The folder.")
    label: str = param("label", "Column of the labels.")
    group: str | None = param(None, "Column that defines the groups.")
    image: str | None = param(None, "Column of the images; by default the only one.")
    size: int | None = param(
        None, "Side in pixels that images are resized to; by default their own."
    )
    n: int | None = param(None, REMAINING_N)
    held_out: float = param(
        0.25, "Fraction held out if there is no test or validation set, in (0, 1)."
    )

    def __post_init__(self) -> None:
        check_held_out(self.held_out)
        if self.size is not None:
            at_least("size", self.size, 1, "Use a side such as 32.")

    def split(self, rng: Rng) -> Split:
        """Return the folder's own split, or a random one."""
        stamp = self.fingerprint()
        tables = _images(self.path, stamp, self.image, self.label, self.group, self.size)
        classes = next(iter(tables.values())).classes
        if len(classes) < 2:
            raise InputError(
                f"Expected at least 2 labels in {self.path}, got only {classes[0]!r}. A label is "
                "the first folder that pictures lie in, inside of train or test where there are "
                "such: move folders up to there, or name a column of labels: label=COLUMN."
            )
        parts = [name for name in HELD_OUT_SPLITS if name in tables]
        if "train" in tables and parts:
            train, held_out = tables["train"], tables[parts[0]]
            notes = [
                f"Left out of {self.path}: the part {name} of {len(tables[name])} people."
                for name in sorted(set(tables) - {"train", parts[0]})
            ]
            if new := sorted(set(held_out.y.tolist()) - set(train.y.tolist())):
                notes.append(
                    f"Nobody to learn from in {self.path} has these labels of {parts[0]}: "
                    f"{listed([classes[label] for label in new])}."
                )
            for note in notes:
                tell_once(note)
            train = replace(train, notes=(*train.notes, *notes))
            return Split(subsample(train, self.n, rng, "n"), held_out)
        if len(tables) > 1:
            raise InputError(
                f"Expected train beside test or validation in {self.path}, got the parts "
                f"{', '.join(tables)}. Call one of them train, or keep one only."
            )
        (people,) = tables.values()
        return split_at_random(people, self.n, self.held_out, rng)

    def fingerprint(self) -> str:
        """Return a digest of the names and bytes of the files."""
        digest = folder_fingerprint(self.path)
        tell_left_out(self.path, self.label)  # whether or not anything is left to be done
        return digest
