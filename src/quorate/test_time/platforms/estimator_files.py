"""Fitted scikit-learn estimators as files of skops, which name types and hold no code.

What a file may hold is listed here, not taken from the file. And scikit-learn follows the numbers
of a tree without a check of its own, so they are checked: each branch leads onwards, to a node that
is there.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

# The types that a file may name, by module: scikit-learn's classifiers, and what is inside them.
# None of them holds a function of the file's own, opens a file or starts a program.
LISTED = {
    "builtins": "bool dict float int list str tuple",
    "numpy": "bool float32 float64 int32 int64 ndarray uint8 uint32 uint64",
    "numpy.random._generator": "Generator",
    "numpy.random.mtrand": "RandomState",
    "sklearn._loss._loss": "CyExponentialLoss CyHalfBinomialLoss CyHalfMultinomialLoss "
    "CyHalfSquaredError CyHuberLoss",
    "sklearn._loss.link": "HalfLogitLink Interval LogitLink MultinomialLogit",
    "sklearn._loss.loss": "ExponentialLoss HalfBinomialLoss HalfMultinomialLoss",
    "sklearn.calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration "
    "_TemperatureScaling",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier",
    "sklearn.ensemble._bagging": "BaggingClassifier",
    "sklearn.ensemble._forest": "ExtraTreesClassifier RandomForestClassifier",
    "sklearn.ensemble._gb": "GradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": "HistGradientBoostingClassifier",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.ensemble._weight_boosting": "AdaBoostClassifier",
    "sklearn.gaussian_process._gpc": "GaussianProcessClassifier "
    "_BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels": "ConstantKernel Product RBF",
    "sklearn.linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "sklearn.linear_model._passive_aggressive": "PassiveAggressiveClassifier",
    "sklearn.linear_model._perceptron": "Perceptron",
    "sklearn.linear_model._ridge": "RidgeClassifier RidgeClassifierCV",
    "sklearn.linear_model._sgd_fast": "EpsilonInsensitive Hinge ModifiedHuber "
    "SquaredEpsilonInsensitive SquaredHinge",
    "sklearn.linear_model._stochastic_gradient": "SGDClassifier",
    "sklearn.multiclass": "OneVsOneClassifier OneVsRestClassifier",
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors._classification": "KNeighborsClassifier RadiusNeighborsClassifier",
    "sklearn.neighbors._nearest_centroid": "NearestCentroid",
    "sklearn.neural_network._multilayer_perceptron": "MLPClassifier",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.preprocessing._label": "LabelBinarizer LabelEncoder",
    "sklearn.semi_supervised._label_propagation": "LabelPropagation LabelSpreading",
    "sklearn.svm._classes": "LinearSVC NuSVC SVC",
    "sklearn.tree._classes": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier",
    "sklearn.tree._tree": "Tree",
}
TRUSTED = {f"{module}.{name}" for module, names in LISTED.items() for name in names.split()}
KINDS = {  # of skops' nodes; others call what a file names
    *("DictNode", "JsonNode", "ListNode", "LossNode", "NdArrayNode", "ObjectNode"),
    *("RandomGeneratorNode", "RandomStateNode", "TreeNode", "TupleNode", "TypeNode"),
}
SCHEMA = "schema.json"  # where a file of skops says what is in it
MOST_SCHEMA = 2**27  # bytes of that text
REPEATED = 4  # times that the parts of a file may be read again, where objects are shared
LEAF = -1  # the child of a leaf of scikit-learn's trees


def write_estimator(estimator: Any) -> bytes | None:
    """Return a fitted estimator as the bytes of a file, or None where none can be read again."""
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    if getattr(estimator, "_tree", None) is not None:  # of neighbours: grown again when it is read
        estimator = copy.copy(estimator)
        estimator._tree = None
    try:
        content: bytes = skops.io.dumps(estimator)
    except (UnsupportedTypeException, TypeError, ValueError, RecursionError):
        return None
    return None if _unlisted(content) else content


def read_estimator(content: bytes, features: int) -> Any:
    """Return the classifier in a file, having checked that only what is listed is in it.

    Args:
        content: bytes of the file.
        features: number of features that it will be shown.

    Raises:
        ValueError, and whatever else a damaged file leads to: it is no such file.
    """
    import skops.io
    from sklearn.base import ClassifierMixin

    unlisted = _unlisted(content)
    if unlisted:
        raise ValueError(f"a file that holds {unlisted[0]}, which no model of quorate does")
    estimator = skops.io.loads(content, trusted=sorted(TRUSTED))
    if not isinstance(estimator, ClassifierMixin):
        raise ValueError(f"{type(estimator).__name__}, which is no classifier")
    parts = list(_parts_of(estimator))
    seen = [len(f) for one in parts for f in getattr(one, "estimators_features_", ())]
    for part in parts:
        _check(part, min([features, *seen]))
    if getattr(estimator, "_fit_method", None) in ("kd_tree", "ball_tree"):
        estimator._tree = _grown(estimator)
    return estimator


def _unlisted(content: bytes) -> list[str]:
    """Return the types and kinds in a file that are not listed, and what is compressed in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # A few bytes of what is compressed could become very many.
        found = [f"{one.filename}, compressed" for one in archive.infolist() if one.compress_type]
        if archive.getinfo(SCHEMA).file_size > MOST_SCHEMA:
            raise ValueError(f"a {SCHEMA} that is too long")
        left = [] if found else [json.loads(archive.read(SCHEMA))]
        sizes = {one.filename: one.file_size for one in archive.infolist()}
    unpacked = 0
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "__class__" in one or "__loader__" in one:
                name = f"{one.get('__module__')}.{one.get('__class__')}"
                kind = str(one.get("__loader__"))
                found += [what for what in (name,) if what not in TRUSTED]
                found += [what for what in (kind,) if what not in KINDS]
                # scikit-learn reads as many numbers of labels as the third argument says
                if kind == "TreeNode" and one["__reduce__"]["args"]["content"][2]["content"] != "1":
                    found.append("a tree of several outputs")
            left += one.values()
            unpacked += sizes.get(str(one.get("file")), 0)
        elif isinstance(one, list):
            left += one
    return found + (["the same part again and again"] if unpacked > REPEATED * len(content) else [])


