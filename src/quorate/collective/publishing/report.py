"""The report of a published change: what it does, on whose answers, and what was not measured."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate import spec
from quorate.collective.publishing import wording
from quorate.collective.publishing.apart import KeptApart
from quorate.collective.publishing.judging import Tried
from quorate.collective.publishing.settings import CraftingSettings
from quorate.collective.publishing.wording import MemberFacts
from quorate.plain import finite
from quorate.runs.result import Picture, Result, Row, Section
from quorate.test_time.perturbations.perturbation import Perturbation, to_bytes
from quorate.test_time.study import effects
from quorate.test_time.study import wording as correction_wording
from quorate.test_time.study.change_facts import measured_facts
from quorate.test_time.study.charts import groups_figure
from quorate.test_time.study.examples import ExamplePictures
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import AdaptedEffect, read_estimate
from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION
from quorate.test_time.study.sheets import MOST_CLASSES, Sheet, changes_sheet
from quorate.version import __version__

FORMAT = 1  # of the JSON


@dataclass(frozen=True)
class CampaignFacts:
    """What a report says of the campaign.

    Args:
        campaign: its id.
        title: its title, as the organiser wrote it.
        platform: whom members asked, likewise.
        surrogate: learners of the surrogates, as the plan names them.
        queries: most questions of one member.
    """

    campaign: str
    title: str
    platform: str
    surrogate: str
    queries: int


@dataclass(frozen=True, eq=False)
class PublishedChange(Result):
    """A change that a collective has crafted, tried and published.

    Args:
        campaign: what is said of the campaign.
        made: how it was crafted.
        crafted: what was known before the trial, as ``craft_change`` records it.
        who: whose answers count.
        apart: people that it was tried on.
        tried: what the trial shows.
        change: the change of each class.
        free: the best change that is the same for everyone.
        provenance: machine and versions of the library.
    """

    campaign: CampaignFacts
    made: CraftingSettings
    crafted: Mapping[str, Any]
    who: MemberFacts
    apart: KeptApart
    tried: Tried
    change: Perturbation
    free: Perturbation
    provenance: Mapping[str, Any]

    @functools.cached_property
    def mean(self) -> MeanOutcome:
        """The numbers as those of a correction, which has words and charts for them."""
        facts, who = self.campaign, self.who
        names = (facts.platform, facts.surrogate, who.members, facts.queries)
        return MeanOutcome(*names, self.made.epsilon, (), self.tried.measures)

    @property
    def subgroup(self) -> str:
        """The name of the group served badly."""
        return self.apart.people.groups[1]

    @functools.cached_property
    def stand_ins(self) -> dict[str, AdaptedEffect]:
        """What the change does on stand-ins, by name."""
        return {
            name: AdaptedEffect(**{key: read_estimate(**one) for key, one in effect.items()})
            for name, effect in self.crafted["on_surrogate"].items()
        }

    # ------------------------------------------------------------------------------- for people

    @property
    def title(self) -> str:
        """The campaign, and whom its change is for."""
        return f"{self.campaign.title}: a change for {self.subgroup} people"

    @property
    def question(self) -> str:
        """What was tried."""
        return (
            "What does the change do that the members of this collective have crafted together, "
            "by the platform's own answers?"
        )

    @property
    def closing(self) -> str:
        """Where members' answers are."""
        return "It names no member, and shows no picture that members asked about."

    def summary(self) -> list[str]:
        """Return how much of the gap is closed, and for whom."""
        return [
            *effects.found(self.mean, self.subgroup),
            f"This was measured {wording.ON_PLATFORM}: on {self.tried.inside} people of the "
            f"subgroup and {self.tried.outside} others, whose pictures were kept apart when the "
            "change was crafted.",
            wording.members_said(self.who),
        ]

    def sections(self) -> list[Section]:
        """Return the cautions, the measures with where they were measured, and the limits."""
        settings, mean, who = self.made, self.mean, self.subgroup
        noise = correction_wording.noise(settings.epsilon, settings.norm)
        before = Section(
            "Before and after",
            (noise,),
            correction_wording.measure_rows(mean),
            (f"Measured {wording.ON_PLATFORM}.",),
            pictures=("groups",),
        )
        adapted = wording.adapted_rows(effects.adaptive_rows(mean, who), self.tried)
        stand_ins = wording.stand_in_rows(self.stand_ins, who)
        said = (*self.crafted["notes"], *wording.missing_said(self.tried))
        return [
            Section("Before you use it", correction_wording.CAUTIONS, on_page_only=True),
            before,
            Section("How much of it is real", rows=wording.control_rows(self.tried, who)),
            Section("Platforms that clean uploads", rows=adapted, after=wording.CLEANED),
            Section("Platforms that train otherwise", rows=stand_ins, after=wording.STAND_INS),
            Section("Whose answers count", wording.reliability_said(self.who)),
            Section(
                "How many questions",
                (
                    wording.queries_said(self.who, self.crafted),
                    self.apart.sizes.sentence(),
                    correction_wording.agreement(mean),
                ),
            ),
            Section("What it looks like", (noise,), pictures=("changes",), on_page_only=True),
            Section("To know about these numbers", (*wording.LIMITS, *said)),
        ]

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from."""
        settings, provenance = self.made, self.provenance
        libraries = ", ".join(f"{name} {one}" for name, one in provenance["libraries"].items())
        return {
            "Campaign": self.campaign.campaign,
            "Platform": self.campaign.platform,
            "Subgroup": settings.subgroup,
            "Labels": ", ".join(settings.classes),
            "Surrogate": self.campaign.surrogate,
            "Extraction": spec.text(settings.extraction).partition(":")[2] or "as by default",
            "Crafting": spec.text(settings.crafting).partition(":")[2] or "as by default",
            "Seed": f"{self.crafted['seed']}, the first 63 bits of the digest of the pool",
            "Digest of the pool": str(self.crafted["pool"]),
            "quorate": f"{__version__} ({provenance['git_revision'] or 'installed'})",
            "Libraries": libraries,
            "Machine": f"{provenance['processor']}, {provenance['system']}",
        }

    # ----------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one row a number, with where it was measured."""
        found = [
            {"measured": name, "where": "platform", **vars(one)}
            for name, one in self.tried.measures.numbers().items()
        ]
        for name, effect in self.stand_ins.items():
            for key, one in vars(effect).items():
                found.append({"measured": f"{name}.{key}", "where": "surrogate", **vars(one)})
        return found

    def to_json(self) -> dict[str, Any]:
        """Return every number, and the change that is the same for everyone as a file."""
        measures = self.tried.measures
        found: dict[str, Any] = finite(
            {
                "format": FORMAT,
                "campaign": vars(self.campaign),
                "settings": self.made.describe(),
                "on_platform": measures.to_plain(),
                "on_surrogate": self.crafted["on_surrogate"],
                "proxy_agreement": measures.agreement.to_json(),
                "people": {
                    "inside": self.tried.inside,
                    "outside": self.tried.outside,
                    **self.tried.people,
                },
                "missing": self.tried.missing,
                "members": {**vars(self.who), "left_out": list(self.who.left_out)},
                "sizes": self.apart.sizes.to_plain(),
                "seed": self.crafted["seed"],
                "pool": self.crafted["pool"],
                "provenance": dict(self.provenance),
                "files": {LABEL_FREE: base64.b64encode(self.files()[LABEL_FREE]).decode()},
            }
        )
        return found

    def files(self) -> dict[str, bytes]:
        """Return both changes, as members use them: each says what it is for."""
        of = {PERTURBATION: (self.change, False), LABEL_FREE: (self.free, True)}
        return {
            name: to_bytes(one.with_about(**self._about(is_free)))
            for name, (one, is_free) in of.items()
        }

    def _about(self, is_free: bool) -> dict[str, Any]:
        """Return what the file of a change says of itself, as that of a correction does."""
        return {
            "campaign": self.campaign.campaign,
            "platform_name": self.campaign.platform,
            "subgroup": self.subgroup,
            "surrogate": self.campaign.surrogate,
            "members": self.who.members,
            "queries": self.who.pooled,
            "seed": self.crafted["seed"],
            "quorate": __version__,
            **measured_facts(self.tried.measures, self.subgroup, is_free),
        }

    # --------------------------------------------------------------------------------- pictures

    @functools.cached_property
    def _sheet(self) -> Sheet:
        """The change of each class; nobody's picture but the subgroup's average is drawn from."""
        average = np.rint(self.apart.x[self.apart.inside].mean(0)).astype(np.uint8)
        nobody = np.empty(0, dtype=np.int64)
        examples = ExamplePictures(nobody, nobody, self.apart.x[:0], average)
        return changes_sheet(examples, self.change, self.free)

    def pictures(self) -> dict[str, Picture]:
        """Return the accuracies by group, and what the change looks like."""
        return {
            "groups": Picture(
                groups_figure(self.mean, self.subgroup),
                "By the platform's own answers. A label-free change (squares) is the same for "
                "everyone and cannot carry the label: this is the honest line. A change per class "
                "(circles) is picked by the true label; the force rate (cross) is the share of "
                "other classes' pictures that it turns into its class. Diamonds are controls. "
                "Bottom: the subgroup behind steps that clean uploads.",
            ),
            "changes": Picture(
                self._sheet.figure,
                f"The label-free change, and that of each class (of {MOST_CLASSES} at most), "
                f"{self._sheet.times} times as strong around mid grey. A filter is shown by what "
                "it does to the subgroup's average picture.",
                photographs=True,
            ),
        }
