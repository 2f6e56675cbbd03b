"""Which networks there are, what they can be trained on, and the classifier around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from quorate.errors import FitFailedError, InputError
from quorate.table import Array, Labels, Table

if TYPE_CHECKING:
    from torch import nn

Architecture = Literal["logistic", "mlp", "cnn", "resnet"]
SMALLEST_IMAGE = {"cnn": 4, "resnet": 8}  # pixels: each halving must leave some
PREDICT_ROWS = 512  # rows predicted at once: bounds the memory of activations


def check_shape(model: Architecture, people: Table) -> None:
    """Raise InputError if the architecture cannot take these people."""
    if model not in SMALLEST_IMAGE:
        return
    if not people.is_image:
        raise InputError(
            f"Expected images for model={model}, got a table. Use model=mlp or model=logistic."
        )
    smallest, (h, w) = SMALLEST_IMAGE[model], people.x.shape[2:]
    if min(h, w) < smallest:
        raise InputError(
            f"Expected images of at least {smallest}x{smallest} pixels for model={model}, got "
            f"{h}x{w}. Use model=mlp."
        )


@dataclass(frozen=True, eq=False)
class NetworkClassifier:
    """A fitted network. Predicts the label with the largest logit."""

    network: nn.Module
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            FitFailedError: the network's output is not finite.
        """
        import torch

        labels = np.empty(len(x), dtype=np.int64)  # (n,)
        self.network.eval()
        with torch.no_grad():
            for start in range(0, len(x), PREDICT_ROWS):
                rows = torch.from_numpy(np.ascontiguousarray(x[start : start + PREDICT_ROWS]))
                logits = self.network(rows)  # (rows, k)
                if not bool(torch.isfinite(logits).all()):
                    raise FitFailedError(DIVERGED)
                labels[start : start + len(rows)] = logits.argmax(dim=1).numpy()
        return labels


DIVERGED = "Expected finite outputs, got NaN or infinity: training diverged. Lower learning_rate."