def _grown(neighbours: Any) -> Any:
    """Return the tree of neighbours anew, which does not depend on chance."""
    from sklearn.neighbors import BallTree, KDTree

    grow = KDTree if neighbours._fit_method == "kd_tree" else BallTree
    return grow(
        neighbours._fit_X,
        neighbours.leaf_size,
        metric=neighbours.effective_metric_,
        **neighbours.effective_metric_params_,
    )


def _parts_of(estimator: Any) -> Iterator[Any]:
    """Yield every object inside an estimator, itself included, once."""
    left, seen = [estimator], {}
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, str | bytes | int | float):
            continue
        seen[id(one)] = one  # kept, so that no other object takes its id
        yield one
        if isinstance(one, Mapping):
            left += one.values()
        elif isinstance(one, list | tuple | set):
            left += one
        elif isinstance(one, np.ndarray):
            left += one.ravel().tolist() if one.dtype == object else []
        else:
            left += getattr(one, "__dict__", {}).values()


def _check(part: Any, features: int) -> None:
    """Raise ValueError where scikit-learn would reach beyond an array that it is given."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.neighbors._base import NeighborsBase
    from sklearn.svm._base import BaseLibSVM
    from sklearn.tree._tree import Tree

    fine = True
    if isinstance(part, Tree):
        # Its arrays are as long as it says: that comes first.
        fine = part.node_count == part.capacity and part.n_outputs * part.max_n_classes > 0
        if fine:
            inner = part.children_left != LEAF
            children = (part.children_left, part.children_right)
            fine = _leads_onwards(inner, part.feature, children, features)
    elif isinstance(part, TreePredictor):
        nodes = part.nodes
        children = (nodes["left"], nodes["right"])
        fine = _leads_onwards(nodes["is_leaf"] == 0, nodes["feature_idx"], children, features)
        fine &= not nodes["is_categorical"].any()
    elif isinstance(part, _BinMapper):
        fine = part.is_categorical_ is None or not np.any(part.is_categorical_)
    elif isinstance(part, BaseLibSVM):
        fine = _fits_together(part, features)
    elif isinstance(part, NeighborsBase):
        y, n = part._y, len(part._fit_X)
        fine = part._fit_X.shape == (n, features) and y.shape == (n,)
        fine = fine and n > 0 and 0 <= y.min() <= y.max() < len(part.classes_)
        fine = fine and (part.n_neighbors or 1) <= n
    elif isinstance(part, GradientBoostingClassifier):
        first = part._raw_predict_init(np.zeros((1, features), np.float32))  # (1, K)
        fine = first.shape[1:] == part.estimators_.shape[1:]
    if not fine:
        raise ValueError(f"numbers that do not fit together in {type(part).__name__}")


def _leads_onwards(
    inner: npt.NDArray[Any],
    feature: npt.NDArray[Any],
    children: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    features: int,
) -> bool:
    """Return whether each inner node asks a feature, and its branches lead to later nodes.

    Args:
        inner: which of the n nodes have children, (n,).
        feature: feature that each node asks, (n,).
        children: nodes that the two branches lead to, (n,) each.
        features: number of features there are.
    """
    n = len(inner)
    at = np.arange(n)[inner]
    asked = feature[inner].astype(np.int64)
    ends = [branch[inner].astype(np.int64) for branch in children]
    within = ((asked >= 0) & (asked < features)).all()
    return bool(n and within and all(((end > at) & (end < n)).all() for end in ends))


def _fits_together(svm: Any, features: int) -> bool:
    """Return whether a support vector machine's arrays are of the shapes that belong together."""
    k, number = len(svm.classes_), len(svm.support_vectors_)
    pairs = k * (k - 1) // 2
    return bool(
        not svm._sparse
        and svm.support_vectors_.shape == (number, features)
        and svm._n_support.shape == (k,)
        and (svm._n_support >= 0).all()
        and svm._n_support.sum() == number == len(svm.support_)
        and svm._dual_coef_.shape == (k - 1, number)
        and svm._intercept_.shape == (pairs,)
        and all(len(one) in (0, pairs) for one in (svm._probA, svm._probB))
        and svm.kernel in ("linear", "poly", "rbf", "sigmoid")
    )
