"""What may be handed to the functions of quorate, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from quorate.protocols import Goal, Learner, Population, Strategy, Subgroup
from quorate.runs.logs.log import RunLog

AnyPopulation: TypeAlias = str | Population | Mapping[str, object] | object
"""People: a name with parameters, such as ``"digits:n=500"``, a method, plain data of a file, an
import path, or data of your own, as ``quorate.people`` takes them. Where there may be several, a
list of them, or a mapping from what they are to be called."""

AnyStrategy: TypeAlias = str | Strategy | Mapping[str, object] | object
"""What members do: a name with parameters, such as ``"planting:size=2"``, a method, plain data of a
file, an import path, or a function of your own; or several, as of ``AnyPopulation``."""

AnyLearner: TypeAlias = str | Learner | Mapping[str, object] | object
"""What the platform trains: a name with parameters, such as ``"sgd:epochs=5"``, a method, plain
data of a file, an import path, an estimator or a function of your own; or several, as of
``AnyPopulation``."""

AnyGoal: TypeAlias = str | Goal | Mapping[str, object] | object
"""What counts as success: a name with parameters, such as ``"planted:target=8"``, a method, plain
data of a file, an import path, or a function of your own; or several, as of ``AnyPopulation``."""

AnySubgroup: TypeAlias = str | Subgroup | Mapping[str, object] | object
"""Whom a platform serves badly: a name with parameters, such as ``"blur:sigma=2"``, or a method."""

AnyLog: TypeAlias = str | RunLog | Sequence[str | RunLog] | None
"""Who is told of a run: a name with parameters, such as ``"mlflow:experiment=curves"``, or a log;
or several."""

AnyOutcomes: TypeAlias = str | Path | Iterable[object] | object
"""Outcomes over time: a file, a list of truth values, or a data frame."""

Place: TypeAlias = str | Path
"""Where a file or a folder is."""

Names: TypeAlias = str | Iterable[str]
"""Names: a list, or text with commas."""

Seeds: TypeAlias = int | Iterable[int]
"""How many seeds there are, or which."""

Counts: TypeAlias = int | str | Iterable[int]
"""A whole number, a list of them, or text with commas."""

Budgets: TypeAlias = float | str | Iterable[float | str]
"""A size on the pixel scale [0, 1], such as 0.03 or ``"8/255"``; or several."""
