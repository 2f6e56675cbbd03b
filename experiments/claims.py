"""The claims of the sources, and what all findings together say of each.

``sources/claims.toml`` holds the claims in the order of the table. An experiment names the claim
that it answers (``answers``) and the condition that it stands for (``where``), its expectations
where they differ. All statements of one claim under one condition, of whatever experiment, give
one verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from keeping import EXPERIMENTS, Finding

from quorate.errors import InputError
from quorate.findings.design import half_width, seeds_to_decide
from quorate.findings.judging import together
from quorate.report.verdict import condition_in_words, rounded
from quorate.runtime.files import read_toml
from quorate.spec import convert
from quorate.validate import listed, unknown

FILE = Path("sources", "claims.toml")
WORDS = ("name", "claim", "source", "says")
ORDER = ("holds", "reversed", "does not hold", "undecided")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# {experiment/name of a statement}, or {|experiment/name|} for its size without the sign
QUOTED = re.compile(r"\{(\|?)([\w-]+)/([^{}|]+)\|?\}")


@dataclass(frozen=True)
class Claim:
    """What a source claims.

    Args:
        name: what experiments call it.
        claim: one sentence, as the source has it.
        source: who claims it.
        says: what was found, in one sentence; ``{experiment/name}`` stands for the number of a
            statement, and ``{|experiment/name|}`` for its size.
    """

    name: str
    claim: str
    source: str
    says: str


@dataclass(frozen=True)
class Part:
    """A condition of a claim, and what was found under it.

    Args:
        where: the condition, in words; empty where the claim knows none.
        statements: those that count, each with the experiment that it is of.
    """

    where: str
    statements: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def verdict(self) -> str:
        """Whether it holds; reversed where the opposite of all of it does."""
        said = [one for _, one in self.statements]
        refuting = [one for one in said if one.get("refutes", one["verdict"] == "does not hold")]
        if refuting:
            opposite = len(refuting) == len(said) and all(one.get("opposite") for one in said)
            return "reversed" if opposite else "does not hold"
        return "holds" if all(one["verdict"] == "holds" for one in said) else "undecided"

    @property
    def seeds_needed(self) -> int | None:
        """How many seeds would decide it; None where it is decided, or where they would not.

        If numbers stay what they are, one that is beyond its limit refutes it, the first to do so;
        where none is, all have to hold.
        """
        if self.verdict != "undecided":
            return None
        open_ = [one for _, one in self.statements if one["verdict"] != "holds"]
        beyond = [one for one in open_ if one["verdict"] != "undecided" or (one["clear"] or 0) < 0]
        if beyond:
            refuting = map(seeds_to_refute, beyond)
            return min((one for one in refuting if one is not None), default=None)
        needed = [one.get("seeds_needed") for one in open_]
        known = [one for one in needed if one is not None]
        return max(known, default=None) if len(known) == len(needed) else None


@dataclass(frozen=True)
class Answer:
    """What was found of a claim.

    Args:
        claim: the claim.
        parts: its conditions, in the order in which they were found.
        sentence: what was found, with its numbers.
    """

    claim: Claim
    parts: tuple[Part, ...]
    sentence: str

    @property
    def verdict(self) -> str:
        """One verdict on the whole."""
        found = ["does not hold" if p.verdict == "reversed" else p.verdict for p in self.parts]
        return together(found)

    def words(self) -> str:
        """Return the verdict with its conditions: "holds where ...; reversed where ..."."""
        if not self.parts:
            return "not measured here"
        groups: dict[str, list[str]] = {}
        for letter, part in zip(LETTERS, self.parts, strict=False):
            lettered = f"({letter}) " if len(self.parts) > 1 else ""
            said = f"{lettered}{condition_in_words(part.where)}"
            if part.seeds_needed is not None:
                said += f" (about {rounded(part.seeds_needed)} seeds would decide)"
            groups.setdefault(part.verdict, []).append(said.strip())
        each = [f"{said} {', '.join(of)}".strip() for said, of in groups.items()]
        if len(groups) == 1:
            return each[0].replace(self.parts[0].verdict, f"**{self.parts[0].verdict}**", 1)
        return f"**{self.verdict}**: {'; '.join(each)}"


def seeds_to_refute(one: Mapping[str, Any]) -> int | None:
    """Return how many seeds refute the claim of a statement that is beyond its limit, if any do.

    Its interval has to leave the limit out at 1 − 0.05/(m·k), of m statements and k looks.

    Args:
        one: the statement, with ``seeds`` and the ``family`` m of its finding.
    """
    if one["verdict"] == "does not hold":  # taken alone
        found: int | None = one.get("seeds_needed")
        return found
    seeds, family = one.get("seeds"), one.get("family")
    if one.get("spread") is None or one["clear"] is None or not seeds or not family:
        return None
    confidence = one["confidence"]
    distance = -one["clear"] * half_width(1.0, seeds, confidence)  # in standard deviations
    needed = seeds_to_decide(distance, 1.0, 1 - (1 - confidence) / family)
    return None if needed is None else max(needed, seeds + 1)


def read_claims(root: Path) -> list[Claim]:
    """Return the claims of the sources, in the order of the file; none where there is no file.

    Raises:
        InputError: the file cannot be read, or a claim lacks a word or is named twice.
    """
    path = root / EXPERIMENTS / FILE
    if not path.exists():
        return []
    claims = []
    for plain in read_toml(path).get("claim", []):
        missing = [word for word in WORDS if word not in plain]
        if missing or len(plain) > len(WORDS):
            raise InputError(
                f"Expected {listed(WORDS)} of each claim in {path}, got {listed(list(plain))}. "
                "Write these four."
            )
        claims.append(Claim(**{word: convert(plain[word], str, word) for word in WORDS}))
    names = [one.name for one in claims]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Expected each claim once in {path}, got {name} twice. Rename one.")
    return claims


def answer_all(claims: Sequence[Claim], found: Mapping[str, Finding]) -> list[Answer]:
    """Return what the findings say of each claim.

    Raises:
        InputError: a finding answers a claim that there is not, or a sentence quotes a number that
            there is not.
    """
    names = [one.name for one in claims]
    parts: dict[str, dict[str, list[tuple[str, Mapping[str, Any]]]]] = {n: {} for n in names}
    for name, one in counting(found):
        finding = found[name]
        answers = one.get("answers") or finding.get("answers") or ""
        if not answers:
            continue
        if answers not in parts:
            raise unknown(f"claim that {name} answers", answers, names)
        where = one.get("where") or finding.get("where") or ""
        family = sum(not other.get("aside") for other in finding["statements"])
        known = {**one, "seeds": finding["seeds"], "family": family}
        parts[answers].setdefault(where, []).append((name, known))
    for name, conditions in parts.items():
        if len(conditions) > len(LETTERS):
            raise InputError(
                f"Expected at most {len(LETTERS)} conditions of the claim {name}, got "
                f"{len(conditions)}. Say alike conditions in the same words."
            )
    return [
        Answer(claim, _in_order(parts[claim.name]), quote(claim.says, found)) for claim in claims
    ]


def _in_order(parts: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]]) -> tuple[Part, ...]:
    """Return the parts of a claim, those first where it holds."""
    made = [Part(where, tuple(said)) for where, said in parts.items()]
    return tuple(sorted(made, key=lambda part: ORDER.index(part.verdict)))


def counting(found: Mapping[str, Finding]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each statement that counts, with the name of its experiment."""
    for name, finding in found.items():
        for one in finding["statements"]:
            if not one.get("aside"):
                yield name, one


