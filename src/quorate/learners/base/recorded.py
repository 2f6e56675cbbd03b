"""A fitted model with another record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from quorate.protocols import Classifier, ScoredClassifier
from quorate.table import Array, Labels, Probabilities


def with_record(model: Classifier, record: Mapping[str, Any]) -> Classifier:
    """Return the same model with another record; what else it can do, it still can.

    A model whose record is a field stays of its class. One that makes its record in another way
    is wrapped, and the wrapper gives probabilities where the model does.
    """
    fields: dict[str, Any] = getattr(model, "__dataclass_fields__", {})
    if "record" in fields and fields["record"].init:
        return cast(Classifier, dataclasses.replace(cast(Any, model), record=record))
    if isinstance(model, ScoredClassifier):
        return _RecordedScores(model, record)
    return _Recorded(model, record)


@dataclass(frozen=True, eq=False)
class _Recorded:
    """A model that knows labels alone, with a record of its own."""

    model: Classifier
    record: Mapping[str, Any]

    def predict(self, x: Array) -> Labels:
        """Return the model's labels, (n,)."""
        return self.model.predict(x)


@dataclass(frozen=True, eq=False)
class _RecordedScores:
    """A model that knows probabilities, with a record of its own."""

    model: ScoredClassifier
    record: Mapping[str, Any]

    def predict(self, x: Array) -> Labels:
        """Return the model's labels, (n,)."""
        return self.model.predict(x)

    def probabilities(self, x: Array) -> Probabilities:
        """Return the model's probabilities, (n, k)."""
        return self.model.probabilities(x)
