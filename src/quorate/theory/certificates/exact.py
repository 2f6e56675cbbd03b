"""The exact certificate: each cell's leads tested by hypergeometric counts, then what may be lost.

The rows that members plant are known, and those of the others are a finite population of which the
members' honest rows are a random sample. A cell is won for certain if every rival label's lead
among the others is surely smaller than what is planted there. Whatever is not won, or was not seen,
may be lost, and ``lost_limit`` limits its probability. The proof is in
docs/explanation/certificates.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from quorate.table import Labels
from quorate.theory.certificates.counts import AssumedPlatform, Floats, SignalCounts, failure
from quorate.theory.certificates.leads import Counts, Sampled, apart_below, lead_is_below
from quorate.theory.certificates.lost_mass import lost_limit, lower_limits
from quorate.theory.certificates.margins import Bools
from quorate.theory.certificates.pilot import Pilot, draw_pilot

MASS = 0.1  # share of δ for the probability of what may be lost
TEST = 0.1  # share of δ for the draw of N_test people, if there are such
BY_PILOT = 0.9  # share of the leads' error that the pilot gives out
BY_PEOPLE = 0.09  # share given to cells by their people, for those that the pilot did not see
ROUNDING = 1e-9  # relative, of scaled counts and of cN,
ROUNDED = 1e-3  # but less than one person


@dataclass(frozen=True)
class Contest:
    """The rows that decide who wins each cell.

    Args:
        honest: all members whose own row is in cell x with label y, (m, k).
        planted: all members who plant in cell x, (m,).
        weights: all members by whom cell x is weighed, (m,).
        members: n.
        target: index of the label planted in each cell, (m,).
        rivals: 1 for each label that may be predicted instead, 0 for others, (m, k).
        pilot: some of the members, whose rows share out the error and are not tested.
        expected: the labels by which the pilot shares it out, (m,), if ``target`` and ``rivals``
            were chosen by the rows of all: then all other labels get a share, and δ must pay for
            the choice.
    """

    honest: Floats
    planted: Floats
    weights: Floats
    members: int
    target: Labels
    rivals: Floats
    pilot: Pilot
    expected: Labels | None = None

    def people(self, platform: AssumedPlatform) -> Sampled:
        """Return who is tested, and who is not."""
        others = platform.others(self.members)
        return Sampled(self.members - self.pilot.members, others, platform.gamma)


def surely_won(contest: Contest, platform: AssumedPlatform, delta: float) -> Bools:
    """Return the cells that the planted label wins, (m,); all of them are with probability 1 − δ.

    Each pair of cell and rival is tested at a level that the counts tested do not decide: the
    pilot's share, and for every cell a share in proportion to a lower limit of its probability.

    Args:
        contest: the rows.
        platform: what is assumed of it.
        delta: probability that some cell is wrongly called won.
    """
    people, asked = contest.people(platform), contest.rivals
    levels, together = _levels(contest, people, platform, delta)
    honest = contest.honest - contest.pilot.honest
    of_target = np.take_along_axis(honest, contest.target[:, None], axis=1)  # (m, 1)
    planted = np.floor(contest.planted + _error(contest.planted))
    loses_at = np.ceil(planted - platform.slack * (1 + ROUNDING))[:, None]  # a lead of so many rows
    rival = _whole(np.ceil(honest - _error(honest)), asked)  # (m, k), as are the next two
    target = _whole(np.floor(of_target + _error(of_target)), asked)
    rows = _whole(loses_at, asked)

    by = people.others / max(people.members, 1)
    expected = by * (people.gamma * rival - target / people.gamma)
    passed: Bools = np.logical_or.reduce([expected < rows, rows > people.others, asked == 0])
    apart = passed & (asked > 0) & ~together
    passed[apart] = apart_below(rival[apart], target[apart], rows[apart], people, levels[apart])
    for x in np.flatnonzero(passed.all(axis=1)):
        for y in np.flatnonzero(together[x] & (asked[x] > 0)):
            pair = int(rival[x, y]), int(target[x, y])
            level = float(levels[x, y])
            passed[x, y] = lead_is_below(*pair, people, int(rows[x, y]), level, "together")
    return np.asarray(passed.all(axis=1), dtype=np.bool_)


def _levels(
    contest: Contest, people: Sampled, platform: AssumedPlatform, delta: float
) -> tuple[Floats, Bools]:
    """Return the error of each test, (m, k), at most ``delta`` in all, and which are together."""
    pilot, asked = contest.pilot, contest.rivals
    expected, pairs = contest.target, asked
    if contest.expected is not None:  # what is asked may not say who gets a share
        expected = contest.expected
        pairs = np.where(np.arange(asked.shape[1]) == expected[:, None], 0.0, 1.0)
    shares, together = pilot.plan(expected, pairs, people, contest.members, platform.slack)
    own = (1 - BY_PILOT - BY_PEOPLE) * delta
    probable = lower_limits(contest.weights - pilot.weights, people.members, own)[:, None]  # (m, 1)
    tests = np.maximum(asked.sum(axis=1, keepdims=True), 1)
    return delta * (BY_PILOT * shares + BY_PEOPLE * probable / tests) * asked, together


def _error(counts: Floats) -> Floats:
    """Return by how much a scaled count may miss the whole number that it stands for."""
    return np.asarray(np.minimum(counts * ROUNDING, ROUNDED), dtype=np.float64)


def _whole(counts: Floats, like: Floats) -> Counts:
    """Return counts as whole numbers, in the shape of ``like``."""
    return np.broadcast_to(counts, like.shape).astype(np.int64)


def settle(
    counts: SignalCounts, contest: Contest, platform: AssumedPlatform, confidence: float
) -> tuple[float, Bools]:
    """Return the certified success of a contest over the cells of X*, and the cells won, (m,).

    A share of δ is kept for the probability of what may be lost, and one for the draw of N_test
    people; if X* is one cell, it is won or lost, and tests get all of δ.
    """
    delta = failure(confidence)
    kept = 0.0 if counts.distance_cells <= 1 else kept_share(platform)
    won = surely_won(contest, platform, (1 - kept) * delta)
    hopeless = least_to_win(contest, platform, delta)
    success = 1 - lost_limit(counts, ~won, hopeless, MASS * delta)
    return in_test_people(success, platform, TEST * delta), won


def kept_share(platform: AssumedPlatform) -> float:
    """Return the share of δ that is not for the leads."""
    return MASS + (TEST if platform.test_size is not None else 0.0)


def in_test_people(success: float, platform: AssumedPlatform, delta: float) -> float:
    """Return what N_test people fall below with probability δ, if success is measured on them."""
    if platform.test_size is None or not 0 < success < 1:
        return success
    from scipy.stats import binom

    return float(binom.ppf(delta, platform.test_size, success)) / platform.test_size


def least_to_win(contest: Contest, platform: AssumedPlatform, delta: float) -> int:
    """Return how many planted rows no cell can be won with, by N, n and δ alone."""
    people = contest.people(platform)
    if not people.members:
        return 0
    fewest = people.most(0, delta) + math.floor(platform.slack)
    return min(fewest, contest.members - 1)


def exact_planting(
    counts: SignalCounts, target: int, platform: AssumedPlatform, confidence: float
) -> tuple[float, Bools]:
    """Return the success that is certified for planting, and the cells that are won, (m,).

    Args:
        counts: as in ``planting_certificate``.
        target, platform, confidence: likewise.

    >>> counts = SignalCounts([[30, 10]], [2000], 2000, signal_cells=1)
    >>> exact_planting(counts, 1, AssumedPlatform(20_000), 0.95)
    (1.0, array([ True]))
    """
    everyone = bool((counts.planted == counts.weights).all())
    pilot = draw_pilot(counts, None if everyone else target)
    rivals = np.ones_like(counts.honest)
    rivals[:, target] = 0
    labels = np.full(len(counts.planted), target, dtype=np.int64)
    return settle(counts, contest_over(counts, labels, rivals, pilot), platform, confidence)


def exact_unplanting(
    counts: SignalCounts,
    planted: Labels,
    avoided: int,
    pilot: Pilot,
    platform: AssumedPlatform,
    confidence: float,
) -> tuple[float, Bools]:
    """Return the success that is certified for unplanting, and the cells that are won, (m,).

    Only the label to avoid is a rival: where any other is predicted, the members succeed.

    Args:
        counts: as in ``naive_unplanting_certificate``.
        planted: index of the label planted in each cell, (m,), chosen by the pilot alone.
        avoided: y*.
        pilot: members whose rows chose the labels and are not tested.
        platform, confidence: as in ``naive_unplanting_certificate``.
    """
    rivals = np.zeros_like(counts.honest)
    rivals[:, avoided] = 1
    return settle(counts, contest_over(counts, planted, rivals, pilot), platform, confidence)


def contest_over(counts: SignalCounts, target: Labels, rivals: Floats, pilot: Pilot) -> Contest:
    """Return the contest over the cells of X*."""
    return Contest(
        counts.honest, counts.planted, counts.weights, counts.members, target, rivals, pilot
    )


def exact_erasing(
    honest: Floats,
    goes_to: Labels,
    modal: Labels,
    cells: int,
    platform: AssumedPlatform,
    confidence: float,
) -> tuple[float, Bools]:
    """Return the success that is certified for erasing, and the cells that are won, (m,).

    A cell is won if the label claimed there and at its image surely wins both, or if the signal
    maps it to itself. As the labels are chosen by the rows of all, each of the k labels is tested
    at a share of the error.

    Args:
        honest: members whose own row is in cell x with label y, (m, k).
        goes_to: index of g(x), (m,); −1 if it was not seen.
        modal: the label claimed in each cell, (m,); −1 if its image was not seen.
        cells: |X|.
        platform, confidence: as in ``erasing_certificate``.
    """
    delta, k = failure(confidence), honest.shape[1]
    people, there, known = honest.sum(axis=1), np.maximum(goes_to, 0), goes_to >= 0
    counts = SignalCounts(honest, people, round(float(people.sum())), cells)
    pilot = draw_pilot(counts)
    target = np.maximum(modal, 0)
    rivals = np.where(np.arange(k) == target[:, None], 0.0, 1.0) * known[:, None]
    contest = Contest(
        honest,
        people * known,
        people,
        counts.members,
        target,
        rivals,
        pilot,
        expected=np.where(known, pilot.honest.argmax(axis=1)[there], 0),  # 0 if none was drawn
    )
    leads = surely_won(contest, platform, (1 - kept_share(platform)) * delta / k) & known
    won = (leads & leads[there]) | (goes_to == np.arange(len(goes_to)))
    hopeless = least_to_win(contest, platform, delta)
    success = 1 - lost_limit(counts, ~won, hopeless, MASS * delta)
    return in_test_people(success, platform, TEST * delta), won