def quote(says: str, found: Mapping[str, Finding]) -> str:
    """Return a sentence with the numbers of the statements that it names.

    Raises:
        InputError: there is no such finding, no statement of that name, or braces name neither.
    """

    def number(match: re.Match[str]) -> str:
        size, experiment, name = match.groups()
        if experiment not in found:
            raise unknown("finding of a claim's sentence", experiment, list(found))
        named = {one["name"]: one for one in found[experiment]["statements"] if one.get("name")}
        if name not in named:
            raise unknown(f"statement of {experiment}", name, list(named))
        said = in_short(named[name])
        return said.removeprefix("-") if size else said

    if {"{", "}"} & set(QUOTED.sub("", says)):
        raise InputError(
            f"Expected {{experiment/name}} or {{|experiment/name|}} in what is said of a claim, "
            f"got {says!r}. Mend its braces."
        )
    return QUOTED.sub(number, says)


def in_short(one: Mapping[str, Any]) -> str:
    """Return the number of a statement: a size in percent, anything else in two digits.

    >>> in_short({"measure": "critical-mass", "value": 0.0123, "words": "1.23% (1% to 2%)"})
    '1.2%'
    >>> in_short({"measure": "critical-mass", "value": 1.234, "words": "1.23 (1 to 2) times"})
    '1.2'
    >>> in_short({"measure": "critical-mass", "value": 0.997, "words": "99.7% (98% to 100%)"})
    '100%'
    >>> in_short({"measure": "x", "value": 3.8, "low": 2.24, "words": "at least 2.24, by what ..."})
    'at least 2.2'
    """
    value = one["value"]
    if value is None:
        return "beyond what was measured"
    share = one["measure"] == "critical-mass" and "%" in one["words"]
    for edge, end in (("at least", "low"), ("at most", "high")):
        if one["words"].startswith(edge):
            return f"{edge} {one[end]:.2g}"
    number = f"{100 * value if share else value:.2g}"
    if "e" in number:
        large = abs(float(number)) >= 1
        number = f"{float(number):,.0f}" if large else f"{Decimal(number):f}"
    return f"{number}%" if share else number
