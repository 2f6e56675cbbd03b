"""A study: the static list of cells that a sweep runs, as plain data."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.lab.alphas import parse_alphas
from quorate.lab.trial import Trial
from quorate.protocols import Goal, Learner, Population, Strategy
from quorate.theory.suboptimality import Reading, suboptimality_constant
from quorate.validate import at_least, in_interval, unknown

DEFAULT_ALPHAS = "0.001:0.1:7"
KEYS = (
    *("population", "strategy", "goal", "learner", "alphas", "seeds", "target"),
    *("eps", "reading", "title"),
)


@dataclass(frozen=True)
class Study:
    """Every population × strategy × goal × learner × size × seed, and how to read the result.

    Args:
        populations, strategies, learners: the methods.
        goals: empty judges each strategy by its own goal.
        alphas: sizes of the collective, fractions in [0, 1], 0 among them.
        seeds: the seeds, each at least 0.
        target: S*, the success that the critical mass is read at.
        eps, reading: how suboptimal a platform the theory line allows for.
        title: of the report.
    """

    populations: tuple[Population, ...]
    strategies: tuple[Strategy, ...]
    learners: tuple[Learner, ...]
    goals: tuple[Goal, ...] = ()
    alphas: tuple[float, ...] = parse_alphas(DEFAULT_ALPHAS)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    target: float = 0.9
    eps: float = 0.0
    reading: Reading = "tv"
    title: str = "S(α), how success grows with the collective"

    def __post_init__(self) -> None:
        in_interval("target", self.target, 0, 1, "It is a success rate.")
        suboptimality_constant(self.eps, self.reading)
        for name in ("populations", "strategies", "learners", "seeds"):
            if not getattr(self, name):
                raise InputError(f"Expected at least one of {name}, got none. Name one.")

    def cells(self) -> tuple[Trial, ...]:
        """Return the cells in a fixed order: those of one seed's people stand together."""
        pairs = [
            (strategy, goal)
            for strategy in self.strategies
            for goal in self.goals or (strategy.goal,)
        ]
        return tuple(
            Trial(population, strategy, goal, learner, alpha, seed)
            for population, seed, (strategy, goal), learner, alpha in itertools.product(
                self.populations, self.seeds, pairs, self.learners, self.alphas
            )
        )

    def describe(self) -> dict[str, Any]:
        """Return the study as plain data that ``make_study`` takes back."""
        return {
            "population": [spec.describe(p) for p in self.populations],
            "strategy": [spec.describe(s) for s in self.strategies],
            "goal": [spec.describe(g) for g in self.goals],
            "learner": [spec.describe(learner) for learner in self.learners],
            "alphas": list(self.alphas),
            "seeds": list(self.seeds),
            "target": self.target,
            "eps": self.eps,
            "reading": self.reading,
            "title": self.title,
        }

    def fingerprints(self) -> dict[str, str]:
        """Return the digests of the user's own files, by the populations that read them."""
        digests = {spec.text(p): p.fingerprint() for p in self.populations}
        return {name: digest for name, digest in digests.items() if digest is not None}


def make_study(**plain: Any) -> Study:
    """Return the study that plain data (of a file, the command line or Python) stand for.

    Args:
        plain: ``population``, ``strategy`` and ``learner``, and where wanted ``goal``: one method
            or a list, each as text, plain data or an object; ``alphas``: ``lo:hi:count``, a comma
            list or numbers; ``seeds``: how many, or a list; ``target``, ``eps``, ``reading``,
            ``title`` as in ``Study``.

    >>> study = make_study(population="digits", strategy="planting", learner="sgd", seeds=3)
    >>> len(study.cells())
    24

    Raises:
        InputError: a key, name, parameter or value is not known.
    """
    for key in plain:
        if key not in KEYS:
            raise unknown("key of a study", key, KEYS)
    for key in ("population", "strategy", "learner"):
        if not plain.get(key):
            raise InputError(
                f"Expected a {key}, got none. Name one; quorate list {_kind(key)} shows them."
            )
    types = {"reading": Reading, "title": str, "target": float, "eps": float}
    rest: dict[str, Any] = {
        key: spec.convert(plain[key], type_, key) for key, type_ in types.items() if key in plain
    }
    return Study(
        populations=_methods("population", plain),
        strategies=_methods("strategy", plain),
        learners=_methods("learner", plain),
        goals=_methods("goal", plain),
        alphas=parse_alphas(plain.get("alphas", DEFAULT_ALPHAS)),
        seeds=_seeds(plain.get("seeds", 5)),
        **rest,
    )


def read_study(path: str | Path) -> Study:
    """Return the study in a TOML file.

    Raises:
        InputError: the file is not there, is not TOML, or its content is not a study.
    """
    try:
        with open(path, "rb") as file:
            plain = tomllib.load(file)
    except OSError as error:
        raise InputError(
            f"Expected a study file at {path}, got: {error.strerror}. Give a TOML file."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"Expected {path} to be TOML, got: {error}. Mend that line.") from None
    return make_study(**plain)


def _kind(key: str) -> str:
    return {"strategy": "strategies"}.get(key, key + "s")


def _methods(key: str, plain: Mapping[str, Any]) -> tuple[Any, ...]:
    given = plain.get(key) or []
    several = isinstance(given, Sequence) and not isinstance(given, str)
    methods = [catalog.build(_kind(key), one) for one in (given if several else [given])]
    distinct = {spec.content_id(spec.describe(method)): method for method in methods}
    return tuple(distinct.values())


def _seeds(given: Any) -> tuple[int, ...]:
    if isinstance(given, int) and not isinstance(given, bool):
        at_least("seeds", given, 1, "Run at least one seed.")
        return tuple(range(given))
    if isinstance(given, Sequence) and not isinstance(given, str):
        return tuple(dict.fromkeys(spec.convert(seed, int, "seeds") for seed in given))
    raise InputError(
        f"Expected seeds to be a number of seeds or a list, got {given!r}. Use seeds=5."
    )
