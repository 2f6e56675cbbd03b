"""Models that older versions have kept as pickles, which can run code when they are read."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from quorate.errors import InputError, reason

PICKLE = "model.pickle"
ROOMS = {  # of quorate.learners, and the modules that stood beside them when older models were kept
    "base": "pretrained private_trees random_trees recorded scikit_learner",
    "networks": "adam adversarial_training fine_tuned label_smoothing sgd",
    "reweighting": "chi2_dro cvar_dro group_dro importance_weighted jtt lff lisa",
    "private": "dp_adam dp_boosting dp_forest dp_sgd",
    "scikit": "boosting forest knn logistic naive_bayes scikit_learn svm tree",
    "defences": "early_stopping knn_cleaning loss_trimming robust_aggregation spectral_signatures",
    "theoretical": "coarsened worst_case",
}
MOVED = {stem: f"{room}.{stem}" for room, stems in ROOMS.items() for stem in stems.split()}
MOVED |= {"networks": "base.network_classifier"}
RENAMED = {
    "_Coarse": "CoarsenedModel",
    "_CoarseScores": "CoarsenedScores",
    "_CoarsenedModel": "CoarsenedModel",
    "_CoarsenedScores": "CoarsenedScores",
    "_Recorded": "RecordedModel",
    "_RecordedScores": "RecordedScores",
    "Lookup": "LookupClassifier",
}


class _Unpickler(pickle.Unpickler):
    """Reads a model, also one that names its classes by the modules they stood in before."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the class of a name, from where it is now."""
        package, _, stem = module.rpartition(".")
        if package == "quorate.learners":
            module = f"{package}.{MOVED.get(stem, stem)}"
        if module.startswith("quorate.learners."):
            name = RENAMED.get(name, name)
        return super().find_class(module, name)


def read_pickle(folder: Path) -> Any:
    """Return the model in a folder of an older version. Whatever code is in it runs.

    Raises:
        InputError: it is damaged, or no model.
    """
    try:
        with (folder / PICKLE).open("rb") as file:
            model = _Unpickler(file).load()
        if not callable(getattr(model, "predict", None)):
            raise ValueError(f"{type(model).__name__}, which is no model")
    except Exception as error:  # a damaged pickle raises whatever its damage leads to
        raise InputError(
            f"Expected a model in {folder / PICKLE}, got: {reason(error)}. Remove the folder, to "
            "have the platform trained again."
        ) from error
    return model


def refused(folder: Path) -> InputError:
    """Return why a folder of an older version is not read, and how to go on."""
    return InputError(
        f"Expected a model in files that cannot run code in {folder}, got {PICKLE}, which can. If "
        "you trust whoever made it, as your own run of an older version, add --trust to quorate "
        f"correct or compare-queries, or run quorate platform serve --model {folder} --trust: it "
        "is read once and written anew. Else remove the folder, and have the platform trained "
        "again."
    )
