"""A stored perturbation as a strategy: members add it to their images before they hand them in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from quorate.errors import InputError
from quorate.goals.recognised import Recognised
from quorate.knowledge import Knowledge
from quorate.populations.tables.table_files import file_fingerprint
from quorate.protocols import Strategy
from quorate.spec import param
from quorate.table import Rng, Table
from quorate.test_time.perturbations.perturbation import Perturbation, load
from quorate.test_time.platforms.platform import to_features, to_pixels


@dataclass(frozen=True)
class Perturbed(Strategy):
    """Members add a stored change, a universal adversarial perturbation, to their own images.

    The change is one of a class or for everyone, on the 8-bit grid and within its budget; labels
    stay. With it the platform trains on what a collective of ``quorate correct`` sends in.

    Raises:
        InputError: the file holds no perturbation, or it was crafted for other images or labels.
    """

    name: ClassVar[str] = "perturbed"
    path: str = param(
        help="File of the change, a perturbation.npz that quorate correct has written."
    )

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' images with the change of their own label."""
        return add_perturbation(members, load(self.path))

    @property
    def goal(self) -> Recognised:
        """People who send the same change in are classified correctly."""
        return Recognised(self)

    def fingerprint(self) -> str:
        """Return a digest of the file's bytes."""
        return file_fingerprint(self.path)


def add_perturbation(people: Table, perturbation: Perturbation) -> Table:
    """Return people whose images, on the 8-bit grid, carry the change of their label.

    Raises:
        InputError: it was crafted for images of another shape, or for other labels.
    """
    if not perturbation.label_free and perturbation.classes != people.classes:
        raise InputError(
            f"Expected a perturbation for the labels {', '.join(people.classes)}, got one for "
            f"{', '.join(perturbation.classes)}. Use one that was crafted for these people."
        )
    if not people.is_image:
        raise InputError(
            "Expected images to add a perturbation to, got a table. Use a population such as "
            "digits."
        )
    return replace(people, x=to_features(perturbation.apply(to_pixels(people.x), people.y)))
