"""A correction: what is tried on a platform, for how many members, as plain data."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

from quorate import catalog, spec
from quorate.errors import InputError, reason
from quorate.protocols import Population, Subgroup
from quorate.subgroups.shift import Shift
from quorate.test_time.extraction.surrogate import Extraction
from quorate.test_time.perturbations.crafting import Crafting
from quorate.test_time.perturbations.perturbation import Family, Norm, check_budget
from quorate.test_time.platforms.platform import Gives
from quorate.test_time.study.adaptive import ADAPTIVE, HARDENED, TRAINS, hardened
from quorate.test_time.study.sources import (
    PROXY_LOOKS,
    PlatformAddress,
    SavedPlatform,
    SizedLearner,
    read_learner,
    read_source,
)
from quorate.validate import at_least, in_interval, unknown
from quorate.version import __version__

RARE = 0.02  # share of people under a shift among those the platform learns from
HALF = 0.5  # and among those measured on
DEFAULT_ADAPTIVE = ("jpeg", "blur", "resize")
SINGULAR = {"platform": "platforms", "proxy": "proxies", "epsilon": "epsilons"}  # as users say
FILE = "correction.json"  # in the folder of a correction


@dataclass(frozen=True)
class CellGroup:
    """Cells that share a proxy: one seed, platform, proxy and pool."""

    seed: int
    platform: str
    proxy: str
    members: int
    queries: int


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Every seed × platform × proxy × collective × budget of queries × ε, and how.

    Args:
        population, subgroup: where people come from, and who is served badly.
        platforms: learners, folders of platforms or addresses; architectures may stand alone.
        proxies: of what the copies are made; joined by +, an ensemble.
        members: sizes of the collective.
        queries: per member.
        epsilons: budgets of a picture's change on the pixel scale.
        norm: that they are measured in.
        answers: what the platform gives: labels or scores.
        photos: of each member; None for as many as there are, up to 10.
        share: of the subgroup among those the platform learns from; None for as they come, or
            for a shift 2%.
        measured: of the subgroup among those measured on; None for as they come, for a shift half.
        reserve: fraction of the people to learn from whom the platform never sees.
        seeds: each draws everything anew.
        crafting, extraction: how.
        label_free: families of changes that are the same for everyone.
        adaptive: what a platform may do about it, each measured beside.
        key_file, api: names and secrets for an address, and a description of other people's API.
        rate: requests to keep to at an address, such as 5/s, over all keys of one worker.
    """

    population: Population
    subgroup: Subgroup
    platforms: tuple[str, ...]
    proxies: tuple[str, ...] = ("cnn",)
    members: tuple[int, ...] = (200,)
    queries: tuple[int, ...] = (50,)
    epsilons: tuple[float, ...] = (8 / 255,)
    norm: Norm = "linf"
    answers: Gives = "labels"
    photos: int | None = None
    share: float | None = None
    measured: float | None = None
    reserve: float = 0.5
    seeds: tuple[int, ...] = (0,)
    crafting: Crafting = field(default_factory=Crafting)
    extraction: Extraction = field(default_factory=Extraction)
    label_free: tuple[Family, ...] = ("additive", "gain", "filter", "combined")
    adaptive: tuple[str, ...] = DEFAULT_ADAPTIVE
    key_file: str | None = None
    api: str | None = None
    rate: str | None = None

    def __post_init__(self) -> None:
        for name in ("members", "queries"):
            for value in getattr(self, name):
                at_least(name, value, 1, "Use at least one.")
        for epsilon in self.epsilons:
            check_budget(epsilon, self.norm)
        if self.photos is not None:
            at_least("photos", self.photos, 1, "Use at least one.")
        in_interval(*("reserve", self.reserve, 0, 1, "Use 0.5."), open_low=True, open_high=True)
        for name in ("platforms", "proxies", "members", "queries", "epsilons", "seeds"):
            values = tuple(dict.fromkeys(getattr(self, name)))  # what is named twice counts once
            if not values:
                raise InputError(f"Expected at least one of {name}, got none. Name one.")
            object.__setattr__(self, name, values)
        for given in self.adaptive:
            if given not in ADAPTIVE:
                raise unknown("adaptive platform", given, ADAPTIVE)
        for family in self.label_free:
            if family not in get_args(Family):
                raise unknown("family of label-free changes", family, get_args(Family))
        for text in self.platforms:
            self._check_platform(text)
        asks_away = any(isinstance(read_source(text), PlatformAddress) for text in self.platforms)
        for name in ("api", "rate"):
            if getattr(self, name) is not None and not asks_away:
                raise InputError(
                    f"Expected a platform behind an address where {name} is given, got "
                    f"{', '.join(self.platforms)}. Leave {name} out."
                )
        for text in self.proxies:
            for one in text.split("+"):
                read_learner(one, PROXY_LOOKS)

    def _check_platform(self, text: str) -> None:
        """Raise InputError unless a platform can be asked, and be what ``adaptive`` says."""
        source = read_source(text)
        if isinstance(source, PlatformAddress) and self.key_file is None:
            raise InputError(
                f"Expected the keys for {text}, got none. Give --key-file: a name and a secret "
                "a line, one of the names being evaluation."
            )
        if isinstance(source, PlatformAddress) and len(self.seeds) > 1:
            raise InputError(
                f"Expected one seed for {text}, whose keys have one budget, got {len(self.seeds)}. "
                "Use seeds=1; other seeds need other keys and another --out."
            )
        for name in self.adaptive:
            if isinstance(source, SavedPlatform | PlatformAddress) and name in TRAINS:
                raise InputError(
                    f"Expected a platform that is trained here for adaptive={name}, got {text}. "
                    f"Name a learner, or leave {name} out."
                )
            if isinstance(source, SizedLearner) and name in HARDENED:
                hardened(source.learner, name)

    @property
    def train_share(self) -> float | None:
        """Share of the subgroup among those the platform learns from."""
        return RARE if self.share is None and isinstance(self.subgroup, Shift) else self.share

    @property
    def measured_share(self) -> float | None:
        """Share of the subgroup among those measured on."""
        shifted = isinstance(self.subgroup, Shift)
        return HALF if self.measured is None and shifted else self.measured

    def groups(self) -> list[CellGroup]:
        """Return the groups of cells in a fixed order."""
        return [
            CellGroup(*one)
            for one in itertools.product(
                self.seeds, self.platforms, self.proxies, self.members, self.queries
            )
        ]

    def describe(self) -> dict[str, Any]:
        """Return everything as plain data that ``make_correction`` takes back."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("population", "subgroup", "crafting", "extraction"):
            plain[name] = spec.describe(plain[name])
        for key, name in SINGULAR.items():
            plain[key] = plain.pop(name)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in plain.items()}

    def of_people(self) -> dict[str, Any]:
        """Return what decides who is there, but for the seed."""
        return {
            "version": __version__,
            "population": spec.describe(self.population),
            "fingerprint": self.population.fingerprint(),
            "subgroup": spec.describe(self.subgroup),
            "share": self.train_share,
            "measured": self.measured_share,
            "reserve": self.reserve,
        }

    def of_cell(
        self, group: CellGroup, epsilon: float, platform_id: str, each: int
    ) -> dict[str, Any]:
        """Return what decides one cell's result."""
        return {
            **self.of_people(),
            "platform": platform_id,
            "answers": self.answers,
            "photos": each,
            "seed": group.seed,
            "proxy": group.proxy,
            "members": group.members,
            "queries": group.queries,
            "epsilon": epsilon,
            "norm": self.norm,
            "crafting": spec.describe(self.crafting),
            "extraction": spec.describe(self.extraction),
            "label_free": list(self.label_free),
            "adaptive": list(self.adaptive),
        }


