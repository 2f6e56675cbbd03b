"""An experiment: what a source claims, the settings that test it, and what is expected of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.errors import InputError
from quorate.executors.resources import NOTHING, Resources, take_resources
from quorate.findings.expectation import Expectation, make_expectation
from quorate.findings.tuning import Tuning, make_tuning
from quorate.runtime.files import read_toml
from quorate.validate import listed, unknown

WORDS = ("claim", "source", "ours", "expected")
KEYS = (*WORDS, "time", "expect", "tune", "quick", "note")
DECIDE_NOTHING = ("anyway", "name")  # settings that change no number


@dataclass(frozen=True)
class Experiment:
    """What a file of ``experiments/`` says.

    Args:
        name: of the file, without its ending.
        settings: what is run, as plain data: of a study, of a correction or of another kind.
        claim: one sentence.
        source: who claims it.
        ours: which settings are ours.
        expected: what the settings should show if the claim is true, in words.
        expectations: the same, checkable.
        time: how long it takes, by ``cpu`` and ``gpu``, in words.
        tuning: how step sizes are chosen; None where the settings name them.
        note: what else there is to say, in Markdown.
        quick: whether this is the smaller form, which shows that it runs and proves nothing.
        id: content id of all that decides the verdict: settings, tuning and what is expected.
        resources: where its cells are to be computed, which decides nothing.
    """

    name: str
    settings: Mapping[str, Any]
    claim: str = ""
    source: str = ""
    ours: str = ""
    expected: str = ""
    expectations: tuple[Expectation, ...] = ()
    time: Mapping[str, str] | None = None
    tuning: Tuning | None = None
    note: str = ""
    quick: bool = False
    id: str = ""
    resources: Resources = NOTHING


def read_experiment(path: str | Path, quick: bool = False) -> Experiment:
    """Return what a TOML file says; a plain study or correction is an experiment without a claim.

    Args:
        path: of the file.
        quick: whether its smaller form is wanted: what [quick] says takes the place of the rest.

    Raises:
        InputError: the file is not there, is not TOML, a claim lacks its source or what is
            expected, it has no quick form, or it names an executor that it cannot.
    """
    plain = read_toml(path)
    name = Path(path).stem
    smaller = plain.pop("quick", None)
    if (quick or smaller is not None) and not isinstance(smaller, Mapping):
        raise InputError(
            f"Expected a table [quick] in {path}, got none. Run it without --quick, or say "
            "there what is smaller: quick = {seeds = 2}."
        )
    resources = take_resources(plain, path)
    if quick and smaller:
        smaller = dict(smaller)
        resources = take_resources(smaller, path).or_else(resources)
        plain |= smaller
    said = {key: plain.pop(key) for key in KEYS if key in plain}
    for key in (*WORDS, "note"):
        if key in said:
            said[key] = spec.convert(said[key], str, key)
    settings = {key: value for key, value in plain.items() if key not in DECIDE_NOTHING}
    decides = {"settings": settings, "tune": said.get("tune"), "expect": said.get("expect")}
    expectations = said.pop("expect", [])
    if not isinstance(expectations, list) or not all(isinstance(e, dict) for e in expectations):
        raise InputError(f"Expected tables [[expect]] in {path}, got {expectations!r}. Use them.")
    _check_claim(said, expectations, path)
    tune = said.pop("tune", None)
    return Experiment(
        name=name,
        settings=plain,
        expectations=tuple(make_expectation(**one) for one in expectations),
        tuning=None if tune is None else make_tuning(tune),
        quick=quick,
        id=spec.content_id(decides),
        resources=resources,
        **said,
    )


def _check_claim(said: Mapping[str, Any], expectations: list[Any], path: str | Path) -> None:
    if "claim" not in said and not expectations:
        return
    missing = [word for word in WORDS if not isinstance(said.get(word), str)]
    missing += [] if expectations else ["expect"]
    if missing:
        raise InputError(
            f"Expected claim, source, ours, expected and [[expect]] in {path}, got no "
            f"{listed(missing)}. A claim says whose it is and what would show it."
        )
    time = said.get("time", {})
    if not isinstance(time, Mapping) or not all(isinstance(one, str) for one in time.values()):
        raise InputError(
            f"Expected time to be a table of words in {path}, got {time!r}. Write time = {{ cpu = "
            "'5 minutes on 2 cores' }."
        )
    for key in time:
        if key not in ("cpu", "gpu"):
            raise unknown("key of time", key, ("cpu", "gpu"))
