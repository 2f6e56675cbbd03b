"""How much of a published change is lost where members answer falsely, with and without a defence?

``python -m benchmarks.byzantine --out FOLDER`` prints a table, ``--json`` one JSON object, and
``--figure FILE`` draws. What is computed lies in the folder: the same command goes on where it
stopped. Each cell is a seed, an attack and a share of false members: the platform is trained, the
questions are dealt by the coordinator's queue, answers are false where members are, and the change
is extracted, crafted and measured by the library on people held out. Figures, not tests.
"""

from __future__ import annotations

import functools
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.rows import parser_of
from quorate.collective.pool.agreed import agree
from quorate.collective.pool.assignment import Held, deal_turns, next_turns, questions_within
from quorate.collective.pool.compared import MemberAnswers
from quorate.collective.pool.reliability import Reliability, find_unreliable
from quorate.figures import style
from quorate.intervals import mean_interval
from quorate.runtime.progress import bar
from quorate.runtime.provenance import provenance
from quorate.runtime.seeds import stream
from quorate.runtime.threads import one_thread
from quorate.table import Labels, Mask, Rng
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.surrogate import SurrogateEnsemble, extract
from quorate.test_time.perturbations.crafting import craft
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import Answers, Card, Pixels, to_features, to_pixels
from quorate.test_time.study.adaptive import fit_platform
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.evaluation import Evaluator
from quorate.test_time.study.people import PeopleSplit, people_of
from quorate.test_time.study.settings import make_correction
from quorate.test_time.study.sources import SizedLearner

HONEST, DOUBLED, MISTYPED = "nobody", 0.25, 0.03
NONE, ROBUST, TESTED = "none", "robust=true", "the pool's tests"
DEFENCES = (NONE, ROBUST, TESTED)
DEALING, LYING, LEARNING, CHANGING = range(100, 104)  # streams of a seed, beside a correction's


@dataclass(frozen=True)
class World:
    """Who acts on what: members, the questions of each, and the correction of one platform."""

    correction: Correction
    members: int
    each: int

    @property
    def questions(self) -> int:
        """Number of questions that the members' budgets suffice for."""
        return questions_within(self.members * self.each, DOUBLED)


@dataclass(frozen=True)
class Outcome:
    """One seed, one attack, one share of false members, one defence.

    Args:
        seed, attack, share, defence: which.
        closed: share of the accuracy gap that the change closes.
        agreement: how often the surrogate answers as the platform, on people held out.
        found: share of the false members whose answers are left out; NaN if there are none.
        alarms: honest members whose answers are left out.
    """

    seed: int
    attack: str
    share: float
    defence: str
    closed: float
    agreement: float
    found: float
    alarms: int


def digits(members: int = 36, each: int = 15) -> World:
    """Small pictures, for a test and for a sweep over shares."""
    return World(
        make_correction(
            population="digits",
            subgroup="low_light:noise=0.1",
            platform="mlp:epochs=20",
            proxy="mlp:epochs=60",
            epsilon="16/255",
            crafting="steps=30,restarts=1",
            members=members,
        ),
        members,
        each,
    )


def mnist(members: int = 60, each: int = 20) -> World:
    """Larger pictures, for which the data have to be there."""
    return World(
        make_correction(
            population="mnist:n=8000,held_out=2000",
            subgroup="low_light:noise=0.1",
            platform="mlp:epochs=5",
            proxy="mlp:epochs=20",
            epsilon="4/255",
            crafting="steps=30,restarts=1",
            members=members,
        ),
        members,
        each,
    )


WORLDS = {"digits": digits, "mnist": mnist}

