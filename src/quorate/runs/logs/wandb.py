"""Weights & Biases: a run of a project, on its server or in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from quorate.extras import require
from quorate.runs.logs.log import Ending, OpenLog, RunLog
from quorate.spec import param


@dataclass(frozen=True)
class WandB(RunLog):
    """A run in Weights & Biases: the options as its config, the numbers of each record as history.

    Who may write is said as it has it: by ``wandb login``, or in WANDB_API_KEY.

    Raises:
        InputError: wandb is not installed.
    """

    name: ClassVar[str] = "wandb"
    project: str = param("quorate", "Name of the project.")
    entity: str = param("", "User or team; by default your own.")
    mode: Literal["online", "offline"] = param(
        "online", "Whether the run is sent as it goes, or kept in the folder wandb."
    )

    def check(self) -> None:
        """Raise InputError where wandb is not installed."""
        require("wandb", "the log wandb")

    def open(self, description: Mapping[str, str]) -> OpenLog:
        """Begin a run in the project."""
        import wandb

        return _Run(
            wandb.init(
                project=self.project,
                entity=self.entity or None,
                mode=self.mode,
                job_type=description.get("command"),
                config=dict(description),
                settings=wandb.Settings(silent=True, console="off", init_timeout=30),
            )
        )


@dataclass(frozen=True)
class _Run(OpenLog):
    run: Any

    def add(self, first: int, records: Sequence[Mapping[str, float]]) -> None:
        """Log the numbers, the records counted as steps."""
        for step, numbers in enumerate(records, first):
            self.run.log(dict(numbers), step=step)

    def result(self, words: str) -> None:
        """Write the sentences as the run's summary."""
        self.run.summary["found"] = words

    def end(self, how: Ending) -> None:
        """Close the run; one that was not finished ends with a code that says so."""
        self.run.finish(exit_code=0 if how == "finished" else 1)
