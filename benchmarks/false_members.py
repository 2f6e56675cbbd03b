"""How often are honest members left out, and false ones found: tests beside estimates?

``python -m benchmarks.false_members`` prints a table, ``--json`` one JSON object. Collectives are
simulated: the platform gives the expected label to 7 of 10 questions, honest members mistype up to
3 in 100 answers, a quarter of the questions is doubled. Beside the pool's tests stand the estimates
of Dawid and Skene (1979): EM with a confusion matrix for each member, the expected labels being one
member more; who is right in less than half of the answers is left out. Figures, not tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.byzantine import COPIES, DOUBLED, HONEST, LIES, MISTYPED
from benchmarks.rows import parser_of
from quorate.collective.pool.assignment import deal_turns, questions_within
from quorate.collective.pool.compared import MemberAnswers
from quorate.collective.pool.reliability import find_unreliable
from quorate.runtime.progress import bar
from quorate.table import Mask, Rng

Floats = npt.NDArray[np.float64]
K, AGREEMENT, STEPS = 10, 0.7, 30
SMOOTHING = 0.1  # answers that each cell of a confusion matrix has before any


@dataclass(frozen=True)
class Row:
    """What is found in collectives of a kind.

    Args:
        members, each, attack, share: their size, the answers of each, and the false ones.
        alarms, alarms_estimated: share of the collectives in which anyone honest is left out.
        found, found_estimated: share of the false members who are left out; NaN if there are none.
    """

    members: int
    each: int
    attack: str
    share: float
    alarms: float
    alarms_estimated: float
    found: float
    found_estimated: float


def simulate(
    members: int, each: int, attack: str, share: float, rng: Rng
) -> tuple[MemberAnswers, Mask]:
    """Return the answers of a collective, and who is false; turns are dealt in one go."""
    false = np.arange(members) < round(share * members)
    invitation = np.where(false & (attack == COPIES), members, np.arange(members))
    turns = deal_turns(questions_within(members * each, DOUBLED), DOUBLED, rng)
    member = rng.permutation(np.arange(len(turns)) % members)
    twin = np.flatnonzero(turns.twin > np.arange(len(turns)))
    for _ in range(100):  # the few of one invitation are exchanged with others
        same = twin[invitation[member[twin]] == invitation[member[turns.twin[twin]]]]
        if not len(same):
            break
        other = rng.integers(len(turns), size=len(same))
        for one, two in zip(same.tolist(), other.tolist(), strict=True):
            member[one], member[two] = member[two], member[one]
    kept = np.ones(len(turns), dtype=bool)
    kept[same] = False
    question, member = turns.question[kept], member[kept]
    true = rng.integers(K, size=int(turns.question.max()) + 1)
    said = np.where(rng.random(len(true)) < AGREEMENT, true, rng.integers(K, size=len(true)))
    label = said[question]
    slips = rng.random(len(label)) < rng.uniform(0, MISTYPED, size=members)[member]
    label = np.where(slips, (label + rng.integers(1, K, size=len(label))) % K, label)
    label = np.where(false[member], LIES[attack](said[question], K, rng), label)
    return MemberAnswers(question, member, label, invitation, true), false


def estimate(answers: MemberAnswers) -> Floats:
    """Return how often each member gives the label that is estimated, (m,), by EM."""
    m, n = len(answers.invitation), len(answers.expected)
    question = np.concatenate([answers.question, np.arange(n)])
    member = np.concatenate([answers.member, np.full(n, m)])  # the expected labels
    label = np.concatenate([answers.label, answers.expected])
    truth = np.zeros((n, K))  # (n, k)
    np.add.at(truth, (question, label), 1.0)
    truth /= truth.sum(axis=1, keepdims=True)
    for _ in range(STEPS):
        confusion = np.full((m + 1, K, K), SMOOTHING)  # (m + 1, true k, said k)
        np.add.at(confusion.transpose(0, 2, 1), (member, label), truth[question])
        confusion /= confusion.sum(axis=2, keepdims=True)
        prior = truth.mean(axis=0) + 1e-9
        log = np.log(prior) + np.zeros((n, K))
        np.add.at(log, question, np.log(confusion[member, :, label]))
        truth = np.exp(log - log.max(axis=1, keepdims=True))
        truth /= truth.sum(axis=1, keepdims=True)
    right = truth[answers.question, answers.label]
    given = np.bincount(answers.member, minlength=m)
    return np.asarray(np.bincount(answers.member, right, m) / np.maximum(1, given))


def measure(members: int, each: int, attack: str, share: float, runs: int) -> Row:
    """Simulate collectives of a kind."""
    alarms, found = [], []
    for run in range(runs):
        rng = np.random.default_rng([members, each, len(attack), run])
        answers, false = simulate(members, each, attack, share, rng)
        left_out = [~find_unreliable(answers).kept, estimate(answers) < 0.5]
        alarms.append([bool((some & ~false).any()) for some in left_out])
        found.append([float(some[false].mean()) if false.any() else np.nan for some in left_out])
    wrong, right = np.mean(alarms, axis=0), np.mean(found, axis=0)
    return Row(members, each, attack, share, *map(float, (*wrong, *right)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.false_members", __doc__)
    parser.add_argument("--runs", type=int, default=30, help="number of collectives of each kind")
    parser.add_argument("--share", type=float, default=0.2, help="share of false members")
    given = parser.parse_args(arguments)
    kinds = [
        (members, each, attack, 0.0 if attack == HONEST else given.share)
        for members, each in ((30, 10), (30, 20), (60, 20))
        for attack in LIES
    ]
    rows = []
    with bar(len(kinds), "Collectives") as progress:
        for kind in kinds:
            rows.append(measure(*kind, runs=given.runs))
            progress.advance(1)
    if given.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=1)
        return
    print("| members | answers | false | honest left out | by estimates | found | by estimates |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.members} | {row.each} | {row.attack} | {row.alarms:.3f} | "
            f"{row.alarms_estimated:.3f} | {row.found:.2f} | {row.found_estimated:.2f} |"
        )


if __name__ == "__main__":
    main()