# What a false member says in place of the platform's answer, a label of k.
Lie = Callable[[Labels, int, Rng], Labels]
LIES: dict[str, Lie] = {
    HONEST: lambda said, k, rng: said,
    "at random": lambda said, k, rng: rng.integers(k, size=len(said)),
    "inverted": lambda said, k, rng: k - 1 - said,
    "one label": lambda said, k, rng: np.zeros_like(said),
    "copies, one invitation": lambda said, k, rng: (said + 1) % k,
    "accomplices": lambda said, k, rng: (said + 1) % k,  # as copies, with invitations of their own
}
COPIES = "copies, one invitation"
ATTACKS = tuple(LIES)[1:]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A platform of a seed, and its answers to the questions."""

    split: PeopleSplit
    evaluator: Evaluator
    x: Pixels
    true: Labels
    said: Labels


@functools.lru_cache(maxsize=1)
def prepare(world: World, seed: int) -> Prepared:
    """Train the platform, and ask it all questions once."""
    correction = world.correction
    split = people_of(correction, seed)
    (name,) = correction.platforms
    source = correction.sources[name]
    assert isinstance(source, SizedLearner)  # of the worlds above
    learner = source.sized(len(split.train))
    model = fit_platform(learner, split.train, np.random.default_rng(stream(seed, 1)))
    card = Card("platform", split.train.classes, split.x.shape[1:])
    platform = InProcessPlatform(model, card)
    x = to_pixels(split.photos.x[: world.questions])
    if len(x) < world.questions:
        raise SystemExit(f"Expected {world.questions} photos, got {len(x)}. Ask fewer questions.")
    said = platform.ask(x, ["member"] * len(x)).labels
    return Prepared(split, Evaluator(platform, split), x, split.photos.y[: len(x)], said)


def answers_of(
    world: World, ready: Prepared, seed: int, attack: str, share: float
) -> tuple[MemberAnswers, Mask]:
    """Return what the members say, and who is false, (m,). Honest ones mistype up to 3 in 100."""
    m, k = world.members, ready.split.train.k
    false = np.arange(m) < round(share * m)
    invitation = np.where(false & (attack == COPIES), m, np.arange(m))
    question, member = hand_out(world, invitation, np.random.default_rng(stream(seed, DEALING)))
    rng = np.random.default_rng(stream(seed, LYING))
    label = ready.said[question]
    slips = rng.random(len(label)) < rng.uniform(0, MISTYPED, size=m)[member]
    label = np.where(slips, (label + rng.integers(1, k, size=len(label))) % k, label)
    label = np.where(false[member], LIES[attack](ready.said[question], k, rng), label)
    return MemberAnswers(question, member, label, invitation, ready.true), false


def hand_out(world: World, invitation: Labels, rng: Rng) -> tuple[Labels, Labels]:
    """Return each answer's question and member: members come in any order, five questions each."""
    turns = deal_turns(world.questions, DOUBLED, rng)
    held = Held.nothing(len(turns))
    busy = list(range(world.members))
    while busy:
        i = busy[rng.integers(len(busy))]
        had = turns.question[held.member == i]
        most = min(5, world.each - len(had))
        given = next_turns(turns, held, had, int(invitation[i]), 0.0, most)
        if not len(given):
            busy.remove(i)
        held.member[given], held.invitation[given] = i, invitation[i]
        held.answered[given] = True
    return turns.question[held.answered], held.member[held.answered]


def measure(
    world: World, seed: int, attack: str, share: float, defences: Sequence[str] = DEFENCES
) -> Iterator[Outcome]:
    """Measure what each defence leaves of the change."""
    ready = prepare(world, seed)
    answers, false = answers_of(world, ready, seed, attack, share)
    everyone = Reliability(np.ones(world.members, dtype=bool), (), 0.01, 0.0)
    every_answer = QueryPool(
        ready.x[answers.question],
        Answers(answers.label),
        answers.member,
        np.arange(len(answers)),  # robust=true takes each photo to be one member's
    )
    tested = find_unreliable(answers)
    pools = {
        NONE: (agree(answers, everyone, ready.x, np.arange(len(ready.x))).pool, everyone),
        ROBUST: (every_answer, None),
        TESTED: (agree(answers, tested, ready.x, np.arange(len(ready.x))).pool, tested),
    }
    for defence in defences:
        pool, reliability = pools[defence]
        surrogates = _extract(world, ready, seed, pool, robust=reliability is None)
        if reliability is None:
            left_out = np.isin(np.arange(world.members), surrogates.suspects)
        else:
            left_out = ~reliability.kept
        yield Outcome(
            seed,
            attack,
            share,
            defence,
            closed=_closed(world, ready, seed, surrogates),
            agreement=_agreement(ready, surrogates),
            found=float(left_out[false].mean()) if false.any() else math.nan,
            alarms=int((left_out & ~false).sum()),
        )


def _extract(
    world: World, ready: Prepared, seed: int, pool: QueryPool, robust: bool
) -> SurrogateEnsemble:
    correction = world.correction
    extraction = replace(correction.extraction, robust=robust)
    copies = extraction.variants + 1
    (proxy,) = correction.proxies
    learners = [one.sized(copies * len(pool)) for one in correction.surrogates[proxy].learners]
    rng = np.random.default_rng(stream(seed, LEARNING))
    return extract(pool, ready.split.train.classes, learners, extraction, rng)


def _closed(world: World, ready: Prepared, seed: int, surrogates: SurrogateEnsemble) -> float:
    """Return what the change closes; it is crafted on the organiser's pictures and labels."""
    correction = world.correction
    change = craft(
        surrogates.models,
        ready.x,
        ready.true,
        ready.split.train.classes,
        correction.crafting,
        np.random.default_rng(stream(seed, CHANGING)),
        epsilon=correction.epsilons[0],
        norm=correction.norm,
    )
    rng = np.random.default_rng(0)  # of the interval, which is not used
    return ready.evaluator.closed(ready.evaluator.after(change), rng).value


def _agreement(ready: Prepared, surrogates: SurrogateEnsemble) -> float:
    inside = ready.split.inside
    said = surrogates.models[0].predict(to_features(ready.split.x[inside]))
    return float((said == ready.evaluator.before[inside]).mean())


# ------------------------------------------------------------------------- all cells


@dataclass(frozen=True)
class Summary:
    """What an attack costs under a defence, over seeds.

    Args:
        attack, share, defence: which.
        closed: mean share of the gap closed.
        lost: mean share of what honest members would close that is lost, and its interval.
        found: mean share of the false members found.
        alarms: honest members left out, in all seeds.
    """

    attack: str
    share: float
    defence: str
    closed: float
    lost: float
    low: float
    high: float
    found: float
    alarms: int


