"""Replacing the record of a fitted model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from quorate.protocols import Classifier, ScoredClassifier
from quorate.table import Array, Labels, Probabilities


def with_record(model: Classifier, record: Mapping[str, Any]) -> Classifier:
    """Return the same model, with all it can do, and another record.

    A model whose record is a field keeps its class. Any other is wrapped, in a wrapper that gives
    probabilities if the model does.
    """
    fields: dict[str, Any] = getattr(model, "__dataclass_fields__", {})
    if "record" in fields and fields["record"].init:
        return cast(Classifier, dataclasses.replace(cast(Any, model), record=record))
    if isinstance(model, ScoredClassifier):
        return RecordedScores(model, record)
    return RecordedModel(model, record)


@dataclass(frozen=True, eq=False)
class RecordedModel:
    """A model without probabilities, and its new record."""

    model: Classifier
    record: Mapping[str, Any]

    def predict(self, x: Array) -> Labels:
        """Return the model's labels, (n,)."""
        return self.model.predict(x)


@dataclass(frozen=True, eq=False)
class RecordedScores:
    """A model with probabilities, and its new record."""

    model: ScoredClassifier
    record: Mapping[str, Any]

    def predict(self, x: Array) -> Labels:
        """Return the model's labels, (n,)."""
        return self.model.predict(x)

    def probabilities(self, x: Array) -> Probabilities:
        """Return the model's probabilities, (n, k)."""
        return self.model.probabilities(x)