def make_correction(**plain: Any) -> Correction:
    """Return the correction that plain data of a file, the command line or Python stand for.

    Args:
        plain: the fields of ``Correction``: ``population`` and ``subgroup`` as text, plain data or
            objects; ``group``, such as race=Black, in place of a subgroup; ``platform`` and
            ``proxy``, one or a list; ``members``, ``queries``, ``epsilon``: one, a list, or text
            with commas; ``seeds``: how many, or a list; ``crafting`` and ``extraction``:
            parameters, as text or a mapping.

    >>> study = make_correction(population="digits", subgroup="low_light", platform="mlp",
    ...                         proxy="mlp", members="10,30", epsilon="8/255")
    >>> study.members, round(study.epsilons[0], 4)
    ((10, 30), 0.0314)

    Raises:
        InputError: a key, name, parameter or value is not known.
    """
    plain = {key: value for key, value in plain.items() if value is not None}
    known = {*Correction.__dataclass_fields__, *SINGULAR, "group", "task"}
    known -= set(SINGULAR.values())
    for key in plain:
        if key not in known:
            raise unknown("key of a correction", key, known)
    population, subgroup = _people(plain)
    fields: dict[str, Any] = {
        "population": population,
        "subgroup": subgroup,
        "platforms": _texts(plain.get("platform", ())),
        "proxies": _texts(plain.get("proxy", "cnn")),
        "seeds": _seeds(plain.get("seeds", 1)),
    }
    for key, name, read in (
        ("members", "members", _whole),
        ("queries", "queries", _whole),
        ("epsilon", "epsilons", read_epsilon),
    ):
        if key in plain:
            fields[name] = tuple(read(one, key) for one in _listed(plain[key]))
    for key in ("label_free", "adaptive"):
        if key in plain:
            fields[key] = tuple(str(one) for one in _listed(plain[key]) if one not in ("", "none"))
    if fields.get("adaptive") == ("all",):
        fields["adaptive"] = ADAPTIVE
    for key, type_ in (("crafting", Crafting), ("extraction", Extraction)):
        if key in plain:
            fields[key] = _settings(type_, plain[key])
    types = {
        "norm": Norm,
        "answers": Gives,
        "photos": int | None,
        "share": float | None,
        "measured": float | None,
        "reserve": float,
        "key_file": str,
        "api": str,
        "rate": str,
    }
    fields |= {key: spec.convert(plain[key], t, key) for key, t in types.items() if key in plain}
    return Correction(**fields)