def run(world: str, cells: Sequence[tuple[int, str, float]], out: Path) -> list[Outcome]:
    """Measure all cells that the folder does not hold yet, and return those asked for."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"byzantine-{world}.jsonl"
    done: dict[tuple[int, str, float], list[Outcome]] = {}
    if file.exists():
        for line in file.read_text().splitlines():
            some = [Outcome(**plain) for plain in json.loads(line)]
            done[some[0].seed, some[0].attack, some[0].share] = some
    missing = [cell for cell in cells if cell not in done]
    made = WORLDS[world]()
    with bar(len(missing), world) as progress, one_thread(), file.open("a") as lines:
        for cell in missing:
            seed, attack, share = cell
            done[cell] = list(measure(made, seed, attack, share))
            lines.write(json.dumps([asdict(one) for one in done[cell]]) + "\n")
            lines.flush()
            progress.advance(1)
    return [one for cell in cells for one in done[cell]]


def summarise(outcomes: Sequence[Outcome]) -> list[Summary]:
    """Return the means over seeds, each attack beside honest members of the same seed."""
    honest = {
        one.seed: one.closed for one in outcomes if (one.attack, one.defence) == (HONEST, NONE)
    }
    found: dict[tuple[str, float, str], list[Outcome]] = {}
    for one in outcomes:
        found.setdefault((one.attack, one.share, one.defence), []).append(one)
    summaries = []
    mean = np.mean(list(honest.values()))
    for (attack, share, defence), some in found.items():
        lost = np.array([[(honest[one.seed] - one.closed) / mean for one in some]])
        value, low, high = (float(end[0]) for end in mean_interval(lost))
        closed = float(np.mean([one.closed for one in some]))
        told = float(np.mean([one.found for one in some]))
        alarms = sum(one.alarms for one in some)
        summaries.append(Summary(attack, share, defence, closed, value, low, high, told, alarms))
    return summaries


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.byzantine", __doc__)
    parser.add_argument("--world", choices=WORLDS, default="digits", help="what is asked about")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--shares", default="0.2", help="shares of false members, with commas")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks"), help="folder to keep")
    parser.add_argument("--figure", type=Path, help="file to draw, an .svg")
    given = parser.parse_args(arguments)
    shares = [float(share) for share in given.shares.split(",")]
    kinds = [(HONEST, 0.0), *((attack, share) for share in shares for attack in ATTACKS)]
    cells = [(seed, *kind) for seed in range(given.seeds) for kind in kinds]
    started = time.perf_counter()
    rows = summarise(run(given.world, cells, given.out))
    seconds = time.perf_counter() - started
    if given.figure:
        given.figure.write_bytes(style.render(draw(rows), "svg"))
    if given.json:
        facts = {"hardware": provenance(), "seconds": seconds, "world": given.world}
        json.dump({**facts, "rows": [asdict(row) for row in rows]}, sys.stdout, indent=1)
        return
    print("| attack | share | defence | gap closed | lost | 95% | found | honest left out |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.attack} | {row.share:g} | {row.defence} | {row.closed:.2f} | {row.lost:.0%} | "
            f"{row.low:.0%} to {row.high:.0%} | {row.found:.2f} | {row.alarms} |"
        )


@style.styled
def draw(rows: Sequence[Summary]) -> style.Figure:
    """Return what each attack costs under each defence: a panel for each share of false members."""
    shares = sorted({row.share for row in rows if row.attack != HONEST})
    figure, panels = style.paired_panels(len(shares), 3.1, 2.9, margin=1.0, sharex=True)
    for panel, share in zip(panels, shares, strict=True):
        panel.axvline(0.1, **style.DASHED)
        panel.axvline(0, color=style.GREY, linewidth=0.8)
        for i, defence in enumerate(DEFENCES):
            at, lost, ends = [], [], ([], [])  # type: ignore[var-annotated]
            for row in rows:
                if (row.share, row.defence) == (share, defence):
                    at.append(ATTACKS.index(row.attack) + 0.22 * (i - 1))
                    lost.append(row.lost)
                    ends[0].append(row.lost - row.low)
                    ends[1].append(row.high - row.lost)
            panel.errorbar(lost, at, xerr=ends, linestyle="none", label=defence, **style.look(i))
        panel.set_title(f"{style.percent_of(share)} of the members are false")
        panel.set_yticks(range(len(ATTACKS)), ATTACKS if panel is panels[0] else [])
        panel.grid(visible=False, axis="y")
        panel.invert_yaxis()
        panel.xaxis.set_major_formatter(lambda value, _: style.percent_of(round(value, 4)))
        panel.tick_params(labelbottom=True)
    panels[0].legend(title="defence", frameon=False, fontsize=8, loc="center right")
    figure.supxlabel("lost of the gap closed with honest members (95% intervals)", fontsize=9)
    return figure


if __name__ == "__main__":
    main()
