"""Pictures that an organiser brings: looked at, and freed of all but their pixels."""

from __future__ import annotations

import math
import zlib

from quorate.collective.plans import TestPlan
from quorate.test_time.platforms.encoding import from_png, to_png

MOST_BROUGHT = 500  # pictures in one request
MOST_LEVELS = 1 << 27  # of all of them: a file of a few bytes can be a picture that takes long


def most_brought(plan: TestPlan) -> int:
    """Return how many pictures may be brought in one request."""
    return max(1, min(MOST_BROUGHT, MOST_LEVELS // math.prod(plan.shape)))


def checked_picture(content: bytes, plan: TestPlan) -> bytes:
    """Return a picture as a PNG of its pixels alone: what else was in the file is left out.

    Raises:
        InputError: it is no PNG of the plan's shape.
    """
    return to_png(from_png(content, plan.shape))


def photo_of(picture: bytes) -> int:
    """Return the number of the photo that a picture shows, where nobody says: its own."""
    return zlib.crc32(picture) >> 1
