"""A study: the static list of cells that a sweep runs, as plain data."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quorate import catalog, spec
from quorate.bring_your_own.data_kinds import is_data
from quorate.bring_your_own.holding import HoldsObject
from quorate.bring_your_own.import_paths import refusing
from quorate.dependencies import find_dependencies
from quorate.errors import InputError
from quorate.executors.resources import take_resources
from quorate.printable import printable
from quorate.protocols import Goal, Learner, Population, Strategy
from quorate.runtime.files import read_toml
from quorate.runtime.seeds import read_seeds
from quorate.studies.alphas import parse_alphas
from quorate.studies.trial import ANYONE, Trial
from quorate.theory.suboptimality import Reading, suboptimality_constant
from quorate.validate import in_interval, listed, shown, unknown

DEFAULT_ALPHAS = "0.001:0.1:7"
KEYS = (
    *("population", "strategy", "goal", "learner", "alphas", "seeds", "target"),
    *("eps", "reading", "title", "names", "name", "collective"),
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
        names: what methods are called in tables and figures, by their text.
        collectives: groups that members come from, each alone; "anyone" may be of any.
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
    names: Mapping[str, str] = field(default_factory=dict)
    collectives: tuple[str, ...] = (ANYONE,)

    def __post_init__(self) -> None:
        in_interval("target", self.target, 0, 1, "It is a success rate.")
        suboptimality_constant(self.eps, self.reading)
        for name in ("populations", "strategies", "learners", "seeds"):
            if not getattr(self, name):
                raise InputError(f"Expected at least one of {name}, got none. Name one.")
        catalog.code_of(spec.methods_within(self._methods()))  # refuses two classes of one name

    def called(self, text: str) -> str:
        """Return what a method is called: its own name where it has one, else its text."""
        return self.names.get(text, text)

    def cells(self) -> tuple[Trial, ...]:
        """Return the cells in a fixed order: those of one seed's people stand together."""
        pairs = [
            (strategy, goal)
            for strategy in self.strategies
            for goal in self.goals or (strategy.goal,)
        ]
        return tuple(
            Trial(population, strategy, goal, learner, alpha, seed, collective)
            for population, seed, (strategy, goal), collective, learner, alpha in itertools.product(
                self.populations, self.seeds, pairs, self.collectives, self.learners, self.alphas
            )
        )

    def describe(self) -> dict[str, Any]:
        """Return the study as plain data that ``make_study`` takes back."""
        of_a_group = {} if self.collectives == (ANYONE,) else {"collective": [*self.collectives]}
        return of_a_group | {
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
            "names": dict(self.names),
        }

    def state(self) -> dict[str, dict[str, str]]:
        """Return digests of what the study reads and is made of, beside its parameters.

        ``data`` holds those of the populations' files, by population; ``files`` and ``code`` are as
        in ``find_dependencies``, and are not there where there are none.
        """
        digests = {spec.text(p): p.fingerprint() for p in self.populations}
        data = {name: digest for name, digest in digests.items() if digest is not None}
        found = find_dependencies(self._methods())
        files = {name: one for name, one in found.pop("files", {}).items() if name not in data}
        return {"data": data, **({"files": files} if files else {}), **found}

    def _methods(self) -> tuple[Any, ...]:
        return *self.populations, *self.strategies, *self.goals, *self.learners


