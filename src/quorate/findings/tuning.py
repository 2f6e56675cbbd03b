"""Step sizes tuned for the platform's honest accuracy, before anyone acts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from quorate import spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.populations.unmeasured import Unmeasured
from quorate.protocols import Learner
from quorate.runs.store import stored_ids
from quorate.studies.study import Study
from quorate.studies.sweep import run_study
from quorate.studies.trial import TRIAL
from quorate.validate import listed, unknown

PARAMETER = "learning_rate"
SEED = 1000  # draws whom step sizes are tried on; a study's own seeds are counted from 0
FOLDER = "tuning"


@dataclass(frozen=True)
class Tuning:
    """Which step sizes are tried, for which learners.

    Args:
        rates: tried for every learner that has a step size.
        own: tried in their place for the learners of these names.
        keep: names of learners that keep the one they are given.
        seed: of the draw of people they are tried on.
    """

    rates: tuple[float, ...]
    own: Mapping[str, tuple[float, ...]]
    keep: tuple[str, ...] = ()
    seed: int = SEED


def make_tuning(plain: Any) -> Tuning:
    """Return the tuning that a file's [tune] stands for.

    Args:
        plain: ``learning_rate``, a list; and where wanted ``own``, lists by the learner's name,
            ``keep``, names, and ``seed``.

    Raises:
        InputError: a key or a value is not what it should be.
    """
    if not isinstance(plain, Mapping):
        raise InputError(f"Expected a table [tune], got {plain!r}. Write [tune], then a list.")
    for key in plain:
        if key not in (PARAMETER, "own", "keep", "seed"):
            raise unknown("key of [tune]", key, (PARAMETER, "own", "keep", "seed"))
    own, keep = plain.get("own", {}), plain.get("keep", [])
    if not isinstance(own, Mapping):
        raise InputError(f"Expected [tune.own] to be a table, got {own!r}. Write NAME = [0.1, 1].")
    if not isinstance(keep, Sequence) or isinstance(keep, str):
        raise InputError(f"Expected keep to be a list of names, got {keep!r}. Write ['NAME'].")
    return Tuning(
        _rates(plain.get(PARAMETER, [])),
        {name: _rates(rates) for name, rates in own.items()},
        tuple(spec.convert(name, str, "keep") for name in keep),
        spec.convert(plain.get("seed", SEED), int, "seed"),
    )


def _rates(given: Any) -> tuple[float, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(f"Expected step sizes to be a list, got {given!r}. Use [0.1, 0.3, 1].")
    return tuple(spec.convert(rate, float, PARAMETER) for rate in given)


def tuned(
    study: Study, tuning: Tuning, out: str | Path | None, executor: Executor, device: str
) -> tuple[Study, list[dict[str, Any]]]:
    """Return the study with every learner's step size chosen, and what was tried.

    Each is the one with the highest accuracy on honest held-out people at α = 0, the mean over the
    study's populations; the smaller one among equals. Nobody's success is looked at, and nobody
    whom a cell of the study measures on: see the population ``unmeasured``. The people may be among
    those whom the cells' platforms learn from, so a privacy budget leaves the choice out.

    Args:
        study: the study.
        tuning: what to try.
        out: folder of the study; the trials are kept in a folder of their own in it.
        executor, device: as in ``run_study``.

    Raises:
        InputError: a named learner is not there.
    """
    names, candidates = _names(study), tuning_candidates(study, tuning)
    tried = {spec.text(one): one for many in candidates.values() for one in many if len(many) > 1}
    if not tried:
        return study, []
    folder = None if out is None else Path(out) / FOLDER
    trials, apart = _trials(study, tuple(tried.values()), tuning.seed, folder)
    found = run_study(trials, folder, executor, device)
    accuracy: dict[str, list[float]] = {}
    for outcome in found.outcomes:
        value = np.nan if outcome.accuracy is None else outcome.accuracy
        accuracy.setdefault(outcome.learner, []).append(value)
    chosen, rows = [], []
    for text, many in candidates.items():
        scores = [float(np.mean(accuracy.get(spec.text(one), [np.nan]))) for one in many]
        if np.isnan(scores).all() and len(many) > 1:
            raise InputError(
                f"Expected a step size that {names[text]} can be trained with, got none among "
                f"{listed([f'{rate_of(one):g}' for one in many])}: every training failed. Try "
                "smaller ones."
            )
        best = many[0] if len(many) == 1 else many[int(np.nanargmax(scores))]
        chosen.append((text, best))
        for one, score in zip(many, scores, strict=True):
            if len(many) > 1:
                rows.append(
                    {
                        "learner": names[text],
                        PARAMETER: rate_of(one),
                        "honest_accuracy": score,
                        "chosen": one == best,
                        "edge": one == best and one in (many[0], many[-1]),
                        "apart": apart,
                    }
                )
    return _with(study, chosen), rows


def _trials(
    study: Study, learners: tuple[Learner, ...], seed: int, folder: Path | None
) -> tuple[Study, bool]:
    """Return what is run to choose step sizes, and whether its people are measured on nowhere.

    Older versions did not see to that. A choice of theirs that is stored whole is kept, as the
    cells of the study hang on it, and is said to be one.
    """
    same: dict[str, Any] = {"alphas": (0.0,), "seeds": (seed,), "names": {}}
    older = replace(study, learners=learners, **same)
    if folder is not None and {c.id for c in older.cells()} <= stored_ids(folder, TRIAL):
        return older, False
    apart = tuple(Unmeasured(one, study.seeds) for one in study.populations)
    return replace(older, populations=apart), True


def _names(study: Study) -> dict[str, str]:
    """Return what the study's learners are called, by their texts."""
    return {spec.text(one): study.called(spec.text(one)) for one in study.learners}


