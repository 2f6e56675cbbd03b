"""MLflow: a run of an experiment on a tracking server, or in a folder."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from quorate.extras import require
from quorate.runs.logs.log import Ending, OpenLog, RunLog
from quorate.spec import param

STATES = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}  # in MLflow's words
# A server that does not answer is given up soon: the run waits for it.
PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
LONGEST = 500  # characters of a parameter, which every server takes
MOST_AT_ONCE = 1000  # numbers in one request, as MLflow allows


@dataclass(frozen=True)
class MLflow(RunLog):
    """A run in MLflow: the options as parameters, the numbers of each record as metrics.

    Who may write is said as MLflow has it: in MLFLOW_TRACKING_USERNAME, ..._TOKEN and so on.

    Raises:
        InputError: MLflow is not installed.
    """

    name: ClassVar[str] = "mlflow"
    uri: str = param("", "Tracking server or folder; by default what MLFLOW_TRACKING_URI says.")
    experiment: str = param("quorate", "Name of the experiment, which is made if there is none.")

    def check(self) -> None:
        """Raise InputError where MLflow is not installed."""
        require("mlflow", "the log mlflow")

    def open(self, description: Mapping[str, str]) -> OpenLog:
        """Begin a run in the experiment."""
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        if re.match(r"file:|[^:]*$", self.uri):  # MLflow asks those who want files to say so
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        from mlflow.entities import Param
        from mlflow.tracking import MlflowClient

        client = MlflowClient(self.uri or None)
        found = client.get_experiment_by_name(self.experiment)
        made = found.experiment_id if found else client.create_experiment(self.experiment)
        run = client.create_run(made, run_name=description.get("command")).info.run_id
        params = [Param(name, value[:LONGEST]) for name, value in description.items()]
        client.log_batch(run, params=params)
        return _Run(client, run)


@dataclass(frozen=True)
class _Run(OpenLog):
    client: Any
    run: str

    def add(self, first: int, records: Sequence[Mapping[str, float]]) -> None:
        """Log the numbers, the records counted as steps."""
        from mlflow.entities import Metric

        now = round(1000 * time.time())  # milliseconds
        metrics = [
            Metric(name, value, now, step)
            for step, numbers in enumerate(records, first)
            for name, value in numbers.items()
        ]
        for start in range(0, len(metrics), MOST_AT_ONCE):
            self.client.log_batch(self.run, metrics=metrics[start : start + MOST_AT_ONCE])

    def result(self, words: str) -> None:
        """Write the sentences as the run's note."""
        self.client.set_tag(self.run, "mlflow.note.content", words)

    def end(self, how: Ending) -> None:
        """Set the run's state."""
        self.client.set_terminated(self.run, STATES[how])
