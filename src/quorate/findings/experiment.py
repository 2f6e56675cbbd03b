"""An experiment: what a source claims, the settings that test it, and what is expected of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.errors import InputError
from quorate.executors.resources import NOTHING, Resources, take_resources
from quorate.findings.design import describe_design
from quorate.findings.expectation import Expectation, make_expectation
from quorate.findings.samples import FEWEST
from quorate.findings.tuning import Tuning, make_tuning
from quorate.runtime.files import read_toml
from quorate.validate import listed, unknown

WORDS = ("claim", "source", "ours", "expected")
PLACED = ("answers", "where")  # which claim of a source, under which condition
KEYS = (*WORDS, *PLACED, "time", "expect", "tune", "quick", "note", "looks")
DECIDE_NOTHING = ("anyway", "name")  # settings that change no number
HOW_MUCH = ("title", "seeds")  # settings that change no cell, though how many there are


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
        answers: the claim of a source that it answers, by its name in claims.toml.
        where: the condition that it stands for, to follow "holds where".
        looks: numbers of seeds at which it is judged, rising: it goes on while its claim is
            undecided. None where the settings say how many seeds there are.
        quick: whether this is the smaller form, which shows that it runs and proves nothing.
        id: content id of all that decides the verdict: settings, tuning and what is expected.
        settings_id: content id of settings and tuning alone, for any number of seeds: findings of
            the same one can be judged anew by what is expected today.
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
    answers: str = ""
    where: str = ""
    looks: tuple[int, ...] = ()
    quick: bool = False
    id: str = ""
    settings_id: str = ""
    resources: Resources = NOTHING

    def at(self, seeds: int) -> Experiment:
        """Return the experiment with so many seeds, where it says at which numbers it looks."""
        return replace(self, settings={**self.settings, "seeds": seeds}) if self.looks else self

    def design(self) -> list[str]:
        """Return how it is judged, and what it can see of each statement, a line each.

        A quick form is not evidence, and sees what it sees.

        Raises:
            InputError: a statement leaves less room than it can see.
        """
        given = self.looks[-1] if self.looks else self.settings.get("seeds")
        seeds = len(given) if isinstance(given, list) else given
        known = seeds if type(seeds) is int else None
        return describe_design(() if self.quick else self.expectations, known, self.looks)


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
        if "seeds" in smaller:
            plain.pop("looks", None)
        plain |= smaller
    said = {key: plain.pop(key) for key in KEYS if key in plain}
    for key in (*WORDS, *PLACED, "note"):
        if key in said:
            said[key] = spec.convert(said[key], str, key)
    said |= {key: said[key].strip() for key in PLACED if key in said}
    settings = {key: value for key, value in plain.items() if key not in DECIDE_NOTHING}
    decides = {"settings": settings, "tune": said.get("tune"), "expect": said.get("expect")}
    decides |= {"looks": said["looks"]} if "looks" in said else {}
    cells = {key: value for key, value in settings.items() if key not in HOW_MUCH}
    expectations = said.pop("expect", [])
    if not isinstance(expectations, list) or not all(isinstance(e, dict) for e in expectations):
        raise InputError(f"Expected tables [[expect]] in {path}, got {expectations!r}. Use them.")
    _check_claim(said, expectations, path)
    tune = said.pop("tune", None)
    expected = tuple(make_expectation(**one) for one in expectations)
    _check_names(expected, path)
    if "looks" in said:
        said["looks"] = _looks(said["looks"], settings, expected, path)
    return Experiment(
        name=name,
        settings=plain,
        expectations=expected,
        tuning=None if tune is None else make_tuning(tune),
        quick=quick,
        id=spec.content_id(decides),
        settings_id=spec.content_id({"settings": cells, "tune": tune}),
        resources=resources,
        **said,
    )


def _looks(
    given: Any, settings: Mapping[str, Any], expected: Sequence[Expectation], path: str | Path
) -> tuple[int, ...]:
    """Return at which numbers of seeds an experiment is judged, once they are seen to be a design.

    Raises:
        InputError: they are no rising numbers, there is nothing to judge, the settings name a
            number of seeds as well, or the spread of a statement that counts is not known.
    """
    whole = isinstance(given, list) and all(type(one) is int for one in given)
    if not whole or not given or sorted(set(given)) != given or given[0] < FEWEST:
        raise InputError(
            f"Expected looks to be rising numbers of seeds from {FEWEST} on, got {given!r} in "
            f"{path}. Write looks = [5, 10, 20]."
        )
    if "seeds" in settings:
        raise InputError(f"Expected looks or seeds in {path}, got both. Leave out seeds.")
    if not expected:
        raise InputError(f"Expected [[expect]] beside looks in {path}, got none. Say what decides.")
    unknown_spread = [one for one in expected if not one.aside and one.spread is None]
    if unknown_spread:
        one = unknown_spread[0]
        raise InputError(
            f"Expected spread of every statement beside looks in {path}, got none for "
            f"{one.plain()}. Run the file with seeds in place of looks on other seeds, say "
            "seeds = [900, 901, 902], and take spread from its finding.json."
        )
    return tuple(given)


def _check_names(expected: Sequence[Expectation], path: str | Path) -> None:
    """Raise InputError where two statements would be quoted by one name."""
    names = [one.name for one in expected if one.name]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Expected each name once in {path}, got {name!r} twice. Rename one.")


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
