"""What a TNTP network says of costs beyond the time of each link: used, named, or refused.

Times of links are BPR latencies of their own flow. Files may say more: tolls and lengths that
drivers weigh, capacities by lane, other columns and files, and costs that are asymmetric, where
the time of a link depends on the flow of others.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.navigation.shortest_paths import Floats
from quorate.scenarios.navigation.tntp_files import find_file, unread_files
from quorate.scenarios.navigation.tntp_text import TntpText, read_number, read_text
from quorate.spec import text_of
from quorate.validate import listed

READ = ("tail", "head", "capacity", "length", "free_flow_time", "b", "power")  # of each link
USUAL = (*READ, "speed", "toll", "link_type")  # in the order that files without names have them
NOT_SEPARABLE = re.compile(
    r"asymmetric[\s_-]+(cost|network|travel|link|volume)|non[\s-]?separable"
    r"|(cost|time|latenc|function)\w*\s+are\s+asymmetric"
    r"|depends?\s+on\s+the\s+(flow|volume)s?\s+(of|on)\s+other\s+links",
    re.IGNORECASE,
)
DENIED = re.compile(r"\b(no|not|without)\s+(an?\s+)?$", re.IGNORECASE)  # what stands before it
ASYMMETRIC_NAME = re.compile(  # Town-Asym_net, TownAsymmetric, town_assym; not asymptotics
    r"((?<![A-Za-z])a|A)(ss?ym(m?etric(al)?)?|SS?YM(M?ETRIC)?)(?![a-z])"
)
PER_LANE = re.compile(r"capacity\s*[(\[]?\s*per[ _-]?lane", re.IGNORECASE)
WEIGHTS = re.compile(  # a line such as «Toll: 0.02 minutes/cent»
    r"^[^\w\n]*(toll|distance)[^\w\n]*:[^\w\n]*?(\d*\.?\d+)", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Reading:
    """How the costs in a network's files are read, where the files leave a choice.

    Args:
        toll_factor: time that drivers weigh a unit of toll like; None as the file has it.
        distance_factor: time that they weigh a unit of length like; None as the file has it.
        separable: read costs that the files call asymmetric as if each link had its own.
    """

    toll_factor: float | None = None
    distance_factor: float | None = None
    separable: bool = False


@dataclass(frozen=True, eq=False)
class Costs:
    """What is read of costs beyond times.

    Args:
        fixed: cost of each link beside its time, in units of time, (l,).
        lanes: what the capacity of each link is multiplied by, (l,).
        terms: what a link costs its drivers, in words.
        notes: sentences about what is read in an unusual way, and what is not read.
    """

    fixed: Floats
    lanes: Floats
    terms: tuple[str, ...]
    notes: tuple[str, ...]


def read_costs(text: TntpText, length: Floats, reading: Reading) -> Costs:
    """Return what a network's files say of costs beyond times.

    Generalised cost = time + toll factor · toll + distance factor · length. A factor is the one
    that is given, or the file's <TOLL FACTOR> and <DISTANCE FACTOR>, or 0.

    Args:
        text: the file of links.
        length: of each link, (l,).
        reading: what is given.

    Raises:
        InputError: a factor, toll or lane is no number.

    Source: README of Transportation Networks for Research, on generalised costs.
    """
    others = text.others(READ, USUAL)
    lanes, notes = _read_lanes(text, others)
    fixed, terms, left = np.zeros(len(length)), ["time"], []
    given = {"toll": reading.toll_factor, "distance": reading.distance_factor}
    for name, factor in given.items():
        weight = _factor(text, f"{name.upper()} FACTOR", factor)
        values = length if name == "distance" else _numbers(text, others, name) if weight else None
        if weight and values is not None and values.any():
            fixed = fixed + weight * values
            terms.append(f"{weight:g} × {name}")
        elif factor is None and not weight:
            left.append(name)
        elif weight and (factor is not None or name not in (*others, "distance")):
            notes.append(
                f"No link of {text.file.name} has a {name}: the {name} factor {weight:g} counts "
                "for nothing."
            )
    if not any(_is_something(value) for value in others.get("toll", ())):
        left = [name for name in left if name != "toll"]
    notes += _notes_of_factors(text.file.parent, left) + _notes_of_rest(text, others)
    return Costs(fixed, lanes, tuple(terms), tuple(notes))


def costs_mark(folder: Path, digest: str) -> str:
    """Return what the files of a digest change in costs by themselves, in words; often nothing.

    Part of the id of cells: a network that was read by its times alone has other flows.
    """
    return _costs_mark(find_file(folder, "net"), digest)


@functools.lru_cache(maxsize=64)
def _costs_mark(net: Path, digest: str) -> str:
    text = read_text(net)
    found = read_costs(text, text.table(READ, READ)["length"], Reading())
    lanes = ["capacity × lanes"] if (found.lanes != 1).any() else []
    return ", ".join([*found.terms[1:], *lanes])


def check_separable(text: TntpText, separable: bool) -> list[str]:
    """Return a note where costs are asymmetric and are to be read as separable all the same.

    Raises:
        InputError: the files call the costs asymmetric, and nobody asked for that.
    """
    sign = _find_asymmetry(text)
    if sign is None:
        return []
    if not separable:
        path = text_of(str(text.file.parent))
        raise InputError(
            "Expected a network in which the time of each link depends on its own flow, got "
            f"{sign}: the time of some depends on the flow of others, and no file tells how. "
            "Choose another network. To take each link by its own flow all the same, use "
            f"--network tntp:path={path},separable=true; the result will say so."
        )
    return [
        "Each link is taken by its own flow alone, although the time of some depends on the flow "
        f"of others ({sign}): these flows are not the equilibrium of that network."
    ]


def _find_asymmetry(text: TntpText) -> str | None:
    """Return where the files of a network call its costs asymmetric; None where they do not."""
    folder = text.file.parent
    for name in (text.file.name, folder.resolve().name):
        if ASYMMETRIC_NAME.search(name):
            return f"the name {name}"
    for fact, said in text.facts.items():
        if _says_asymmetric(f"{fact} {said}"):
            return f"<{fact}> of {text.file.name}"
    for name, said in _readmes(folder).items():
        if _says_asymmetric(said):
            return f"what {name} says of asymmetric costs"
    return None


def _says_asymmetric(said: str) -> bool:
    """Whether a text calls costs asymmetric, and not only denies it."""
    return any(not DENIED.search(said[: one.start()]) for one in NOT_SEPARABLE.finditer(said))


def _readmes(folder: Path) -> dict[str, str]:
    """Return what stands in a folder's README files, by their names; none that cannot be read."""
    found = {}
    for file in sorted(folder.glob("[Rr][Ee][Aa][Dd][Mm][Ee]*")):
        with contextlib.suppress(OSError):
            found[file.name] = file.read_text("utf-8", errors="replace")
    return found


