"""Fitted models as files that hold numbers and names, and no code: nothing runs when they are read.

Networks and trees of quorate are arrays in the format of safetensors, scikit-learn's estimators a
file of skops beside it. A name in a file is looked up in the tables below; it is never imported.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.errors import InputError
from quorate.extras import require
from quorate.learners.base.category_codes import FlatRows
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.base.pretrained import Pretrained
from quorate.learners.base.private_trees import DEEPEST, LeafScores
from quorate.learners.base.random_trees import PublicColumns, RandomTrees
from quorate.learners.base.recorded import RecordedModel, RecordedScores
from quorate.learners.base.scikit_learner import PlainEstimator, ScoredEstimator
from quorate.learners.base.shipped import ShippedNetwork
from quorate.learners.networks.fine_tuned import (
    FineTunedModel,
    FineTunedNetwork,
    FineTunedScores,
)
from quorate.learners.theoretical.coarsened import Coarsened, CoarsenedModel, CoarsenedScores
from quorate.learners.theoretical.worst_case import LookupClassifier
from quorate.protocols import Classifier, ScoredClassifier
from quorate.runtime.arrays import pack, unpack
from quorate.table import Column
from quorate.test_time.platforms.estimator_files import read_estimator, write_estimator
from quorate.test_time.platforms.platform import Card

if TYPE_CHECKING:
    from torch import nn

MODEL, ESTIMATOR = "model.safetensors", "model.skops"
KINDS: Mapping[str, type] = {
    "network": NetworkClassifier,
    "pretrained": Pretrained,
    "shipped": ShippedNetwork,
    "fine-tuned": FineTunedModel,
    "fine-tuned-scores": FineTunedScores,
    "fine-tuned-network": FineTunedNetwork,
    "estimator": PlainEstimator,
    "estimator-scores": ScoredEstimator,
    "flat-rows": FlatRows,
    "leaf-scores": LeafScores,
    "random-trees": RandomTrees,
    "public-columns": PublicColumns,
    "coarsened": CoarsenedModel,
    "coarsened-scores": CoarsenedScores,
    "coarsening": Coarsened,
    "column": Column,
    "lookup": LookupClassifier,
    "recorded": RecordedModel,
    "recorded-scores": RecordedScores,
}
NAMES = {cls: kind for kind, cls in KINDS.items()}
LEFT_OUT = {"learner", "_public", "_seen", "_kept"}  # fields that predictions do not need
LAYERS = {  # the classes of PyTorch, and their settings
    "Flatten": (),
    "ReLU": (),
    "Linear": ("in_features", "out_features", "bias"),
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "bias"),
    "MaxPool2d": ("kernel_size",),
    "AdaptiveAvgPool2d": ("output_size",),
    "GroupNorm": ("num_groups", "num_channels"),
}


def write_model(model: Classifier) -> dict[str, bytes]:
    """Return the files of a model, by name.

    Raises:
        InputError: it is not made of quorate's own models and scikit-learn's.
    """
    files: dict[str, bytes] = {}

    def encode(value: Any) -> dict[str, Any] | None:
        if type(value) in NAMES:
            fields = {f.name for f in dataclasses.fields(value) if f.init} - LEFT_OUT
            known = {name: getattr(value, name) for name in sorted(fields)}
            return {"is": NAMES[type(value)], **known}
        if hasattr(value, "get_params") and ESTIMATOR not in files:
            content = write_estimator(value)
            if content is not None:
                files[ESTIMATOR] = content
                return {"file": ESTIMATOR}
        return _layer_as_plain(value)

    if not callable(getattr(model, "predict", None)):
        raise InputError(
            f"Expected a model that predicts labels, got {type(model).__name__}. Give what a "
            "learner's fit returns."
        )
    files[MODEL] = pack(model, encode)
    return files


def read_model(files: Mapping[str, bytes], card: Card) -> Classifier:
    """Return the model that ``write_model`` has made files of, having asked it once.

    Args:
        files: the files' contents by name.
        card: what the platform says of itself.

    Raises:
        MissingPackageError: it is a network, and PyTorch is not installed.
        ValueError, and whatever else a damaged file leads to: it is no such model.
    """

    def decode(plain: dict[str, Any]) -> Any:
        if "is" in plain:
            found = KINDS[plain.pop("is")](**plain)
            if isinstance(found, LeafScores):
                _check_trees(found)
            return found
        if "file" in plain:
            return read_estimator(files[plain["file"]], int(np.prod(card.shape)))
        return _layer(plain)

    model = unpack(files[MODEL], decode)
    blank = np.zeros((1, *card.shape), np.float32)
    labels = model.predict(blank)
    if labels.shape != (1,) or labels.dtype.kind != "i" or not 0 <= labels[0] < len(card.classes):
        raise ValueError("a model of other labels")
    if isinstance(model, ScoredClassifier):
        scores = model.probabilities(blank)
        if scores.shape != (1, len(card.classes)):
            raise ValueError("a model of other labels")
    found: Classifier = model
    return found


def _check_trees(model: LeafScores) -> None:
    """Raise ValueError unless every split asks a column and every leaf has scores."""
    trees = model.trees
    fine = 0 <= trees.depth <= DEEPEST
    if fine:
        nodes = len(trees.column), 2**trees.depth - 1
        fine = (
            trees.column.shape == trees.threshold.shape == trees.right.shape[:2] == nodes
            and trees.right.shape[2] >= max(1, *trees.columns.sizes)
            and model.scores.shape == (nodes[0], nodes[1] + 1, len(model.prior))
            and bool(((trees.column >= 0) & (trees.column < len(trees.columns.sizes))).all())
        )
    if not fine:
        raise ValueError("trees whose parts do not fit together")


def _layer_as_plain(value: Any) -> dict[str, Any] | None:
    """Return a network, or a layer, as a mapping; None where it is none of ours."""
    if "torch" not in sys.modules:
        return None  # nothing is a network here
    from torch import nn

    from quorate.engine.architectures import Residual

    if type(value) is nn.Sequential:
        return {"layers": list(value)}
    if type(value) is Residual:
        return {"branch": value.branch, "shortcut": value.shortcut}
    name = type(value).__name__
    if not isinstance(value, nn.Module) or getattr(nn, name, None) is not type(value):
        return None
    if name not in LAYERS:
        return None
    settings = {key: getattr(value, key) for key in LAYERS[name]}
    if "bias" in settings:
        settings["bias"] = value.bias is not None
    weights = {key: tensor.detach().cpu().numpy() for key, tensor in value.state_dict().items()}
    found = {"layer": name, "weights": weights, **settings}
    # Some other setting, such as a dilation, would be lost.
    return found if repr(_layer(dict(found))) == repr(value) else None


def _layer(plain: dict[str, Any]) -> nn.Module:
    """Return a layer, or a network. No memory is taken but for the weights that are there."""
    require("train", "a model that is a network", "torch")
    import torch
    from torch import nn

    from quorate.engine.architectures import Residual

    if "layers" in plain:
        return nn.Sequential(*plain["layers"])
    if "branch" in plain:
        return Residual(plain["branch"], plain["shortcut"])
    name, weights = plain.pop("layer"), plain.pop("weights")
    settings = {key: plain[key] for key in LAYERS[name]}
    _check_settings(**settings)
    with torch.device("meta"):
        layer: nn.Module = getattr(nn, name)(**settings)
    # Cloned to where PyTorch puts its own, since a product's last bit may depend on the place.
    tensors = {key: torch.from_numpy(np.array(array)).clone() for key, array in weights.items()}
    layer.load_state_dict(tensors, assign=True)
    return layer


def _check_settings(
    output_size: int = 1,
    padding: tuple[int, ...] = (0,),
    kernel_size: int | tuple[int, ...] = 1,
    **_: Any,
) -> None:
    """Raise ValueError where a layer would make more of a picture than its weights account for."""
    if output_size != 1 or max(padding) > np.max(kernel_size):
        raise ValueError("a layer that makes pictures larger")
