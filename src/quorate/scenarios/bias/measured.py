"""What every result of this scenario is of: who acted on whose platform, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quorate.compared_groups import ComparedGroups
from quorate.intervals import interval_to_json

KEYS = ("learner", "strategy", "alpha", "known")
PLATFORM = "platform: "  # before the name of what a platform does by itself

Key = tuple[str, str, float, str]
Three = tuple[float, float, float]  # a mean over seeds, and the ends of its interval
OverSeeds = Mapping[Key, Mapping[str, Three]]


@dataclass(frozen=True, eq=False)
class MeasuredCollectives:
    """Cells of collectives and of platforms alone, with what was measured of each.

    Args:
        population: whose people, as text.
        compared: who acts, with whom they are compared, and which label is wanted.
        strategies, learners, alphas, knowledge, at, seeds: what was asked for, as in ``Bias``.
        sizes: how many people there are, by who they are, in the first seed.
        notes: what was left out, and why.
        found: cells and what was measured of each.
    """

    population: str
    compared: ComparedGroups
    strategies: tuple[str, ...]
    learners: tuple[str, ...]
    alphas: tuple[float, ...]
    knowledge: tuple[str, ...]
    at: float
    seeds: int
    sizes: Mapping[str, int]
    notes: Sequence[str]
    found: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]

    @property
    def who(self) -> str:
        """Who acts among whom."""
        return f"{' and '.join(self.compared.minority)} among {self.population}"

    def plain(self, over_seeds: OverSeeds, **more: Any) -> dict[str, Any]:
        """Return plain data: of each collective every number with its interval over seeds.

        Args:
            over_seeds: the numbers, by platform and collective.
            more: what else was asked for.
        """
        return {
            "population": self.population,
            "sides": self.compared.to_plain(),
            "people": dict(self.sizes),
            "seeds": self.seeds,
            **more,
            "notes": list(self.notes),
            "results": [
                dict(zip(KEYS, key, strict=True))
                | {name: interval_to_json(three) for name, three in numbers.items()}
                for key, numbers in over_seeds.items()
            ],
        }


def platforms_alone(
    over_seeds: OverSeeds, learner: str
) -> Iterator[tuple[str, Mapping[str, Three]]]:
    """Yield what a platform does by itself, by its name, with its numbers."""
    for key, numbers in over_seeds.items():
        if key[0] == learner and key[1].startswith(PLATFORM):
            yield key[1].removeprefix(PLATFORM), numbers