def make_study(**plain: Any) -> Study:
    """Return the study that plain data (of a file, the command line or Python) stand for.

    Args:
        plain: ``population``, ``strategy`` and ``learner``, and where wanted ``goal``: one method
            or a list, each as text, plain data or an object, or a mapping from what they are to be
            called; ``alphas``: ``lo:hi:count``, a comma
            list or numbers; ``seeds``: how many, or a list; ``target``, ``eps``, ``reading``,
            ``title``, ``names`` as in ``Study``; ``collective``: a group or a list, by default
            "anyone"; ``name``: what the learners are to be called, in their order, or the
            strategies where there is one learner and several of them.

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
        if _is_left_out(plain.get(key)):
            raise InputError(
                f"Expected a {key}, got none. Name one; quorate list {_kind(key)} shows them."
            )
    names = _names(plain.get("names", {}))
    types = {"reading": Reading, "title": str, "target": float, "eps": float}
    rest: dict[str, Any] = {
        key: spec.convert(plain[key], type_, key) for key, type_ in types.items() if key in plain
    }
    populations, strategies, learners, goals = (
        _methods(key, plain, names) for key in ("population", "strategy", "learner", "goal")
    )
    if plain.get("name"):
        _name_in_order(plain["name"], learners, strategies, names)
    _name_own((*populations, *strategies, *learners, *goals), names)
    return Study(
        populations=populations,
        strategies=strategies,
        learners=learners,
        goals=goals,
        alphas=parse_alphas(plain.get("alphas", DEFAULT_ALPHAS)),
        seeds=read_seeds(plain.get("seeds", 5)),
        names=names,
        collectives=_groups(plain.get("collective") or ANYONE),
        **rest,
    )


def read_study(path: str | Path) -> Study:
    """Return the study in a TOML file, whatever it says on where cells are computed.

    Raises:
        InputError: the file is not there, is not TOML, or its content is not a study.
    """
    plain = read_toml(path)
    take_resources(plain, path)
    with refusing("a study file"):
        return make_study(**plain)


def _kind(key: str) -> str:
    return {"strategy": "strategies"}.get(key, key + "s")


def _methods(key: str, plain: Mapping[str, Any], names: dict[str, str]) -> tuple[Any, ...]:
    """Return the methods named under a key, and note in ``names`` what they are to be called."""
    given: Any = plain.get(key)
    if _is_left_out(given):
        given = []
    if is_data(given):  # of one population, though it may be a tuple or a mapping
        named: list[tuple[str | None, Any]] = [(None, catalog.build(_kind(key), given))]
    elif _is_named(given):
        named = [
            (_name("name", name), catalog.build(_kind(key), one)) for name, one in given.items()
        ]
    else:
        several = isinstance(given, Sequence) and not isinstance(given, str)
        named = [(None, catalog.build(_kind(key), one)) for one in (given if several else [given])]
    catalog.code_of(spec.methods_within([method for _, method in named]))
    distinct = {spec.content_id(spec.describe(method)): method for _, method in named}
    for name, method in named:
        text = spec.text(method)
        if name is not None and names.setdefault(text, name) != name:
            raise InputError(
                f"Expected one name for {text}, got {names[text]!r} and {name!r}. Name it once, or "
                "give the two different parameters."
            )
    return tuple(distinct.values())


def _name_own(methods: Iterable[Any], names: dict[str, str]) -> None:
    """Note in ``names`` what objects of the user's own are called, where no name was given.

    A method with such an object inside it is called by its text, less what says how it is held.
    """
    methods = list(methods)
    own = [one for one in methods if hasattr(one, "called") and spec.text(one) not in names]
    taken = Counter([*(one.called for one in own), *names.values()])
    for one in own:
        text, called = spec.text(one), _name("name", one.called)
        names[text] = called if taken[called] == 1 else f"{called} {text.rpartition(' ')[2]}"
    for one in methods:
        text = called = spec.text(one)
        for inside in spec.methods_within(one):
            if inside is not one and isinstance(inside, HoldsObject):
                words, held = spec.text(inside), str(inside.held)
                called = called.replace(f"({words})", held)
                called = called.replace(words.replace(":", ",", 1), held)
        if called != text:
            names.setdefault(text, _name("name", called))


def _name_in_order(
    given: Any, learners: Sequence[Any], strategies: Sequence[Any], names: dict[str, str]
) -> None:
    """Note in ``names`` what the learners, or else the strategies, are called in their order."""
    several = isinstance(given, Sequence) and not isinstance(given, str)
    wanted = [_name("name", one).strip() for one in (given if several else [given])]
    methods = strategies if len(learners) == 1 and len(wanted) > 1 else learners
    unnamed = [spec.text(method) for method in methods if spec.text(method) not in names]
    if len(wanted) != len(unnamed):
        raise InputError(
            f"Expected a name for each of {len(unnamed)} learners, in their order, got "
            f"{len(wanted)}: {listed(wanted)}. Name each that has none, or leave name out."
        )
    if "" in wanted or len({*wanted, *names.values()}) < len(wanted) + len(names):
        raise InputError(
            f"Expected names that differ and are not empty, got {listed(wanted)}. Give each curve "
            "a name of its own."
        )
    names |= dict(zip(unnamed, wanted, strict=True))


def _names(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise InputError(
            f"Expected names to be a table of texts, got {shown(given)}. Write names = {{sgd = "
            "'plain SGD'}."
        )
    return {str(key): _name("names", name) for key, name in given.items()}


def _name(where: str, given: Any) -> str:
    """Return a name that every table, page and figure can show."""
    name: str = spec.convert(given, str, where)
    if " ".join(printable(name).splitlines()).replace("\t", " ") != name:
        raise InputError(
            f"Expected {where} to be text in one line, without control characters, got "
            f"{shown(given)}. Leave them out."
        )
    return name


def _groups(given: Any) -> tuple[str, ...]:
    several = isinstance(given, Sequence) and not isinstance(given, str)
    names = [spec.convert(one, str, "collective") for one in (given if several else [given])]
    return tuple(dict.fromkeys(names))


def _is_left_out(given: Any) -> bool:
    """Whether nothing was given; whether a data frame is empty is not for it to say."""
    return given is None or (isinstance(given, str | Sequence | Mapping) and not given)


def _is_named(given: Any) -> bool:
    """Whether methods are given by what they are to be called, and not one as plain data."""
    if not isinstance(given, Mapping) or "name" in given:
        return False
    return not any(isinstance(value, int | float) for value in given.values())
