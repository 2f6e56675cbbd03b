"""A run of squares as the command line makes it: ``python squares_run.py OUT EXECUTOR SECONDS``."""

import sys
from pathlib import Path

from squares_work import Squares, cells

from quorate.cli.options import stoppable
from quorate.executors.choose import choose_executor
from quorate.runs.running import run_missing
from quorate.runs.store import Store

CELLS = 40

if __name__ == "__main__":
    out, executor, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    with (
        stoppable(out),
        Store(out, write=True) as store,
        choose_executor(executor=executor).open() as pool,
    ):
        run_missing(Squares(seconds=seconds), cells(*range(CELLS)), store, pool)
