"""The network architectures, what they can be trained on, and the classifier around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from quorate.bring_your_own.handed_in import HandedIn
from quorate.errors import FitFailedError, InputError
from quorate.runtime import device
from quorate.table import Array, Labels, Probabilities, Table

if TYPE_CHECKING:
    from torch import Tensor, nn

Architecture = Literal["logistic", "mlp", "cnn", "resnet"]
Model = Architecture | HandedIn | Callable[..., Any]  # ours, or what makes one of the user's own
MODEL_HELP = "Architecture: logistic, mlp, cnn or resnet; or your own, as mypackage.nets:Net."
SMALLEST_IMAGE = {"cnn": 4, "resnet": 8}  # pixels: each halving must leave some
PREDICT_ROWS = 512  # rows predicted at once, to bound the memory of activations


def check_shape(model: Model, people: Table) -> None:
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
    """A fitted network that predicts the label with the largest logit."""

    network: nn.Module
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,).

        Raises:
            FitFailedError: the network's output is not finite.
        """
        labels = np.empty(len(x), dtype=np.int64)  # (n,)
        for rows, logits in self._through(self.network, x):
            labels[rows] = logits.argmax(dim=1).numpy()
        return labels

    def probabilities(self, x: Array) -> Probabilities:
        """Return the softmax of the logits of each row, (n, k).

        Raises:
            FitFailedError: the network's output is not finite.
        """
        batches = self._through(self.network, x)
        return np.concatenate([logits.double().softmax(dim=1).numpy() for _, logits in batches])

    def representation(self, x: Array) -> Array:
        """Return each row's input to the last layer, (n, r); for a logistic model, the features.

        Raises:
            FitFailedError: the network's output is not finite.
            InputError: a network of the user's own has no last linear layer.
        """
        network: Any = self.network
        inside = network.representation if hasattr(network, "representation") else network[:-1]
        return np.concatenate([units.numpy() for _, units in self._through(inside, x)])

    def _through(
        self, call: Callable[[Tensor], Tensor], x: Array
    ) -> Iterator[tuple[slice, Tensor]]:
        """Yield slices of rows with their outputs; one empty batch if there are no rows."""
        import torch

        from quorate.engine.layers import channels_last

        place = device.current()
        self.network.eval().to(place)
        for start in range(0, max(1, len(x)), PREDICT_ROWS):
            rows = slice(start, start + PREDICT_ROWS)
            with torch.no_grad():
                batch = torch.from_numpy(np.ascontiguousarray(x[rows])).to(place)
                if batch.ndim == 4 and place == "cpu":
                    batch = channels_last(batch)
                out = call(batch).cpu()
            if not bool(torch.isfinite(out).all()):
                raise FitFailedError(DIVERGED)
            yield rows, out


DIVERGED = "Expected finite outputs, got NaN or infinity: training diverged. Lower learning_rate."
