"""The photo edits, one line each: a name, and the class that it stands for.

These and no others: a file of edits must mean the same to every program that reads it, a browser's
among them.
"""

from __future__ import annotations

from collections.abc import Mapping

from quorate.test_time.edits.bilateral import Bilateral
from quorate.test_time.edits.contrast import Contrast
from quorate.test_time.edits.deblur import Deblur
from quorate.test_time.edits.edit import Edit
from quorate.test_time.edits.exposure import Exposure
from quorate.test_time.edits.gamma import Gamma
from quorate.test_time.edits.gaussian import Gaussian
from quorate.test_time.edits.jpeg import JPEG
from quorate.test_time.edits.median import Median
from quorate.test_time.edits.non_local_means import NonLocalMeans
from quorate.test_time.edits.own_contrast import OwnContrast
from quorate.test_time.edits.rescale import Rescale
from quorate.test_time.edits.sharpen import Sharpen
from quorate.test_time.edits.white_balance import WhiteBalance

EDITS: Mapping[str, type[Edit]] = {
    "exposure": Exposure,
    "gamma": Gamma,
    "contrast": Contrast,
    "own-contrast": OwnContrast,
    "white-balance": WhiteBalance,
    "gaussian": Gaussian,
    "median": Median,
    "bilateral": Bilateral,
    "non-local-means": NonLocalMeans,
    "sharpen": Sharpen,
    "deblur": Deblur,
    "rescale": Rescale,
    "jpeg": JPEG,
}
