"""People with one feature, and a learner whose probabilities can be computed by hand."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from quorate.protocols import Learner
from quorate.table import Submission, Table


def line(places: list[float], labels: list[int], members: list[int] | None = None) -> Submission:
    """People with one feature, of whom the rows ``members`` are members who changed nothing."""
    classes = tuple("abc"[: max(2, max(labels) + 1)])
    people = Table(np.array(places, np.float32)[:, None], np.array(labels), classes)
    member = np.isin(np.arange(len(places)), members or [])
    return Submission(people, people.take(member), member)


@dataclass(frozen=True)
class Near(Learner):
    """Gives a person's label the probability exp(−|x − mean of those seen|); a line alone."""

    name: ClassVar[str] = "near"

    def fit(self, data: Submission, rng: np.random.Generator) -> Any:
        people = data.mixed()
        return _Near(float(people.x.mean()), {"n": len(people), "mean": float(people.x.mean())})


@dataclass(frozen=True)
class _Near:
    mean: float
    record: dict[str, Any]

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x), dtype=np.int64)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        likely = np.exp(-abs(x[:, 0].astype(float) - self.mean))
        return np.stack([likely, 1 - likely], axis=1)
