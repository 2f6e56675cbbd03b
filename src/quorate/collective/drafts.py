"""A campaign before it is created: from a plan, from a correction, or from a file."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from quorate.collective.acting.compiling import compile_instruction
from quorate.collective.facts.correction import CorrectionFacts
from quorate.collective.facts.joining import TERMS, JoiningTerms
from quorate.collective.facts.quorum import say_quorum, suggest_quorum
from quorate.collective.facts.sources import Facts, read_source, source_of, source_to_plain
from quorate.collective.facts.training import TrainingFacts
from quorate.collective.plans import Draft, Plan, TestPlan, TrainingPlan, from_plain
from quorate.errors import InputError
from quorate.planning.simulate import strategy_of
from quorate.populations.own_table import OwnTable
from quorate.printable import one_line
from quorate.runtime.files import read_toml
from quorate.signals.columns import Columns
from quorate.table import Table
from quorate.test_time.perturbations.budget import is_none
from quorate.validate import unknown

DAYS = re.compile(r"([0-9]{1,4})d")
RULES = (
    "Pledge only if you will act once the quorum is reached. Act on your own data alone. Keep your "
    "secret to yourself. You may leave at any time, and delete what is stored about you."
)
TEXTS = ("title", "why", "rules")
KEYS = (*TEXTS, "quorum", "deadline", "joining", "source", "plan")


@dataclass(frozen=True)
class Wanted:
    """What an organiser says on the command line; None is left to the file, or to the source.

    Args:
        title, why, rules: texts for members.
        quorum: pledges from which on members act.
        deadline: a date, a time, or days from now, as ``read_deadline`` takes them.
        joining: what acting costs and brings, by the names of ``JoiningTerms``.
    """

    title: str | None = None
    why: str | None = None
    rules: str | None = None
    quorum: int | None = None
    deadline: str | None = None
    joining: Mapping[str, Any] | None = None

    def or_else(self, plain: Mapping[str, Any]) -> Wanted:
        """Return the same, with what a file says where this says nothing."""
        mine = {name: one for name, one in vars(self).items() if one is not None}
        said = {name: plain[name] for name in vars(self) if name in plain}
        if self.joining and isinstance(said.get("joining"), Mapping):
            mine["joining"] = {**said["joining"], **self.joining}
        return Wanted(**{**said, **mine})


def draft_of_source(
    folder: str | Path,
    wanted: Wanted,
    *,
    rows: str | Path | None = None,
    clock: Callable[[], float] = time.time,
    **more: Any,
) -> Draft:
    """Return the campaign that a plan or a correction speaks for.

    Args:
        folder: of ``quorate plan`` or ``quorate correct``, or a file of its JSON.
        wanted: what the organiser says; the title and the quorum are else the source's.
        rows: CSV file of the rows that were planned with, where what members do is learned from it.
        clock: gives the time, in seconds since 1970.
        more: further fields of the plan, in place of the source's.

    Raises:
        StoreError: there is no such source.
        InputError: something is missing, or what members do cannot be done by each alone.
    """
    facts = read_source(folder)
    if isinstance(facts, TrainingFacts):
        plan: Plan = _training(facts, rows)
    else:
        plan = _test(facts)
    plan = replace(plan, **{name: one for name, one in more.items() if one is not None})
    return _draft(plan, wanted, facts, clock)


def draft_of_file(
    path: str | Path, wanted: Wanted, clock: Callable[[], float] = time.time
) -> Draft:
    """Return the campaign that a TOML file describes.

    It has ``title``, ``why``, ``rules``, ``quorum``, ``deadline``, and a table ``plan`` with the
    fields of ``TrainingPlan`` or ``TestPlan`` and their ``kind``, or a ``source`` in its place;
    with a source, also a table ``joining`` of what acting costs and brings.

    Raises:
        InputError: the file cannot be read, or something is missing, unknown or out of range.
    """
    plain = read_toml(path, "a campaign file")
    for name in plain.keys() - set(KEYS):
        raise unknown("key of a campaign", name, KEYS, f"It stands in {path}.")
    for name in TEXTS:
        if not isinstance(plain.get(name, ""), str):
            raise InputError(f"Expected {name} in {path} to be text. Write it in quotes.")
    if isinstance(plain.get("deadline"), date):
        plain["deadline"] = plain["deadline"].isoformat()
    wanted = wanted.or_else(plain)
    given, source = plain.get("plan", {}), plain.get("source")
    if not isinstance(given, Mapping):
        raise InputError(f"Expected plan in {path} to be a table. Write [plan] above it.")
    if source is not None:
        folder = Path(path).parent / str(source)
        more = {name: one for name, one in given.items() if name != "kind"}
        return draft_of_source(folder, wanted, clock=clock, **more)
    return _draft(from_plain(given), wanted, None, clock)


def warning_of(draft: Draft) -> str:
    """Return what a draft's source says against its quorum; empty where nothing does."""
    return "" if draft.source is None else say_quorum(source_of(draft.source), draft.quorum)


