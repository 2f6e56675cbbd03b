"""Learners: the platform's learning algorithms, one per file, with defences against poisoning."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.learners.defences.early_stopping import EarlyStopping as EarlyStopping
    from quorate.learners.defences.knn_cleaning import KNNCleaning as KNNCleaning
    from quorate.learners.defences.loss_trimming import LossTrimming as LossTrimming
    from quorate.learners.defences.robust_aggregation import RobustAggregation as RobustAggregation
    from quorate.learners.defences.spectral_signatures import (
        SpectralSignatures as SpectralSignatures,
    )
    from quorate.learners.networks.adam import Adam as Adam
    from quorate.learners.networks.adversarial_training import (
        AdversarialTraining as AdversarialTraining,
    )
    from quorate.learners.networks.fine_tuned import FineTuned as FineTuned
    from quorate.learners.networks.label_smoothing import LabelSmoothing as LabelSmoothing
    from quorate.learners.networks.sgd import SGD as SGD
    from quorate.learners.private.dp_adam import DPAdam as DPAdam
    from quorate.learners.private.dp_boosting import DPBoosting as DPBoosting
    from quorate.learners.private.dp_forest import DPForest as DPForest
    from quorate.learners.private.dp_sgd import DPSGD as DPSGD
    from quorate.learners.reweighting.chi2_dro import Chi2DRO as Chi2DRO
    from quorate.learners.reweighting.cvar_dro import CVaRDRO as CVaRDRO
    from quorate.learners.reweighting.group_dro import GroupDRO as GroupDRO
    from quorate.learners.reweighting.importance_weighted import (
        ImportanceWeighted as ImportanceWeighted,
    )
    from quorate.learners.reweighting.jtt import JTT as JTT
    from quorate.learners.reweighting.lff import LfF as LfF
    from quorate.learners.reweighting.lisa import LISA as LISA
    from quorate.learners.scikit.boosting import Boosting as Boosting
    from quorate.learners.scikit.forest import Forest as Forest
    from quorate.learners.scikit.knn import KNN as KNN
    from quorate.learners.scikit.logistic import Logistic as Logistic
    from quorate.learners.scikit.naive_bayes import NaiveBayes as NaiveBayes
    from quorate.learners.scikit.scikit_learn import ScikitLearn as ScikitLearn
    from quorate.learners.scikit.svm import SVM as SVM
    from quorate.learners.scikit.tree import Tree as Tree
    from quorate.learners.theoretical.coarsened import Coarsened as Coarsened
    from quorate.learners.theoretical.worst_case import WorstCase as WorstCase
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("learners", __name__)
