"""How a photo edit is searched by asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from quorate.spec import param
from quorate.validate import in_interval

MethodName = Literal["bayesian", "halving"]


@dataclass(frozen=True, kw_only=True)
class EditSearch:
    """How a photo edit is searched by asking the platform about members' labelled photos.

    Settings are compared on the same photos; the winner is confirmed on photos that the search
    never used, or nothing is changed.

    Raises:
        InputError: a parameter is out of range.
    """

    name: ClassVar[str] = "search"
    method: MethodName = param(
        "bayesian",
        "How settings are chosen: Bayesian optimisation (bayesian), or successive halving, which "
        "assumes nothing about how settings are alike (halving).",
    )
    confirming: float = param(
        0.25, "Share of the queries that confirms the winner on photos of their own, in (0, 1)."
    )
    least_similarity: float = param(
        0.0, "Structural similarity (SSIM) that an edit leaves at least, in [0, 1]; 0 for no limit."
    )

    def __post_init__(self) -> None:
        in_interval("confirming", self.confirming, 0, 1, "Use 0.25.", open_low=True, open_high=True)
        in_interval("least_similarity", self.least_similarity, 0, 1, "Use 0 for no limit.")
