"""A campaign's draft from the fields of a form, or from the file of a plan or a correction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from quorate.bring_your_own.import_paths import refusing
from quorate.collective.acting.planned import instruction_of
from quorate.collective.drafts import RULES
from quorate.collective.facts.joining import TERMS, terms_in
from quorate.collective.facts.quorum import suggest_quorum
from quorate.collective.facts.sources import Facts, source_of, source_to_plain
from quorate.collective.facts.training import TrainingFacts
from quorate.collective.plans import Draft, Plan, TestPlan, TrainingPlan
from quorate.collective.publishing.settings import read_settings
from quorate.collective.web.fields import Fields, parse_json
from quorate.errors import InputError, StoreError
from quorate.printable import one_line
from quorate.test_time.http.service import RefusedError
from quorate.test_time.perturbations.budget import is_none
from quorate.test_time.study.wording import budget

MOST_TITLE = 200
MOST_CLASSES = 1000
QUORUM_HINT = "Enough that the plan can work, and few enough that they will come together."
BLANK: Mapping[str, Any] = {
    **dict.fromkeys(("title", "why", "signal", "label", "target", "platform_size"), ""),
    "rules": RULES,
    **dict.fromkeys(("platform", "subgroup", "classes", "width", "height", "rate", "source"), ""),
    "strategy": "planting",
    "success": "90",
    "channels": "1",
    "queries": "100",
    "epsilon": "8/255",
    "norm": "linf",
    "doubled": "25",
    "reserved": "30",
    "proxy": "mlp",
    "extraction": "",
    "crafting": "",
    "cost": "10",
    "share": "50",
    "expected": "",
    "quorum": "",
    "quorum_hint": QUORUM_HINT,
}


def read(kind: str, fields: Fields) -> Draft:
    """Return the draft that a form describes.

    Raises:
        InputError, RefusedError: a field is missing, or not what it should be.
    """
    title = fields.text("title")
    if len(title) > MOST_TITLE:
        raise InputError(
            f"Expected a title of at most {MOST_TITLE} letters, got {len(title)}. Shorten it."
        )
    plan: Plan = _training(fields) if kind == "training" else _test(fields)
    source = fields.text("source")
    draft = Draft(
        title=title,
        why=fields.text("why"),
        rules=fields.text("rules"),
        plan=plan,
        quorum=fields.whole("quorum", "the pledges from which on members act"),
        deadline=_deadline(fields.text("deadline")),
        source=_with_terms(parse_json(source.encode()), fields) if source else None,
    )
    return checked(draft)


def _with_terms(source: Any, fields: Fields) -> dict[str, Any]:
    """Return a source with what the organiser says of joining."""
    terms: dict[str, Any] = {
        "cost": fields.number("cost", "what acting costs in per cent") / 100,
        "share": fields.number("share", "what those who stay out get in per cent") / 100,
    }
    if fields.text("expected"):
        terms["expected"] = fields.whole("expected", "the pledges that you expect")
    return {**(source if isinstance(source, dict) else {}), TERMS: terms}


def from_source(content: bytes) -> tuple[str, dict[str, Any]]:
    """Return the kind of campaign that a source is of, and the fields that it fills in.

    Raises:
        RefusedError: it is neither a plan nor a correction.
    """
    facts = _facts(content)
    quorum = suggest_quorum(facts)
    found: dict[str, Any] = {
        "title": facts.title[:MOST_TITLE],
        "source": json.dumps(source_to_plain(facts), ensure_ascii=False),
        "quorum": "" if quorum.pledges is None else f"{quorum.pledges}",
        "quorum_hint": quorum.why,
    }
    if isinstance(facts, TrainingFacts):
        objective = facts.certification.objective
        found |= {
            "strategy": facts.strategy,
            "signal": ",".join(f"{name}={value}" for name, value in facts.sets.items()),
            "label": facts.label or "",
            "target": objective.target or "",
            "platform_size": str(objective.platform_size),
            "success": f"{100 * objective.success:g}",
        }
        return facts.kind, found
    found |= {
        "platform": facts.platform,
        "subgroup": facts.subgroup,
        "classes": "\n".join(facts.classes),
        "queries": str(facts.queries),
        "epsilon": "none" if is_none(facts.epsilon, facts.norm) else budget(facts.epsilon),
        "norm": facts.norm,
    }
    if facts.shape is not None:
        found |= dict(zip(("channels", "height", "width"), map(str, facts.shape), strict=True))
    return facts.kind, found


def checked(draft: Draft) -> Draft:
    """Return a draft once its source is read, with the instruction that its members carry out.

    Raises:
        RefusedError, InputError: the source is none, or of the other kind; a member cannot carry
            the strategy out alone; or no change can be crafted as the plan says.
    """
    if draft.source is not None:
        facts = _facts(draft.source)
        if facts.kind != draft.plan.kind:
            raise RefusedError(
                422,
                "source",
                f"Expected a source for acting at {draft.plan.kind} time, got one for "
                f"{facts.kind} time. Give the other file, or set the other campaign up.",
            )
        terms = terms_in(draft.source).to_plain()
        draft = replace(draft, source={**source_to_plain(facts), TERMS: terms})
    plan = draft.plan
    if isinstance(plan, TrainingPlan):
        draft = replace(draft, plan=replace(plan, instruction=instruction_of(plan).to_plain()))
    else:
        with refusing("a campaign's plan"):
            read_settings(plan)  # raises where no change could be crafted by it
    return draft


def _facts(content: bytes | Mapping[str, Any]) -> Facts:
    try:
        with refusing("a campaign's source"):
            return source_of(content)
    except StoreError as error:
        raise RefusedError(422, "source", str(error)) from None


def _training(fields: Fields) -> TrainingPlan:
    return TrainingPlan(
        strategy=_some(fields, "strategy", "a strategy, such as planting"),
        signal=_some(fields, "signal", "a signal, such as channel=web"),
        label=fields.text("label"),
        target=_some(fields, "target", "the label that the collective wants"),
        platform_size=fields.whole("platform_size", "the people that the platform learns from"),
        success=fields.number("success", "the success that you aim for in per cent") / 100,
    )


def _test(fields: Fields) -> TestPlan:
    classes = tuple(one.strip() for one in fields.text("classes").splitlines() if one.strip())
    if not 2 <= len(classes) <= MOST_CLASSES or len(set(classes)) < len(classes):
        raise InputError(
            f"Expected 2 to {MOST_CLASSES:,} different labels, one a line, got {len(classes)}. "
            "Write down all answers that the platform gives."
        )
    norm = fields.text("norm")
    if norm not in ("linf", "l2"):
        raise InputError(f"Expected linf or l2, got {one_line(norm)[:20]}. Choose one.")
    return TestPlan(
        platform=_some(fields, "platform", "which platform"),
        subgroup=_some(fields, "subgroup", "whom it serves badly"),
        classes=classes,
        shape=(
            fields.whole("channels", "1 for grey or 3 for colour"),
            fields.whole("height", "the height of pictures"),
            fields.whole("width", "the width of pictures"),
        ),
        queries=fields.whole("queries", "the most questions of one member"),
        epsilon=_some(fields, "epsilon", "a budget, such as 8/255"),
        norm="l2" if norm == "l2" else "linf",
        doubled=fields.number("doubled", "a share in per cent") / 100,
        reserved=fields.number("reserved", "the questions kept for trying in per cent") / 100,
        rate=fields.text("rate"),
        proxy=fields.text("proxy", "mlp"),
        extraction=fields.text("extraction"),
        crafting=fields.text("crafting"),
        success=fields.number("success", "the pictures that should pass in per cent") / 100,
    )


def _some(fields: Fields, name: str, what: str) -> str:
    text = fields.text(name)
    if not text:
        raise InputError(f"Expected {what}, got nothing. Fill it in.")
    return text


def _deadline(text: str) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"Expected a day and a time such as 2030-01-31T18:00, got {one_line(text)[:40]}. "
            "Choose them."
        ) from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
