"""Subgroups a deployed model serves badly: a distribution shift of images, or one attribute."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.subgroups.attribute import Attribute as Attribute
    from quorate.subgroups.blur import Blur as Blur
    from quorate.subgroups.jpeg import JPEG as JPEG
    from quorate.subgroups.low_contrast import LowContrast as LowContrast
    from quorate.subgroups.low_light import LowLight as LowLight
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("subgroups", __name__)
