"""The curves that a folder holds, read again without training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from quorate.bring_your_own.import_paths import refusing
from quorate.errors import StoreError
from quorate.runs.reading import as_stored
from quorate.runs.store import Store
from quorate.studies.curve import WHO
from quorate.studies.curves import Curves
from quorate.studies.study import make_study
from quorate.studies.trial import Outcome, stored_outcomes

KINDS = dict(zip(WHO, ("populations", "strategies", "goals", "learners"), strict=True))


def take_state(plain: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Take the digests of what a study read and was made of out of its plain data."""
    return {what: plain.pop(what) for what in ("data", "files", "code") if what in plain}


def _is_of_state(outcome: Outcome, state: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether an outcome is of the last state of each file and each class that it depends on."""
    description, code = outcome.description, state.get("code", {})
    data = description.get("data")
    told = {what: description.get(what, {}) for what in ("files", "code")}
    methods = {
        f"{kind}/{description[key]['name'].replace('_', '-')}" for key, kind in KINDS.items()
    }
    return (
        data == state.get("data", {}).get(outcome.population, data)
        and not (methods & set(code)) - set(told["code"])  # stored before code was told
        and all(
            digest == state.get(what, {}).get(name, digest)
            for what, digests in told.items()
            for name, digest in digests.items()
        )
    )


def load(folder: str | Path, target: float | None = None) -> Curves:
    """Return what a folder holds, read as its last study says; no file but the store is needed.

    Of cells measured by several versions, or on several states of a file or of a class of one's
    own that has changed, those of the version and the state that were run last.

    Args:
        folder: of a store.
        target: S* to read critical masses at, in place of the study's.

    Raises:
        InputError: the target is out of range.
        StoreError: there is no store, or it cannot be read, or the last study has no cell yet.
    """
    with as_stored(folder):
        return _load(folder, target)


def _load(folder: str | Path, target: float | None) -> Curves:
    with Store(folder) as store:
        outcomes, studies = stored_outcomes(store), store.studies()
    if not studies:
        raise StoreError(
            f"Expected a study in the store at {folder}, got none that is whole. Run the command "
            "that made it again."
        )
    state: dict[str, dict[str, str]] = {}
    for plain, _ in studies:
        for what, digests in take_state(plain).items():
            state.setdefault(what, {}).update(digests)
        plain.pop("search", None)  # how the cells were chosen is no part of what they say
    cells = [one for one in outcomes if one.version == studies[-1][1] and _is_of_state(one, state)]
    if not cells:
        raise StoreError(
            f"Expected cells of the last study in the store at {folder}, got none. Run it there."
        )
    with refusing("a stored result"):
        study = make_study(**studies[-1][0])
    return Curves.of(cells, study if target is None else replace(study, target=target))
