"""What makes a better proxy, at equal queries? Agreement with the platform, and the gap closed.

``python -m benchmarks.surrogates --out FOLDER`` measures what is missing in a folder, one thread,
and prints a table of all that is there; ``--json`` prints the rows. Minutes a row. 200 members hold
ten photos each of the subgroup; each way of extraction gets the same answers. Agreement is with the
platform on people of the subgroup who are held out, and the change is ``combined``, label-free,
within 8/255. Figures, not tests.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.rows import parser_of
from quorate.intervals import mean_interval
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.runtime.progress import status
from quorate.runtime.seeds import stream
from quorate.table import Labels, Mask, Rng
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.questions import make_questions
from quorate.test_time.extraction.self_training import add_own_labels
from quorate.test_time.extraction.surrogate import Extraction, average, train_models
from quorate.test_time.perturbations.crafting import Crafting, craft
from quorate.test_time.platforms.platform import Answers, Pixels, to_features, to_pixels
from quorate.test_time.study.deployment import PlatformCell
from quorate.test_time.study.people import (
    CHANGES,
    QUESTIONS,
    SUBGROUP,
    SURROGATES,
    people_of,
)
from quorate.test_time.study.settings import make_correction
from quorate.test_time.study.sources import read_learner

WORLDS = {
    "CIFAR-10, low light": ("cifar10:held_out=2000", "low-light:noise=0.02"),
    "CIFAR-10, blur": ("cifar10:held_out=2000", "blur"),
    "CIFAR-100, low light": ("cifar100:held_out=2000", "low-light:noise=0.02"),
}
MEMBERS, PHOTOS, EPSILON = 200, 10, 8 / 255
QUERIES = (2_000, 400, 10_000)  # in all: of some photos, of each once, of each five times
LOOKS = 30_000  # pictures that a proxy looks at in training, repeats counted: a study's are 50,000
CRAFTING = Crafting(steps=60, batch_size=128, restarts=1)
DEFAULT = "three variants"
PROBABILITIES, VOTES = "four models, mean of probabilities", "four models, majority"


@dataclass(frozen=True)
class Way:
    """How a proxy is made.

    Args:
        name: in the table.
        variants: shifted and mirrored copies of each query.
        models: how many.
        scores: whether the platform gives scores.
        again: whether a second training follows, on what the first is sure of as well.
    """

    name: str
    variants: int = 3
    models: int = 1
    scores: bool = False
    again: bool = False


# Ways that begin with the same training stand together.
WAYS = (
    (Way(DEFAULT), Way("ensemble of two", models=2), Way("self-training", again=True)),
    (
        Way("scores", scores=True),
        Way("scores, ensemble of two", models=2, scores=True),
        Way("scores, two, self-training", models=2, scores=True, again=True),
    ),
    (Way("no variants", variants=0),),
    (Way("one variant", variants=1),),
    (Way("ensemble of four", models=4),),
)


@dataclass(frozen=True)
class Row:
    """What one way reaches.

    Args:
        world, seed, queries, way: which pool, and how the proxy was made of it.
        agreement: with the platform, on the subgroup held out.
        commonest: share of the platform's commonest answer there: an agreement that needs no proxy.
        accuracy: of the proxy itself there.
        closed: share of the gap that the change closes; None where none was crafted.
    """

    world: str
    seed: int
    queries: int
    way: str
    agreement: float
    commonest: float
    accuracy: float
    closed: float | None


@dataclass(frozen=True, eq=False)
class World:
    """A platform, members' photos, and people of the subgroup who are held out.

    Args:
        model: the platform's.
        classes: its labels.
        photos, labels: members' photos, (p, c, h, w), and their true labels.
        x, y: people of the subgroup held out.
        said: the platform's labels of them.
        others: the platform's accuracy on everyone else.
    """

    model: NetworkClassifier
    classes: tuple[str, ...]
    photos: Pixels
    labels: Labels
    x: Pixels
    y: Labels
    said: Labels
    others: float

    @property
    def before(self) -> float:
        """Accuracy on the subgroup without a change."""
        return float((self.said == self.y).mean())

    def ask(self, queries: int, seed: int) -> QueryPool:
        """Return the members' questions with labels and scores."""
        seed = int(stream(seed, QUESTIONS).generate_state(1)[0])
        asked = make_questions(self.photos, MEMBERS, PHOTOS, queries // MEMBERS, seed)
        scores = self.model.probabilities(to_features(asked.x))
        return QueryPool(asked.x, Answers(scores.argmax(1), scores), asked.member, asked.photo)

    def closed_by(self, models: Sequence[NetworkClassifier], seed: int) -> float:
        """Return the share of the gap that a change closes which is crafted on these models."""
        change = craft(
            models,
            self.photos,
            self.labels,
            self.classes,
            CRAFTING,
            np.random.default_rng(stream(seed, CHANGES)),
            epsilon=EPSILON,
            family="combined",
            label_free=True,
        )
        said = self.model.predict(to_features(change.apply(self.x, self.y)))
        return (float((said == self.y).mean()) - self.before) / (self.others - self.before)


@functools.cache
def draw_world(name: str, seed: int) -> World:
    """Train a platform."""
    population, subgroup = WORLDS[name]
    correction = make_correction(
        population=population, subgroup=subgroup, platform="cnn", seeds=[seed]
    )
    split = people_of(correction, seed)
    model = PlatformCell(correction, seed, "cnn").fit()
    assert isinstance(model, NetworkClassifier)
    assert split.held_out.group is not None  # drawn with groups
    return make_world(
        model,
        split.photos.classes,
        (to_pixels(split.photos.x), split.photos.y),
        (split.x, split.held_out.y),
        split.held_out.group == SUBGROUP,
    )


def make_world(
    model: NetworkClassifier,
    classes: tuple[str, ...],
    photos: tuple[Pixels, Labels],
    held_out: tuple[Pixels, Labels],
    inside: Mask,
) -> World:
    """Return the world of a platform: the photos that members hold, and what it says of others."""
    x, y = held_out
    said, held = model.predict(to_features(x)), slice(MEMBERS * PHOTOS)
    others = float((said == y)[~inside].mean())
    return World(
        model, classes, photos[0][held], photos[1][held], x[inside], y[inside], said[inside], others
    )


def measure(name: str, seed: int, queries: int, ways: Sequence[Way]) -> Iterator[Row]:
    """Yield a row for each of some ways that begin with the same training.

    As ``extract`` does it, but that a second training looks at as many pictures as the first, which
    ways have in common.
    """
    world, first = draw_world(name, seed), ways[0]
    pool = world.ask(queries, seed)
    if not first.scores:
        pool = replace(pool, answers=Answers(pool.answers.labels))
    extraction = Extraction(variants=first.variants, ensemble=max(way.models for way in ways))
    rng = np.random.default_rng(stream(seed, SURROGATES))
    learned = pool.take(~pool.held_out(extraction.validation, rng))
    models = _train(learned, world.classes, extraction, rng)
    x = to_features(world.x)

    def row(way: str, answers: Labels, closed: float | None) -> Row:
        agreement, commonest = (answers == world.said).mean(), np.bincount(world.said).max()
        accuracy = (answers == world.y).mean()
        facts = (float(agreement), float(commonest / len(x)), float(accuracy))
        return Row(name, seed, queries, way, *facts, closed)

    for way in ways:
        some = models[: way.models]
        if way.again:
            unlabelled = world.photos[pool.unasked(len(world.photos))]
            more = add_own_labels(learned, average(some), unlabelled, extraction.sure, rng)
            some = _train(more, world.classes, replace(extraction, ensemble=way.models), rng)
        yield row(way.name, average(some).predict(x), world.closed_by(some, seed))
    if len(models) == 4:
        scores = np.stack([one.probabilities(x) for one in models])
        votes = np.eye(scores.shape[2])[scores.argmax(axis=2)].sum(axis=0)
        yield row(PROBABILITIES, scores.mean(axis=0).argmax(axis=1), None)
        yield row(VOTES, (votes + 1e-3 * scores.mean(axis=0)).argmax(axis=1), None)


def _train(
    pool: QueryPool, classes: tuple[str, ...], extraction: Extraction, rng: Rng
) -> list[NetworkClassifier]:
    """Return convolutional proxies, however many rows there are after equally many pictures."""
    learner = read_learner("cnn", LOOKS).sized((extraction.variants + 1) * len(pool))
    return train_models(pool, classes, [learner], extraction, rng)


def fill(file: Path, worlds: Sequence[str], seeds: Sequence[int], queries: Sequence[int]) -> None:
    """Measure what the file lacks; rows are kept as soon as they are there."""
    done = {(row.world, row.seed, row.queries, row.way) for row in read(file)}
    for seed, budget, world, ways in itertools.product(seeds, queries, worlds, WAYS):
        if all((world, seed, budget, way.name) in done for way in ways):
            continue
        status(f"{world}, seed {seed}, {budget} queries: {ways[0].name}")
        for row in measure(world, seed, budget, ways):
            if (world, seed, budget, row.way) not in done:
                with file.open("a") as out:
                    out.write(json.dumps(asdict(row)) + "\n")


def read(file: Path) -> list[Row]:
    """Return the rows of a file, none where there is no file."""
    return (
        [Row(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
    )


def print_table(rows: Sequence[Row]) -> None:
    """Print agreement and gap closed by way and budget, and what each adds to the default."""
    names = dict.fromkeys(row.way for row in rows)
    budgets = sorted({row.queries for row in rows})
    for world in dict.fromkeys(row.world for row in rows):
        inside = [row for row in rows if row.world == world]
        commonest = np.mean([row.commonest for row in inside])
        print(f"\n{world}; the commonest answer is {commonest:.3f} of all\n")
        print("| way | " + " | ".join(f"{n:,}" for n in budgets) + " |")
        print("|---" * (len(budgets) + 1) + "|")
        for name in names:
            cells = [_cell([r for r in inside if (r.way, r.queries) == (name, n)]) for n in budgets]
            print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nMore than {DEFAULT}, mean over worlds, seeds and budgets\n")
    print("| way | pools | agreement | gap closed |\n|---|---|---|---|")
    base = {(r.world, r.seed, r.queries): r for r in rows if r.way == DEFAULT}
    for name in names:
        pairs = [
            (r, base[r.world, r.seed, r.queries])
            for r in rows
            if r.way == name and (r.world, r.seed, r.queries) in base
        ]
        agreed = [one.agreement - other.agreement for one, other in pairs]
        closed = [
            one.closed - other.closed
            for one, other in pairs
            if one.closed is not None and other.closed is not None
        ]
        print(f"| {name} | {len(pairs)} | {_mean(agreed)} | {_mean(closed)} |")


def _cell(rows: Sequence[Row]) -> str:
    """Return agreement and gap closed, the mean over seeds."""
    if not rows:
        return ""
    closed = [row.closed for row in rows if row.closed is not None]
    told = f", {np.mean(closed):+.2f}" if closed else ""
    return f"{np.mean([row.agreement for row in rows]):.3f}{told}"


def _mean(values: Sequence[float]) -> str:
    """Return the mean with its interval."""
    if len(values) < 2:
        return ""
    mean, low, high = (float(one[0]) for one in mean_interval(np.array([values])))
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is missing, and print all there is."""
    parser = parser_of("benchmarks.surrogates", __doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[100, 101], help="seeds")
    parser.add_argument("--queries", type=int, nargs="+", default=QUERIES, help="queries in all")
    parser.add_argument(
        "--worlds", nargs="*", default=list(WORLDS), help="worlds; none: only print"
    )
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    file = given.out / "surrogates.jsonl"
    fill(file, given.worlds, given.seeds, given.queries)
    rows = read(file)
    if given.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