def read_deadline(text: str, now: float) -> float:
    """Return when a deadline is, in seconds since 1970.

    >>> read_deadline("1970-01-02", 0), read_deadline("1970-01-01 12:30", 0)
    (172800.0, 45000.0)
    >>> read_deadline("14d", 100.0)
    1209700.0

    Args:
        text: a day (to its end), a day and a time (UTC, unless it names another zone), or days from
            now, such as 14d.
        now: the time, in seconds since 1970.

    Raises:
        InputError: it is none of these.
    """
    if match := DAYS.fullmatch(text.strip()):
        return now + 86400.0 * int(match[1])
    try:
        found = datetime.fromisoformat(text.strip())
        if len(text.strip()) <= len("2027-01-31"):
            found += timedelta(days=1)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InputError(
            f"Expected a deadline such as 2027-01-31, 2027-01-31 18:00 or 14d, got "
            f"{one_line(text, 40)}. Write the day, the day and the time (UTC), or days from now."
        ) from None


def _draft(plan: Plan, wanted: Wanted, facts: Facts | None, clock: Callable[[], float]) -> Draft:
    quorum, title, why_none = wanted.quorum, wanted.title, ""
    if facts is not None:
        title = facts.title if title is None else title
        if quorum is None:
            suggested = suggest_quorum(facts)
            quorum, why_none = suggested.pledges, f" {suggested.why}"
    given = {"title": title, "why": wanted.why, "quorum": quorum, "deadline": wanted.deadline}
    missing = [name for name, one in given.items() if one is None]
    if missing:
        raise InputError(
            f"Expected a title, a why, a quorum and a deadline, got no {', '.join(missing)}. Give "
            f"{', '.join(f'--{name}' for name in missing)}, or write it into the campaign's file."
            + (why_none if quorum is None else "")
        )
    return Draft(
        title=str(title),
        why=str(wanted.why),
        rules=RULES if wanted.rules is None else wanted.rules,
        plan=plan,
        quorum=_whole(quorum),
        deadline=read_deadline(str(wanted.deadline), clock()),
        source=_source(facts, wanted.joining),
    )


def _source(facts: Facts | None, joining: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a source as it is stored, with the terms of joining where some are stated."""
    if joining is None:
        return None if facts is None else source_to_plain(facts)
    terms = JoiningTerms.from_plain(joining)
    if facts is None:
        raise InputError(
            "Expected a plan or a correction, to reckon with what acting costs and brings, got "
            "neither. Name one as the source, or leave these numbers out."
        )
    return {**source_to_plain(facts), TERMS: terms.to_plain()}


def _whole(quorum: Any) -> int:
    if type(quorum) is not int:
        raise InputError(
            f"Expected a whole number of pledges as the quorum, got {one_line(repr(quorum), 40)}. "
            "Write quorum = 100."
        )
    return quorum


def _training(facts: TrainingFacts, rows: str | Path | None) -> TrainingPlan:
    """Return what members of a plan do."""
    objective = facts.certification.objective
    strategy = strategy_of(objective, Columns(dict(facts.sets)), objective.target)
    if facts.label is None:
        raise InputError(
            "Expected a plan that names the column of the labels, got one of an older version. Run "
            "quorate plan again."
        )
    people: Table | None = None
    if rows is not None:
        people = OwnTable(path=str(rows), label=facts.label).everyone()
    instruction = compile_instruction(strategy, label=facts.label, people=people)
    return TrainingPlan(
        strategy=strategy.name,
        signal=", ".join(f"{name}={value}" for name, value in facts.sets.items()),
        label=facts.label,
        target="" if objective.target is None else objective.target,
        platform_size=objective.platform_size,
        success=objective.success,
        instruction=instruction.to_plain(),
    )


def _test(facts: CorrectionFacts) -> TestPlan:
    """Return what members of a correction ask."""
    if facts.shape is None or not facts.classes:
        raise InputError(
            "Expected a correction that tells the platform's labels, got none. Give its folder, "
            "where perturbation.npz is."
        )
    return TestPlan(
        platform=facts.platform,
        subgroup=facts.subgroup,
        classes=facts.classes,
        shape=facts.shape,
        queries=facts.queries,
        epsilon="none" if is_none(facts.epsilon, facts.norm) else _fraction(facts.epsilon),
        norm=facts.norm,
        proxy=facts.proxy,
    )


def _fraction(epsilon: float) -> str:
    """Return ε as levels of 255 where it is a whole number of them.

    >>> _fraction(8 / 255), _fraction(0.1)
    ('8/255', '0.1')
    """
    levels = epsilon * 255
    return f"{round(levels)}/255" if abs(levels - round(levels)) < 1e-9 else f"{epsilon:g}"
