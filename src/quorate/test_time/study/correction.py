"""A correction study: what is tried on a platform, for how many members, as plain data."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from quorate import spec
from quorate.dependencies import find_dependencies
from quorate.errors import InputError
from quorate.protocols import Population, Subgroup
from quorate.spec.declaration import default_of
from quorate.subgroups.shift import Shift
from quorate.test_time.extraction.surrogate import Extraction
from quorate.test_time.perturbations.budget import Norm, check_budget
from quorate.test_time.perturbations.crafting import Crafting
from quorate.test_time.perturbations.perturbation import Crafted
from quorate.test_time.platforms.platform import Gives
from quorate.test_time.search.settings import EditSearch
from quorate.test_time.study.adaptive import HARDENED, KNOWN, REPLACED, TRAINS, harden
from quorate.test_time.study.sources import (
    ITSELF,
    PlatformAddress,
    PlatformSource,
    ProxySource,
    SizedLearner,
    read_proxy,
    read_source,
)
from quorate.validate import at_least, in_interval, unknown
from quorate.version import __version__

RARE = 0.02  # share of people under a shift among those the platform learns from
HALF = 0.5  # and among those measured on
Aim = Literal["most", "parity"]
DEFAULT_ADAPTIVE = ("jpeg", "blur", "resize")
# The names of some fields where users give them.
SINGULAR = {"platform": "platforms", "proxy": "proxies", "epsilon": "epsilons"}
METHODS = ("population", "subgroup", "crafting", "extraction", "search")
# By later versions: described where they are not as they always were.
SEVERAL = {  # fields that hold several, and what one of them is
    "platforms": "a platform",
    "proxies": "a proxy",
    "members": "a number of members",
    "queries": "a number of queries",
    "epsilons": "a budget epsilon",
    "seeds": "a seed",
}
ADDED = ("aim", "anyway", "search")


@dataclass(frozen=True)
class CellGroup:
    """Cells that share a pool of answers and a surrogate: they differ in the budget ε alone."""

    seed: int
    platform: str
    proxy: str
    members: int
    queries: int


@dataclass(frozen=True, kw_only=True)
class Correction:
    """Every seed × platform × surrogate × collective × budget of queries × ε.

    The collective pools its queries, extracts a surrogate model from the answers, and crafts a
    universal adversarial perturbation that moves the platform towards people's true labels: an
    evasion attack that is used for contestability, as recourse without the platform's consent.

    Args:
        population, subgroup: where people come from, and who is served badly.
        platforms: learners, folders of platforms or addresses; architectures may stand alone.
        proxies: learners of the surrogates; joined by +, an ensemble. ``edits``: photo edits are
            searched for by asking, without a surrogate, or beginning with one (cnn+edits).
            ``itself``: the platform's own gradients, as an upper line that no collective has.
        members: sizes of the collective.
        queries: per member.
        epsilons: budgets of a picture's change on the pixel scale [0, 1].
        norm: norm that they are measured in.
        answers: answers of the platform: labels or scores.
        photos: number of photos each member holds; None for all there are, up to 10.
        share: fraction of the subgroup among those the platform learns from; None takes people as
            they are; with a shift, 2% of them.
        measured: fraction of the subgroup among those measured on; None takes people as they are;
            with a shift, half of them.
        reserve: fraction of the people to learn from whom the platform never sees.
        seeds: each draws everything anew.
        crafting, extraction: how changes are crafted and surrogates extracted.
        search: how photo edits are searched for.
        label_free: families of changes that are the same for everyone.
        adaptive: responses of a platform, each measured too.
        aim: ``most`` uses each budget to the full, and may turn the gap around; ``parity`` uses the
            least ε within each budget that closes the gap on members' photos kept apart.
        anyway: whether members ask although a first sample tells of no gap to close.
        key_file, api: names and secrets for an address, and a description of other people's API.
        rate: requests to keep to at an address, such as 5/s, over all keys of one worker.

    Raises:
        InputError: a value is out of range, or the methods do not fit together.
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
    search: EditSearch = field(default_factory=EditSearch)
    label_free: tuple[Crafted, ...] = ("additive", "gain", "filter", "combined")
    adaptive: tuple[str, ...] = DEFAULT_ADAPTIVE
    aim: Aim = "most"
    anyway: bool = False
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
        in_interval("reserve", self.reserve, 0, 1, "Use 0.5.", open_low=True, open_high=True)
        for name, one in SEVERAL.items():
            values = tuple(dict.fromkeys(getattr(self, name)))  # what is named twice counts once
            if not values:
                raise InputError(f"Expected {one}, got none. Name at least one.")
            object.__setattr__(self, name, values)
        for given in self.adaptive:
            if given not in KNOWN:
                raise unknown("adaptive platform", given, KNOWN)
        for family in self.label_free:
            if family not in get_args(Crafted):
                raise unknown("family of label-free changes", family, get_args(Crafted))
        for text, source in self.sources.items():
            self._check_source(text, source)
        for name in ("api", "rate"):
            if getattr(self, name) is not None and not self.asks_an_address:
                raise InputError(
                    f"Expected a platform behind an address where {name} is given, got "
                    f"{', '.join(self.platforms)}. Leave {name} out."
                )
        for text, proxy in self.surrogates.items():
            self._check_proxy(text, proxy)

    def _check_source(self, text: str, source: PlatformSource) -> None:
        """Raise InputError unless a platform can be asked, and be what ``adaptive`` says."""
        if isinstance(source, PlatformAddress) and len(self.seeds) > 1:
            raise InputError(
                f"Expected one seed for {text}, whose keys have one budget, got "
                f"{len(self.seeds)}. Use seeds=1; other seeds need other keys and another --out."
            )
        for name in self.adaptive:
            if name in (*TRAINS, REPLACED) and not isinstance(source, SizedLearner):
                raise InputError(
                    f"Expected a platform that is trained here for adaptive={name}, got {text}. "
                    f"Name a learner, or leave {name} out."
                )
            if name in HARDENED and isinstance(source, SizedLearner):
                harden(source.learner, name)

    def _check_proxy(self, text: str, proxy: ProxySource) -> None:
        """Raise InputError where a change cannot be found in this way."""
        if proxy.edits and self.aim == "parity":
            raise InputError(
                f"Expected aim=most where photo edits are searched for, got parity: each budget "
                f"would have to be searched anew. Leave aim out, or {text} of the proxies."
            )
        if proxy.edits and proxy.learners and min(self.queries) < 2:
            raise InputError(
                f"Expected at least 2 queries of each member for proxy={text}, half of which are "
                f"for the search, got {min(self.queries)}. Use 20, say."
            )
        if proxy.itself and any(isinstance(s, PlatformAddress) for s in self.sources.values()):
            raise InputError(
                f"Expected a platform on this machine for proxy={ITSELF}, whose gradients are "
                "used, got an address. Name a learner such as cnn."
            )
        if proxy.edits and self.asks_an_address and len(self.groups()) * len(self.epsilons) > 1:
            raise InputError(
                "Expected one proxy, one size, one budget of queries and one epsilon to search "
                "photo edits at an address, whose keys have one budget, got several. Name one of "
                "each; others need other keys and another --out."
            )

    @functools.cached_property
    def sources(self) -> Mapping[str, PlatformSource]:
        """What each of ``platforms`` stands for."""
        return {text: read_source(text) for text in self.platforms}

    @functools.cached_property
    def surrogates(self) -> Mapping[str, ProxySource]:
        """What each of ``proxies`` stands for."""
        return {text: read_proxy(text) for text in self.proxies}

    @property
    def asks_an_address(self) -> bool:
        """Whether any platform is behind an address."""
        return any(isinstance(source, PlatformAddress) for source in self.sources.values())

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
        product = itertools.product(
            self.seeds, self.platforms, self.proxies, self.members, self.queries
        )
        return [CellGroup(*one) for one in product]

    def describe(self) -> dict[str, Any]:
        """Return everything as plain data that ``make_correction`` takes back.

        But for the file of keys: which keys go where is said anew each time.
        """
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["key_file"] = None
        for name in ADDED:  # what older versions stored reads as what is stored today
            if plain[name] == default_of(self.__dataclass_fields__[name]):
                del plain[name]
        for name in METHODS:
            if name in plain:
                plain[name] = spec.describe(plain[name])
        for key, name in SINGULAR.items():
            plain[key] = plain.pop(name)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in plain.items()}

    def describe_people(self, *methods: Any) -> dict[str, Any]:
        """Return what decides who is there, but for the seed.

        Args:
            methods: further ones of a cell, whose files and code are to be told as well.
        """
        fingerprint = self.population.fingerprint()
        return {
            **find_dependencies((self.population, self.subgroup, *methods), fingerprint),
            "version": __version__,
            "population": spec.describe(self.population),
            "fingerprint": fingerprint,
            "subgroup": spec.describe(self.subgroup),
            "share": self.train_share,
            "measured": self.measured_share,
            "reserve": self.reserve,
        }
