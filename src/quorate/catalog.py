"""Everything that can be named in a file or on the command line: one line a method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quorate import spec
from quorate.goals.erased import Erased
from quorate.goals.planted import Planted
from quorate.goals.unplanted import Unplanted
from quorate.learners.defences.early_stopping import EarlyStopping
from quorate.learners.defences.knn_cleaning import KNNCleaning
from quorate.learners.defences.loss_trimming import LossTrimming
from quorate.learners.defences.robust_aggregation import RobustAggregation
from quorate.learners.defences.spectral_signatures import SpectralSignatures
from quorate.learners.networks.adam import Adam
from quorate.learners.networks.adversarial_training import AdversarialTraining
from quorate.learners.networks.fine_tuned import FineTuned
from quorate.learners.networks.label_smoothing import LabelSmoothing
from quorate.learners.networks.sgd import SGD
from quorate.learners.private.dp_adam import DPAdam
from quorate.learners.private.dp_boosting import DPBoosting
from quorate.learners.private.dp_forest import DPForest
from quorate.learners.private.dp_sgd import DPSGD
from quorate.learners.reweighting.chi2_dro import Chi2DRO
from quorate.learners.reweighting.cvar_dro import CVaRDRO
from quorate.learners.reweighting.group_dro import GroupDRO
from quorate.learners.reweighting.importance_weighted import ImportanceWeighted
from quorate.learners.reweighting.jtt import JTT
from quorate.learners.reweighting.lff import LfF
from quorate.learners.reweighting.lisa import LISA
from quorate.learners.scikit.boosting import Boosting
from quorate.learners.scikit.forest import Forest
from quorate.learners.scikit.knn import KNN
from quorate.learners.scikit.logistic import Logistic
from quorate.learners.scikit.naive_bayes import NaiveBayes
from quorate.learners.scikit.scikit_learn import ScikitLearn
from quorate.learners.scikit.svm import SVM
from quorate.learners.scikit.tree import Tree
from quorate.learners.theoretical.coarsened import Coarsened
from quorate.learners.theoretical.worst_case import WorstCase
from quorate.populations.adult import Adult
from quorate.populations.bank import Bank
from quorate.populations.cifar10 import CIFAR10
from quorate.populations.cifar100 import CIFAR100
from quorate.populations.compas import Compas
from quorate.populations.composite import Composite
from quorate.populations.correlated_columns import CorrelatedColumns
from quorate.populations.digits import Digits
from quorate.populations.fairface import FairFace
from quorate.populations.finite import Finite
from quorate.populations.gaussian import Gaussian
from quorate.populations.mnist import MNIST
from quorate.populations.noisy_labels import NoisyLabels
from quorate.populations.own_images import OwnImages
from quorate.populations.own_table import OwnTable
from quorate.populations.unequal import Unequal
from quorate.populations.waterbirds import Waterbirds
from quorate.signals.columns import Columns
from quorate.signals.grid import Grid
from quorate.signals.offset import Offset
from quorate.signals.patch import Patch
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.strategies.unplanting import Unplanting
from quorate.subgroups.attribute import Attribute
from quorate.subgroups.blur import Blur
from quorate.subgroups.jpeg import JPEG
from quorate.subgroups.low_contrast import LowContrast
from quorate.subgroups.low_light import LowLight

CATALOG: Mapping[str, tuple[type, ...]] = {
    "populations": (
        Digits,
        MNIST,
        CIFAR10,
        CIFAR100,
        FairFace,
        Waterbirds,
        Composite,
        NoisyLabels,
        Adult,
        Bank,
        Compas,
        OwnImages,
        OwnTable,
        Gaussian,
        Unequal,
        CorrelatedColumns,
        Finite,
    ),
    "signals": (
        Patch,
        Grid,
        Columns,
        Offset,
    ),
    "strategies": (
        Planting,
        PlantingFeatures,
        Unplanting,
        Erasing,
    ),
    "goals": (
        Planted,
        Unplanted,
        Erased,
    ),
    "learners": (
        SGD,
        Adam,
        DPSGD,
        DPAdam,
        GroupDRO,
        CVaRDRO,
        Chi2DRO,
        JTT,
        LfF,
        LISA,
        ImportanceWeighted,
        LabelSmoothing,
        AdversarialTraining,
        Logistic,
        SVM,
        KNN,
        NaiveBayes,
        Tree,
        Forest,
        Boosting,
        DPForest,
        DPBoosting,
        ScikitLearn,
        RobustAggregation,
        LossTrimming,
        SpectralSignatures,
        KNNCleaning,
        EarlyStopping,
        FineTuned,
        Coarsened,
        WorstCase,
    ),
    "subgroups": (
        LowLight,
        Blur,
        JPEG,
        LowContrast,
        Attribute,
    ),
}


def build(kind: str, value: str | Mapping[str, Any] | Any) -> Any:
    """Return the method of ``kind`` that text or plain data stands for; a method is returned as is.

    >>> build("learners", "sgd:model=cnn,epochs=5").epochs
    5

    Raises:
        InputError: the name, a parameter or a value is not known; the message lists the valid ones.
    """
    return spec.build(kind, value, CATALOG)