def _read_lanes(text: TntpText, others: Mapping[str, Sequence[str]]) -> tuple[Floats, list[str]]:
    """Return what capacities are multiplied by, (l,): the lanes, where they are per lane."""
    one = np.ones(len(text.rows))
    if not PER_LANE.search(text.naming):
        return one, []
    if "lanes" not in others:
        return one, [
            f"Capacities in {text.file.name} are per lane, and no column tells the lanes: each "
            "link is read as having one."
        ]
    return _numbers(text, others, "lanes"), [
        f"Capacities in {text.file.name} are per lane and are multiplied by the lanes."
    ]


def _factor(text: TntpText, name: str, given: float | None) -> float:
    """Return a factor of the generalised cost: the one that is given, or the file's, or 0."""
    said = text.facts.get(name)
    if given is not None or said is None:
        return given or 0.0
    try:
        return read_number(said)
    except ValueError:
        raise InputError(
            f"Expected a number of zero or more after <{name}> in {text.file}, got {said!r}. "
            "Correct it, or take that line out."
        ) from None


def _numbers(text: TntpText, others: Mapping[str, Sequence[str]], name: str) -> Floats:
    """Return the numbers in a column that is not always there, (l,); zeros without it."""
    values = others.get(name)
    if values is None:
        return np.zeros(len(text.rows))
    try:
        return np.array([read_number(value) for value in values])
    except ValueError as error:
        raise InputError(
            f"Expected numbers of zero or more in the column {name} of {text.file}, got "
            f"{str(error)[:60]}. Correct that column."
        ) from None


def _notes_of_factors(folder: Path, left: Sequence[str]) -> list[str]:
    """Return a note on tolls and lengths that weigh nothing although somebody says they do.

    Args:
        folder: of the network.
        left: which of the two have no factor, tolls only where there are any.
    """
    said = _weights_in_readme(folder)
    known = [f"{name}_factor={said[name]:g}" for name in left if name in said]
    missing = ["toll"] if "toll" in left and "toll" not in said else []
    if not known and not missing:
        return []
    names = [name for name in left if name in said or name in missing]
    source = "Its README gives factors" if known else "No factor is given"
    options = ",".join([*(f"{name}_factor=NUMBER" for name in missing), *known])
    return [
        f"Drivers go by time alone, without the network's {' and '.join(names)}. {source}: to "
        f"count what they cost, use --network tntp:path={text_of(str(folder))},{options}."
    ]


def _weights_in_readme(folder: Path) -> dict[str, float]:
    """Return the factors under the heading Generalized Cost Weights of a README, above 0."""
    weights: dict[str, float] = {}
    for said in _readmes(folder).values():
        section = said.partition("Generalized Cost")[2].partition("\n## ")[0]
        weights |= {name.lower(): float(factor) for name, factor in WEIGHTS.findall(section)}
    return {name: factor for name, factor in weights.items() if factor}


def _is_something(value: str) -> bool:
    """Whether a value is anything but zero."""
    try:
        return float(value) != 0
    except ValueError:
        return True


def _notes_of_rest(text: TntpText, others: Mapping[str, Sequence[str]]) -> list[str]:
    """Return notes on the columns and files that are not read."""
    used = {"toll", "lanes"} if PER_LANE.search(text.naming) else {"toll"}
    unread = [
        name
        for name, values in others.items()
        if name not in used
        and (len(set(values)) > 1 or ("toll" in name and any(map(_is_something, values))))
    ]
    notes = []
    if unread:
        notes.append(
            f"Not used of {text.file.name}: {listed(unread)}. The time of a link is "
            "t⁰(1 + b(f/c)ᵖ), of its own flow f."
        )
    files = unread_files(text.file.parent)
    if files:
        notes.append(f"Not read: {listed(files)}, in the same folder.")
    return notes
