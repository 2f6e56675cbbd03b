"""Where the search looks: settings of a photo editor's sliders, and what is expected of them.

Shape letters: a settings, p photos, c h w image axes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.table import Labels, Mask, Rng
from quorate.test_time.edits.edit import Edit
from quorate.test_time.edits.exposure import Exposure
from quorate.test_time.edits.gaussian import Gaussian
from quorate.test_time.edits.own_contrast import OwnContrast
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.edits.sharpen import Sharpen
from quorate.test_time.platforms.platform import Pixels

Floats = npt.NDArray[np.float64]
Change = Callable[[Pipeline, Pixels], Pixels]  # an edit within the budget, of pictures (n, c, h, w)

NO_EDIT = Pipeline((Exposure(stops=0),))
SIGMAS = (0.5, 0.7, 0.9)  # of a blur against noise, in pixels
AMOUNTS = (1.0, 2.0, 4.0)  # of an unsharp mask
STOPS = tuple(np.arange(-1, 3.25, 0.5).tolist())  # of exposure: doublings of the light
CONTRASTS = tuple(np.arange(-0.5, 2.75, 0.5).tolist())  # doublings of distances to the mean
MOST_DOUBLINGS = 3.5  # of both together: what is left of a picture's levels would be few
SHARPNESS_OF_BLUR = -1.5  # places on the axis from blurred to sharp, a pixel of σ

USUAL_BRIGHTNESS = 118.0  # level of middle grey, 18% of the light, in sRGB
USUAL_SPREAD = 55.0  # levels: standard deviation within a picture
COST_OF_A_STOP = 0.05  # accuracy that is expected to be lost a doubling away from what is usual
FARTHEST = 4.0  # stops beyond which it is as bad as can be


@dataclass(frozen=True, eq=False)
class SearchSpace:
    """Settings that may be tried, the first of which is to leave the picture alone.

    Args:
        pipelines: the settings, a of them.
        places: where they lie on the axes sharpness, exposure and contrast, (a, 3): settings that
            are one apart are somewhat alike.
    """

    pipelines: tuple[Pipeline, ...]
    places: Floats

    def __len__(self) -> int:
        return len(self.pipelines)

    def take(self, keep: Mask) -> SearchSpace:
        """Return the settings in a mask (a,), and the first."""
        rows = np.flatnonzero(keep | (np.arange(len(self)) == 0))
        return SearchSpace(tuple(self.pipelines[i] for i in rows), self.places[rows])


def sliders() -> SearchSpace:
    """Return the settings of three sliders, in steps that a hand can set.

    Noise is reduced first, before it is amplified; then come exposure and contrast about each
    picture's own mean; sharpening is last, as editors recommend.
    """
    pipelines, places = [NO_EDIT], [(0.0, 0.0, 0.0)]
    blurs = [(SHARPNESS_OF_BLUR * sigma, Gaussian(sigma=sigma), None) for sigma in SIGMAS]
    masks = [(float(np.log2(1 + a)), None, Sharpen(amount=a, sigma=1.0)) for a in AMOUNTS]
    nothing: tuple[float, Edit | None, Edit | None] = (0.0, None, None)
    for (sharpness, first, last), stops, doublings in itertools.product(
        [*blurs, nothing, *masks], STOPS, CONTRASTS
    ):
        too_far = stops + doublings > MOST_DOUBLINGS or (stops < 0 and doublings < 0)
        if too_far or not (sharpness or stops or doublings):
            continue
        tone: list[Edit | None] = [
            Exposure(stops=stops) if stops else None,
            OwnContrast(factor=round(2.0**doublings, 2)) if doublings else None,
        ]
        steps = tuple(one for one in (first, *tone, last) if one is not None)
        pipelines.append(Pipeline(steps))
        places.append((sharpness, stops, doublings))
    return SearchSpace(tuple(pipelines), np.array(places))


def expected_by_sight(space: SearchSpace, change: Change, photos: Pixels) -> Floats:
    """Return what members' own photos let expect of each setting, less that of no edit, (a,).

    A photo editor brings pictures to usual brightness and contrast. That costs no query and uses no
    label. It says which settings are tried first, and is outweighed by a few hundred answers.

    Args:
        space: the settings.
        change: makes a setting's change within the budget.
        photos: some of the members' photos, (p, c, h, w).
    """
    expected: Floats = np.empty(len(space))
    for i, pipeline in enumerate(space.pipelines):
        edited = change(pipeline, photos).astype(np.float64)
        away = abs(np.log2(max(edited.mean(), 1.0) / USUAL_BRIGHTNESS))
        spread = edited.std(axis=(2, 3)).mean()
        away += abs(np.log2(max(spread, 1.0) / USUAL_SPREAD))
        expected[i] = -COST_OF_A_STOP * min(away, FARTHEST)
    expected -= expected[0]
    return expected


def drawn_order(expected: Floats, rng: Rng) -> Labels:
    """Return all settings in an order that is drawn: the sooner the more is expected of them, (a,).

    As if one after another were drawn without replacement, with odds of exp(expected ÷ cost of a
    stop): Gumbel noise does that in one step (Kool, van Hoof, Welling 2019, arXiv:1903.06059).
    """
    noise = rng.gumbel(size=len(expected))
    order: Labels = np.argsort(-(expected / COST_OF_A_STOP + noise), kind="stable")
    return order


def similar_enough(space: SearchSpace, change: Change, photos: Pixels, least: float) -> Mask:
    """Return which settings leave a structural similarity of at least ``least``, (a,)."""
    from quorate.test_time.edits.similarity import structural_similarity

    found = [structural_similarity(photos, change(one, photos)) for one in space.pipelines]
    enough: Mask = np.asarray(found) >= least
    return enough


def expected_by_proxies(
    space: SearchSpace,
    change: Change,
    photos: Pixels,
    rate: Callable[[Pixels], float],
) -> Floats:
    """Return what surrogates let expect of each setting, less that of no edit, (a,).

    Args:
        space: the settings.
        change: makes a setting's change within the budget.
        photos: labelled photos of members, (p, c, h, w).
        rate: the surrogates' mean probability of the photos' labels, once they are edited.
    """
    found: Floats = np.array([rate(change(one, photos)) for one in space.pipelines])
    found -= found[0]
    return found