def tuning_candidates(study: Study, tuning: Tuning) -> dict[str, list[Learner]]:
    """Return the learners to choose among, by the text of the one whose place they would take.

    Raises:
        InputError: a named learner is not there, or there is nothing to try for one.
    """
    names = _names(study)
    for name in (*tuning.own, *tuning.keep):
        if name not in names.values():
            raise unknown("learner of [tune]", name, names.values())
    return {
        text: [one] if (name := names[text]) in tuning.keep else _variants(one, tuning, name)
        for text, one in ((spec.text(one), one) for one in study.learners)
    }


def tuned_at(study: Study, rates: Mapping[str, float]) -> Study:
    """Return the study with the step sizes that were chosen, by what learners are called."""
    chosen: list[tuple[str, Learner]] = []
    for one in study.learners:
        text = spec.text(one)
        rate = rates.get(study.called(text))
        chosen.append((text, one if rate is None else _at_rate(one, rate)))
    return _with(study, chosen)


def _variants(learner: Learner, tuning: Tuning, name: str) -> list[Learner]:
    rates = tuning.own.get(name, tuning.rates)
    if rate_of(learner) is None:
        return [learner]
    if not rates:
        raise InputError(
            f"Expected step sizes to try for {name}, got none. List them in [tune], or keep it: "
            f"keep = [{name!r}]."
        )
    return [_at_rate(learner, rate) for rate in sorted(rates)]


def rate_of(learner: Any) -> float | None:
    """Return a learner's step size, or that of the learner inside it; None where there is none."""
    if hasattr(learner, PARAMETER):
        return float(getattr(learner, PARAMETER))
    inner = getattr(learner, "learner", None)
    return None if inner is None else rate_of(inner)


def _at_rate(learner: Any, rate: float) -> Any:
    if PARAMETER in {field.name for field in dataclasses.fields(learner)}:
        return replace(learner, **{PARAMETER: rate})
    return replace(learner, learner=_at_rate(learner.learner, rate))


def _with(study: Study, chosen: Sequence[tuple[str, Learner]]) -> Study:
    """Return the study with these learners, called as those whose place they take were called."""
    names = dict(study.names)
    for text, _ in chosen:
        names.pop(text, None)
    texts = [spec.text(learner) for _, learner in chosen]
    for (before, _), text in zip(chosen, texts, strict=True):
        if texts.count(text) > 1:
            raise InputError(
                f"Expected learners that differ after tuning, got {text} for more than one of "
                "them. Give those that should differ different parameters."
            )
        if before in study.names:
            names[text] = study.names[before]
    return replace(study, learners=tuple(one for _, one in chosen), names=names)
