"""The source of a campaign: a plan or a correction, read from where the library wrote it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate.collective.facts import correction_source, plan_source
from quorate.collective.facts.correction import CorrectionFacts
from quorate.collective.facts.joining import TERMS
from quorate.collective.facts.training import TrainingFacts
from quorate.errors import InputError, StoreError, reason
from quorate.plain import finite, read_json
from quorate.runs.digests import is_unchanged
from quorate.runs.reading import as_stored
from quorate.test_time.perturbations import perturbation
from quorate.test_time.study.outcome import PERTURBATION

Facts = TrainingFacts | CorrectionFacts
FILES = ("plan.json", "results.json")  # of a plan's folder, and of a correction's
MOST_BYTES = 20 * 2**20  # of a source; a correction of many cells has one megabyte


def read_source(place: str | Path) -> Facts:
    """Return the facts of a plan or a correction: from its folder, or a file of its JSON.

    Raises:
        StoreError: there is none, it was changed since it was written, or it is damaged.
    """
    path = Path(place)
    try:
        inside = [path / name for name in FILES] if path.is_dir() else [path]
        file = next((one for one in inside if one.is_file()), None)
        if file is None:
            raise StoreError(
                f"Expected a plan or a correction at {place}, got neither {FILES[0]} nor "
                f"{FILES[1]}. Name the --out folder of quorate plan or of quorate correct, or a "
                "file with what --json printed."
            )
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        raise StoreError(
            f"Expected a plan or a correction at {place}, got: {reason(error)}. Name the --out "
            "folder of quorate plan or of quorate correct."
        ) from None
    found = source_of(content, str(file))
    if isinstance(found, CorrectionFacts) and (file.parent / PERTURBATION).is_file():
        change = perturbation.load(file.parent / PERTURBATION)
        found = found.with_platform(change.classes, change.shape)
    return found


def source_of(content: bytes | str | Mapping[str, Any], called: str = "the file") -> Facts:
    """Return the facts in JSON of a plan or a correction, or in what ``source_to_plain`` returned.

    An organiser's terms of joining may stand beside them.

    Args:
        content: the JSON, or what it says.
        called: where it is from, for messages.

    Raises:
        StoreError: it is too large, no JSON, of neither, changed since it was written, or damaged.
    """
    plain = content if isinstance(content, Mapping) else _parsed(content, called)
    kinds = (
        (plan_source.MARKS, plan_source.training_from_plain),
        (correction_source.MARKS, correction_source.correction_from_plain),
    )
    for marks, read in kinds:
        if all(mark in plain for mark in marks):
            if not is_unchanged({key: one for key, one in plain.items() if key != TERMS}):
                raise StoreError(
                    f"Expected {called} as it was written, got numbers that were changed since. "
                    "Run the command that made it again."
                )
            with as_stored(called):
                return _read(read, plain, called)
    raise StoreError(
        f"Expected the JSON of a plan or of a correction in {called}, got another. Give what "
        "quorate plan or quorate correct wrote to --out, or printed with --json."
    )


def _read(read: Any, plain: Mapping[str, Any], called: str) -> Facts:
    try:
        found: Facts = read(plain)
        source_to_plain(found)  # words and numbers are made once, so that no page fails later
        for words in (found.what, found.how_sure, found.costs, found.assumptions, found.limits):
            words()
        found.figures()
        len(found.curves)
    except InputError as error:
        raise StoreError(f"Expected {called} to be whole, got this. {error}") from error
    return found


def _parsed(content: bytes | str, called: str) -> Mapping[str, Any]:
    if len(content) > MOST_BYTES:
        raise StoreError(
            f"Expected at most {MOST_BYTES // 2**20} MB in {called}, got more. Give the JSON of "
            "one plan or one correction."
        )
    try:
        plain = finite(read_json(content))
    except ValueError as error:
        raise StoreError(
            f"Expected JSON in {called}, got: {error}. Give plan.json or results.json."
        ) from None
    if not isinstance(plain, Mapping):
        raise StoreError(
            f"Expected the JSON of a plan or of a correction in {called}, got a "
            f"{type(plain).__name__}. Give plan.json or results.json."
        )
    return plain


def source_to_plain(facts: Facts) -> dict[str, Any]:
    """Return facts as plain data, which ``source_of`` reads again."""
    if isinstance(facts, TrainingFacts):
        return plan_source.training_to_plain(facts)
    return correction_source.correction_to_plain(facts)


def digest_of(facts: Facts) -> str:
    """Return a digest of all that the facts say."""
    text = json.dumps(source_to_plain(facts), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
