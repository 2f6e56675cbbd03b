"""Sixty-four models on sixty thousand images, in a process of their own that counts its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import resource

import numpy as np

from quorate.catalog import build
from quorate.learners.base.training import Training
from quorate.studies.trial import streams, submit
from quorate.table import Table

rng = np.random.default_rng(0)
x = rng.random((60_000, 1, 28, 28), dtype=np.float32)
people = Table(x, rng.integers(10, size=60_000), tuple("0123456789"))
strategy = build("strategies", "planting:size=2,target=8")
data = [submit(people, strategy, alpha, streams(0)[1]) for alpha in np.linspace(0, 0.1, 64)]
draw = Training.draw
Training.draw = lambda self: draw(self)[:, :2560]  # ten steps of 235: each takes the same memory
learner = build("learners", "sgd:model=logistic,epochs=1,batch_size=256")
models = learner.fit_many(data, [np.random.default_rng(k) for k in range(64)])
assert len(models) == 64
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)  # GiB; Linux counts in KiB
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux does")
def test_64_models_on_60_000_images_fit_in_4_gib() -> None:
    """One stack of 64 whose members' rows are .6 GiB, held twice while the pool is made."""
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 4, run.stdout
