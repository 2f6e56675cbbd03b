"""A distribution shift: pictures compressed as JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.spec import param
from quorate.subgroups.shift import Shift
from quorate.table import Array
from quorate.validate import in_interval


@dataclass(frozen=True)
class JPEG(Shift):
    """People whose pictures were compressed to small files (covariate shift): JPEG by Pillow.

    Colour is stored at half the resolution, as usual. Another version of the JPEG library may
    differ by a level or two.

    Raises:
        InputError: quality is not in [1, 95], or images have neither one nor three channels.
    """

    name: ClassVar[str] = "jpeg"
    quality: int = param(10, "JPEG quality from 1 to 95; 75 is usual.")

    def __post_init__(self) -> None:
        in_interval("quality", self.quality, 1, 95, "Use a quality such as 10.")

    def change(self, x: Array) -> Array:
        """Return the images as read back from the file, (n, c, h, w)."""
        from PIL import Image

        if x.shape[1] not in (1, 3):
            raise InputError(
                f"Expected grey or colour images, of 1 or 3 channels, got {x.shape[1]}. Choose "
                "another subgroup, such as blur."
            )
        pixels = np.rint(np.clip(x, 0, 1) * np.float32(255)).astype(np.uint8)
        changed: Array = np.empty_like(x)
        for i, image in enumerate(pixels):
            picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=self.quality, subsampling="4:2:0")
            with Image.open(file) as opened:
                changed[i] = np.atleast_3d(np.asarray(opened)).transpose(2, 0, 1)
        changed /= np.float32(255)
        return changed
