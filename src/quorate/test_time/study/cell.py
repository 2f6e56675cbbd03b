"""The cells of a correction: what decides an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quorate import spec
from quorate.errors import InputError, reason
from quorate.protocols import Learner
from quorate.runs.cell import Cell
from quorate.runtime.digests import digest_file, digest_files
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.people import (
    photos_held,
)
from quorate.test_time.study.sources import (
    PlatformAddress,
    PlatformSource,
    ProxySource,
    SavedPlatform,
    SizedLearner,
)


@dataclass(frozen=True)
class CorrectionCell(Cell):
    """One collective, one platform, one surrogate, one budget and one seed.

    Args:
        correction: the study.
        group: collective, the platform it asks, and the seed.
        epsilon: the budget of a picture's change.
        platform_id: id of the deployed model.
        photos: number of photos each member holds.
    """

    correction: Correction
    group: CellGroup
    epsilon: float
    platform_id: str
    photos: int

    def describe(self) -> dict[str, Any]:
        """Return all that decides the outcome."""
        correction, group = self.correction, self.group
        proxy = correction.surrogates.get(group.proxy, ProxySource())
        surrogates = [one.learner for one in proxy.learners]
        platform = correction.sources.get(group.platform)
        return {
            **correction.describe_people(*surrogates, *_learners_of(platform)),
            **_files_of(platform, correction.api),
            "platform": self.platform_id,
            "answers": correction.answers,
            "photos": self.photos,
            "seed": group.seed,
            "proxy": group.proxy,
            "members": group.members,
            "queries": group.queries,
            "epsilon": self.epsilon,
            "norm": correction.norm,
            "crafting": spec.describe(correction.crafting),
            "extraction": spec.describe(correction.extraction),
            "label_free": list(correction.label_free),
            "adaptive": list(correction.adaptive),
            **({} if correction.aim == "most" else {"aim": correction.aim}),
            **({"search": spec.describe(correction.search)} if proxy.edits else {}),
        }

    @property
    def searched(self) -> Mapping[str, Any]:
        """What sets a search for photo edits apart: what it asks depends on all that it was told.

        Empty where there is none: the questions that surrogates learn from are the same for all.
        """
        correction, group = self.correction, self.group
        if not correction.surrogates[group.proxy].edits:
            return {}
        names = ("proxy", "members", "queries", "epsilon", "norm", "search", "extraction")
        plain = self.describe()
        return {name: plain[name] for name in names}


def _learners_of(platform: PlatformSource | None) -> list[Learner]:
    return [platform.learner] if isinstance(platform, SizedLearner) else []


def _files_of(platform: PlatformSource | None, api: str | None) -> dict[str, str]:
    """Return the digests of files that say how a platform answers; none where it is trained here.

    Raises:
        InputError: one cannot be read.
    """
    try:
        if isinstance(platform, SavedPlatform):
            files = [path for path in platform.folder.iterdir() if path.is_file()]
            return {"saved platform": digest_files(platform.folder, files)}
        if isinstance(platform, PlatformAddress) and api is not None:
            return {"api": digest_file(api)}
    except OSError as error:
        raise InputError(
            f"Expected to read the platform's files, got: {reason(error)}. Give files that exist."
        ) from error
    return {}


def cells_of(deployment: Deployment, platform: str | None = None) -> list[CorrectionCell]:
    """Return the cells of a correction in its order; people are drawn, to know which they are.

    Args:
        deployment: the platforms.
        platform: the only platform whose cells are wanted; None for all.

    Raises:
        InputError: the people cannot be drawn, a saved platform is damaged, or an address was
            never asked.
    """
    correction = deployment.correction
    return [
        CorrectionCell(correction, group, epsilon, platform_id, photos)
        for group in correction.groups()
        if platform in (None, group.platform)
        for platform_id in [deployment.platform_id(group)]
        for photos in [photos_held(correction, group.seed)]
        for epsilon in correction.epsilons
    ]