def read_correction(path: str | Path, **given: Any) -> Correction:
    """Return the correction in a TOML file; what is given beside it wins.

    Raises:
        InputError: the file is not there or no TOML, or as ``make_correction``.
    """
    try:
        plain = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"Expected a correction as a TOML file at {path}, got: {reason(error)}. Write one key "
            'a line, as in population = "cifar10".'
        ) from error
    return make_correction(**{**plain, **given})


def read_folder(folder: str | Path) -> Correction:
    """Return the correction that was last run in a folder.

    Raises:
        InputError: there is none.
    """
    try:
        plain = json.loads((Path(folder) / FILE).read_text(encoding="utf-8"))
        if not isinstance(plain, dict):
            raise ValueError(f"{FILE} holds no correction")
    except (OSError, ValueError) as error:
        raise InputError(
            f"Expected the folder of a correction at {folder}, got: {reason(error)}. Run quorate "
            f"correct --out {folder} first."
        ) from error
    return make_correction(**plain)


def read_epsilon(value: Any, key: str = "epsilon") -> float:
    """Return a budget on the pixel scale: a number, or a fraction such as 8/255.

    >>> read_epsilon("8/255") == 8 / 255
    True

    Raises:
        InputError: it is neither.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        if isinstance(value, str) and re.fullmatch(r"\s*\d+\s*/\s*\d+\s*", value):
            top, bottom = value.split("/")
            return float(Fraction(int(top), int(bottom)))
        return float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        raise InputError(
            f"Expected {key} to be a number or a fraction such as 8/255, got {value!r}."
        ) from None


def _people(plain: dict[str, Any]) -> tuple[Population, Subgroup]:
    """Return the population and the subgroup; ``group`` NAME=VALUE names both of an attribute."""
    if not plain.get("population"):
        raise InputError(
            "Expected a population, got none. Name one of images, such as digits or cifar10."
        )
    named: dict[str, Any] = {}
    value = None
    if "group" in plain:
        column, equals, value = str(plain["group"]).partition("=")
        if not equals or "subgroup" in plain:
            raise InputError(
                f"Expected either a subgroup or a group as COLUMN=VALUE, got {plain['group']!r}"
                f"{' beside a subgroup' if 'subgroup' in plain else ''}. Write race=Black, say."
            )
        named["group"] = column
    if "task" in plain:
        named["task"] = plain["task"]
    population = plain["population"]
    if named:
        if isinstance(population, str):
            population = spec.parse(population)
        given = population if isinstance(population, Mapping) else spec.describe(population)
        population = {**given, **named}
    subgroup = plain.get("subgroup") if value is None else {"name": "attribute", "value": value}
    if subgroup is None:
        raise InputError(
            "Expected a subgroup, got none. Name a shift, such as low_light, or a group, such as "
            "race=Black."
        )
    return (
        catalog.build("populations", population),
        catalog.build("subgroups", subgroup),
    )


def _settings(kind: type, value: Any) -> Any:
    """Return settings from their parameters, as text or a mapping."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, str | Mapping):
        raise InputError(
            f"Expected {kind.name} as key=value,... or a table, got {value!r}. Write "  # type: ignore[attr-defined]
            f'{kind.name} = "key=value".'  # type: ignore[attr-defined]
        )
    if isinstance(value, str):
        value = spec.parse(f"{kind.name}:{value}")  # type: ignore[attr-defined]
    plain = {**value, "name": kind.name}  # type: ignore[attr-defined]
    return catalog.build("settings", plain)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return (str(value),)
    return tuple(str(one) for one in value)


def _listed(value: Any) -> Iterable[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value if isinstance(value, Sequence) else [value]


def _whole(value: Any, key: str) -> int:
    return int(spec.convert(value, int, key))


def _seeds(value: Any) -> tuple[int, ...]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        seeds = tuple(_whole(one, "seeds") for one in value)
    else:
        count = _whole(value, "seeds")
        at_least("seeds", count, 1, "Use one seed or more.")
        seeds = tuple(range(count))
    for seed in seeds:
        at_least("seeds", seed, 0, "Use seeds of 0 and above.")
    return seeds
