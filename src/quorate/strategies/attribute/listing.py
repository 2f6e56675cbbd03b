"""Everything that members can do to hide an attribute: one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quorate.errors import InputError
from quorate.strategies.attribute.aggregating import aggregating
from quorate.strategies.attribute.cancelling import cancelling
from quorate.strategies.attribute.contrary import contrary
from quorate.strategies.attribute.drawing import Floats
from quorate.strategies.attribute.randomised import randomised
from quorate.strategies.attribute.swapping import swapping
from quorate.table import Array, Column, Labels, Rng
from quorate.validate import unknown

# What is done to rows: (rows to change, rows that values come from, columns, rng) -> rows.
FeatureChange = Callable[[Array, Array, Sequence[Column], Rng], Array]
# Which value is claimed: (posterior (m, k), base rate (k,), α, rng) -> values (m,).
Claim = Callable[[Floats, Floats, float, Rng], Labels]

FEATURES: dict[str, FeatureChange] = {
    "swapping": swapping,
    "aggregating": aggregating,
}
CLAIMS: dict[str, Claim] = {
    "randomised": randomised,
    "contrary": contrary,
    "cancelling": cancelling,
}


@dataclass(frozen=True)
class Way:
    """What members do: change features, claim another value, or both.

    Args:
        features: how rows are changed; None for not at all.
        claim: what is claimed; None for the truth.
        divided: whether those who state the attribute claim and leave their rows as they are, and
            only those who do not state it change theirs.
    """

    features: FeatureChange | None
    claim: Claim | None
    divided: bool = False


def read_way(text: str) -> Way:
    """Return what a text stands for: ``swapping``, ``cancelling``, or two of them.

    ``swapping+cancelling``: members do both. ``cancelling/swapping``: those who state the attribute
    claim, those who do not state it change their rows.

    >>> read_way("cancelling/swapping").divided
    True

    Raises:
        InputError: a name is not known, or there are two of one kind.
    """
    divided = "/" in text
    names = text.split("/" if divided else "+")
    for name in names:
        if name not in (*FEATURES, *CLAIMS):
            known = (*FEATURES, *CLAIMS)
            raise unknown("way to hide an attribute", name, known, "Join two by + or by /.")
    features = [name for name in names if name in FEATURES]
    claims = [name for name in names if name in CLAIMS]
    if len(features) > 1 or len(claims) > 1 or (divided and names != [*claims, *features]):
        raise InputError(
            f"Expected at most one of {', '.join(FEATURES)} and one of {', '.join(CLAIMS)}, got "
            f"{text!r}. Keep one of each, as in swapping+cancelling or cancelling/swapping."
        )
    return Way(
        FEATURES[features[0]] if features else None, CLAIMS[claims[0]] if claims else None, divided
    )
