"""A learner of a user's own, whose model dies with its process the first time that it is asked."""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from quorate.learners.networks.sgd import SGD
from quorate.protocols import Classifier, Learner
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Submission


@dataclass(frozen=True)
class MortalModel:
    """Answers as another model does, once it has died.

    Args:
        model: the other one.
        grave: a file that says whether it has died.
    """

    model: Classifier
    grave: Path
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""
        if not self.grave.exists():
            self.grave.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.model.predict(x)


@dataclass(frozen=True)
class Mortal(Learner):
    """Learns as another learner does."""

    name: ClassVar[str] = "mortal"
    learner: Learner = param(SGD(), "The other one.", kind="learners")
    grave: str = param("", "A file that says whether the model has died.")

    def fit(self, data: Submission, rng: Rng) -> Classifier:
        """Return the other learner's model, which dies once."""
        return MortalModel(self.learner.fit(data, rng), Path(self.grave))
