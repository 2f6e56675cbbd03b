"""What may be handed to the functions of quorate, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from quorate.protocols import Goal, Learner, Population, Strategy, Subgroup
from quorate.runs.logs.log import RunLog

# Text such as "sgd:epochs=5", a method, plain data of a file, or any object of one's own; or, where
# there may be several, a list of them, or a mapping from what they are to be called.
AnyPopulation: TypeAlias = str | Population | Mapping[str, object] | object
AnyStrategy: TypeAlias = str | Strategy | Mapping[str, object] | object
AnyLearner: TypeAlias = str | Learner | Mapping[str, object] | object
AnyGoal: TypeAlias = str | Goal | Mapping[str, object] | object
AnySubgroup: TypeAlias = str | Subgroup | Mapping[str, object] | object

AnyLog: TypeAlias = str | RunLog | Sequence[str | RunLog] | None  # who is told of the run
AnyOutcomes: TypeAlias = str | Path | Iterable[object] | object  # a file, a list, a data frame

Folder: TypeAlias = str | Path
Names: TypeAlias = str | Iterable[str]  # a list, or text with commas
Seeds: TypeAlias = int | Iterable[int]  # how many, or which
Counts: TypeAlias = int | str | Iterable[int]  # one, a list, or text with commas
Budgets: TypeAlias = float | str | Iterable[float | str]  # such as 0.03 or "8/255"; or several
