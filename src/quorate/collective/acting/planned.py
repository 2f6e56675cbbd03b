"""From the plan of a campaign to the instruction that its members carry out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quorate import catalog, spec
from quorate.bring_your_own.import_paths import refusing
from quorate.collective.acting.compiling import compile_instruction
from quorate.collective.acting.instruction import Instruction
from quorate.collective.plans import TrainingPlan
from quorate.planning.cells import parse_signal
from quorate.protocols import Strategy
from quorate.table import Table

AT_A_TARGET = ("planting", "planting-features", "unplanting")


def compile_plan(
    plan: TrainingPlan, people: Table | None = None, missing: Sequence[str] = ()
) -> Instruction:
    """Return what one member does in a campaign.

    Args:
        plan: of the campaign.
        people, missing: as in ``compile_instruction``.

    >>> plan = TrainingPlan(strategy="planting", signal="channel=web", label="approved",
    ...                     target="yes", platform_size=1000)
    >>> compile_plan(plan).sentences()
    ("The column 'channel' is set to 'web'.", "The label 'approved' becomes 'yes'.")

    Raises:
        InputError: as ``strategy_of`` and ``compile_instruction``.
    """
    return compile_instruction(
        strategy_of(plan), label=plan.label or None, people=people, missing=missing
    )


def instruction_of(plan: TrainingPlan) -> Instruction:
    """Return what one member does in a campaign: as its plan has it, or compiled of the plan.

    Raises:
        InputError: the plan holds no instruction that can be carried out, and none can be compiled.
    """
    return Instruction.from_plain(plan.instruction) if plan.instruction else compile_plan(plan)


def strategy_of(plan: TrainingPlan) -> Strategy:
    """Return the strategy of a campaign, with its signal and its target.

    A signal of a table is written as NAME=VALUE,NAME=VALUE; one of pictures by its name, as
    patch:size=3. A data strike is of the people of the target label, if there is one.

    Raises:
        InputError: the strategy or its signal is not known.
    """
    described = dict(spec.parse(plan.strategy))
    name = described.get("name")
    if plan.target and name == "data-strike":
        described.setdefault("label", plan.target)
    elif plan.target and name in AT_A_TARGET:
        described.setdefault("target", plan.target)
    if plan.signal and name in (*AT_A_TARGET, "erasing"):
        described.setdefault("signal", _signal(plan))
    with refusing("a campaign's plan"):  # which is an organiser's, and compiled on the server
        found: Strategy = catalog.build("strategies", described)
    return found


def _signal(plan: TrainingPlan) -> Any:
    """Return the signal of a campaign as plain data."""
    if not plan.label or plan.signal.startswith("columns:"):
        return plan.signal
    return {"name": "columns", "set": parse_signal(plan.signal)}
