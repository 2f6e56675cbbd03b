"""A classifier that says what it was told to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate.table import Array, Labels


@dataclass(frozen=True)
class ToldClassifier:
    """Says the labels that it was told, person by person."""

    labels: Sequence[int]
    record: dict[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the labels."""
        assert len(x) == len(self.labels)
        return np.array(self.labels, dtype=np.int64)
