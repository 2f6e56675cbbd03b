"""At training time: people who were refused loans, and whose pledges are near the quorum."""

from __future__ import annotations

import importlib.resources

from quorate.collective.demonstration.players import Players
from quorate.collective.demonstration.shown import Shown
from quorate.collective.drafts import RULES, Wanted, draft_of_source
from quorate.collective.service import pledges

TITLE = "Refused online: our applications count too (a demonstration)"
WHY = (
    "The lender's model refuses most of us who apply over its website. If enough of us write into "
    "the form that we came by the web, and hand in the decision that we should have had, the model "
    "learns to approve people like us. These people and numbers are made up."
)
STILL_MISSING = 23  # pledges
UNDECIDED = 14  # members who have not pledged
WITHDREW = 3


def play_loans(players: Players, now: float) -> Shown:
    """Play a campaign whose pledges are near the quorum, and return what opens it."""
    begun = players.clock[0]
    with importlib.resources.as_file(
        importlib.resources.files("quorate.collective.demonstration") / "plan.json"
    ) as plan:
        wanted = Wanted(TITLE, WHY, RULES, None, "51d")
        draft = draft_of_source(plan, wanted, clock=lambda: begun)
    campaign, organiser = players.create(draft)
    token = players.invite(campaign, 2 * draft.quorum)
    member = players.join(token)
    others = draft.quorum - STILL_MISSING - 1
    acts = players.rng.permutation(
        ["pledge"] * others + ["look"] * UNDECIDED + ["withdraw"] * WITHDREW
    )
    for at, act in zip(players.times(begun, now, len(acts)), acts.tolist(), strict=True):
        players.clock[0] = at
        joined = players.join(token, pledge=act != "look")
        if act == "withdraw":
            players.do(pledges.Withdraw(campaign, joined.id))
    return Shown(TITLE, campaign, token, organiser, member.secret)
