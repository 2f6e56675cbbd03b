"""The search for a photo edit with pooled queries: asked, chosen, confirmed, or left alone.

Shape letters: p photos, m members, a settings, c h w image axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from quorate.errors import PlatformError
from quorate.intervals import Estimate
from quorate.table import Labels, Mask, Rng
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.edits.similarity import similarity
from quorate.test_time.perturbations.budget import Norm, check_budget, within
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.platform import Pixels, Platform, to_features
from quorate.test_time.search.bayesian import search_bayesian
from quorate.test_time.search.confirming import paired_gain
from quorate.test_time.search.found import FoundEdit, Tried
from quorate.test_time.search.halving import search_halving
from quorate.test_time.search.inquiry import Inquiry, PlatformInquiry
from quorate.test_time.search.settings import EditSearch
from quorate.test_time.search.space import (
    Change,
    Floats,
    SearchSpace,
    expected_by_proxies,
    expected_by_sight,
    similar_enough,
    sliders,
)
from quorate.test_time.search.turns import Turns, keep_apart

if TYPE_CHECKING:
    from quorate.learners.base.network_classifier import NetworkClassifier

LIKENED = 8  # photos that settings are kept to a structural similarity on, at most
LOOKED_AT = 32  # photos that show what a setting does to pictures, at most
JUDGED = 256  # labelled photos that surrogates rank settings on, at most
TRUST = 0.5  # share of a surrogate's gain that is expected of the platform
Method = Callable[[SearchSpace, Floats, Inquiry, Rng], Floats]
METHODS: Mapping[str, Method] = {"bayesian": search_bayesian, "halving": search_halving}


def search_edits(
    platform: Platform,
    photos: Pixels,
    y: Labels,
    member: Labels,
    classes: tuple[str, ...],
    search: EditSearch,
    rng: Rng,
    *,
    queries: int,
    epsilon: float,
    norm: Norm = "linf",
    surrogates: Sequence[NetworkClassifier] = (),
) -> FoundEdit:
    """Return the photo edit that makes the platform read members' photos right most often.

    Every question shows one photo under one setting and is asked under its member's key. Settings
    are compared on the same photos. The winner is then asked about, and no edit with it, on photos
    that the search never used; where it does not gain there, no edit is what is returned. A winner
    that gains is returned even where its interval holds 0: with few photos it may do harm.

    Args:
        platform: the platform behind its ledger.
        photos, y: members' photos, (p, c, h, w), and the index of their true labels, (p,).
        member: member who holds each photo, (p,): the number in their key.
        classes: the k label names.
        search: settings of the search.
        rng: draws whose photos are asked about, and what is tried.
        queries: of each member, at most.
        epsilon, norm: the budget of each picture's change, on the pixel scale; 1 is none.
        surrogates: fitted networks whose gains start the search; they cost no query.

    Raises:
        InputError: there are too few photos or queries to compare and to confirm on others.
        PlatformError: the platform refused or failed, or no key had a query left; what was
            answered is stored.
    """
    check_budget(epsilon, norm)
    names, holder = np.unique(member, return_inverse=True)  # (m,), (p,)
    apart, pairs = keep_apart(holder, len(names), queries, search.confirming, rng)
    change = _change(epsilon, norm)
    own = np.flatnonzero(~apart)
    seen = photos[own[:: max(1, len(own) // LOOKED_AT)][:LOOKED_AT]]
    space, notes = sliders(), []
    if search.least_similarity > 0:
        alike = similar_enough(space, change, seen[:LIKENED], search.least_similarity)
        space = space.take(alike)
        notes.append(f"{len(space)} settings leave an SSIM of {search.least_similarity:g} or more.")
    expected = expected_by_sight(space, change, seen)
    if surrogates:
        some = rng.permutation(own)[:JUDGED]
        rate = _rate(surrogates, y[some])
        expected = expected + TRUST * expected_by_proxies(space, change, photos[some], rate)

    def inquiry(usable: Mask, left: Labels) -> PlatformInquiry:
        turns = Turns(holder, usable, left, rng)
        return PlatformInquiry(platform, space, change, photos, y, member, turns)

    asking = inquiry(~apart, queries - 2 * pairs)
    found = METHODS[search.method](space, expected, asking, rng)
    best = int(found.argmax())
    confirming = inquiry(apart, 2 * pairs)
    gain, confirmed = Estimate(0.0, 0.0, 0.0), 0
    if best:
        (before, after), _ = confirming.compare(np.array([0, best]), int(apart.sum()))
        gain, confirmed = paired_gain(before, after), len(before)
    asked = int(asking.asked.sum() + confirming.asked.sum())
    if not asked:
        raise PlatformError(
            "Expected answers to the search's questions, got none: no key has queries left. Ask "
            "the platform for more, or enlist members with fresh keys."
        )
    on = f"on {confirmed} {'photo' if confirmed == 1 else 'photos'}"
    if best and not gain.value > 0:
        text = f"{space.pipelines[best].text} did best in the search, but"
        notes.append(
            f"No edit: {text} gained {gain.value:.3f} {on} that the search never used."
            if confirmed
            else f"No edit: {text} no query was left to confirm it with."
        )
        best, gain = 0, Estimate(0.0, 0.0, 0.0)
    elif not best:
        notes.append("No edit: no setting did better in the search than the picture as it is.")
    elif gain.low <= 0:
        notes.append(f"The gain is not certain: {gain.low:.3f} to {gain.high:.3f} {on}.")
    if unanswered := asking.unanswered + confirming.unanswered:
        notes.append(f"{unanswered} questions unanswered, since keys have no queries left.")
    pipeline = space.pipelines[best]
    order = np.argsort(-asking.asked, kind="stable")[: np.count_nonzero(asking.asked)]
    rows = zip(order, asking.asked[order].tolist(), asking.right[order].tolist(), strict=True)
    likeness = similarity(seen, change(pipeline, seen))
    about = {
        "edit": pipeline.text,
        "by_hand": pipeline.by_hand,
        "similarity": likeness.structural,
        "distance": likeness.largest_change,
        "gain": gain.to_json(),
        "confirmed": confirmed,
        "pictures": len(photos),
        "queries": asked,
    }
    _, c, h, w = photos.shape
    arrays = pipeline.arrays((c, h, w))
    return FoundEdit(
        pipeline,
        Perturbation("edit", arrays, classes, (c, h, w), epsilon, norm, about),
        gain,
        confirmed,
        tuple(Tried(space.pipelines[i], n, right) for i, n, right in rows),
        likeness,
        asked,
        tuple(notes),
    )


def _change(epsilon: float, norm: Norm) -> Change:
    """Return what makes a setting's change of pictures within the budget."""

    def change(pipeline: Pipeline, x: Pixels) -> Pixels:
        moved = pipeline.apply(x).astype(np.int16) - x
        changed: Pixels = np.clip(x + within(moved, epsilon, norm), 0, 255).astype(np.uint8)
        return changed

    return change


def _rate(surrogates: Sequence[NetworkClassifier], y: Labels) -> Callable[[Pixels], float]:
    """Return the surrogates' mean probability of the labels (p,), as a function of the photos."""

    def rate(x: Pixels) -> float:
        seen, rows = to_features(x), np.arange(len(y))
        return float(np.mean([one.probabilities(seen)[rows, y].mean() for one in surrogates]))

    return rate
