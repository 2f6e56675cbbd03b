"""Spectral signatures, a defence against backdoors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from quorate.learners.base.cleaning_learner import Cleaned, ModelBasedCleaning
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.base.rounding import floor_of_share
from quorate.protocols import Classifier
from quorate.spec import param
from quorate.table import Array, Submission
from quorate.validate import in_interval

PER_PLANTED = 1.5  # people dropped for each who may be poisoned


@dataclass(frozen=True)
class SpectralSignatures(ModelBasedCleaning):
    """Spectral signatures (backdoor defence): drops outliers along each label's main direction.

    The learner is trained; R(x) is the input to its network's last layer, centred within each
    label. With v the top right singular vector of a label's R, a person's outlier score is
    (R(x)·v)². The fraction 1.5ε of each label's people with the highest scores is dropped, and the
    learner is trained again (Tran, Li, Madry 2018, arXiv:1811.00636). For logistic models and
    learners without networks, R(x) is the features.

    Raises:
        InputError: the fraction is out of range.
    """

    name: ClassVar[str] = "spectral-signatures"
    fraction: float = param(
        0.1,
        "Largest poisoned fraction ε of a label, in [0, 2/3); 1.5ε are dropped.",
        shown=True,
    )

    def __post_init__(self) -> None:
        fix = "Use a fraction such as 0.1."
        in_interval("fraction", self.fraction, 0, 1 / PER_PLANTED, fix, open_high=True)

    def clean_by(self, model: Classifier, data: Submission) -> Cleaned:
        """Return the data of those who do not stand out, and the shares dropped."""
        people = data.mixed()
        if isinstance(model, NetworkClassifier):
            inside = model.representation(people.x)  # (n, r)
        else:
            inside = people.x.reshape(len(people), -1)
        kept = np.ones(len(people), dtype=bool)  # (n,)
        for label in np.unique(people.y):
            (rows,) = np.nonzero(people.y == label)
            dropped = floor_of_share(PER_PLANTED * self.fraction, len(rows))
            highest = np.argsort(-outlier_scores(inside[rows]), kind="stable")[:dropped]
            kept[rows[highest]] = False
        return self.keep(data, kept)


def outlier_scores(inside: Array) -> npt.NDArray[np.float64]:
    """Return (R·v)² of each row of the centred R, (n,), v its top right singular vector.

    >>> outlier_scores(np.array([[0, 0], [0, 0], [0, 3]], np.float32)).round(6)
    array([1., 1., 4.])
    """
    centred = inside - inside.mean(axis=0, dtype=np.float64)  # (n, r)
    top = np.linalg.svd(centred, full_matrices=False)[2][0]  # (r,)
    return np.asarray(np.square(centred @ top))
