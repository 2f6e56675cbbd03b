"""A model whose process dies once, the first time that it is asked."""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quorate.protocols import Classifier
from quorate.table import Array, Labels


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
