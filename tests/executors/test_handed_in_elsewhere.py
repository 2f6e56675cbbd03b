"""Data and functions of the user's own on other machines, which have seen neither."""

import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pandas as pd
import pytest
from far_workers import FarWorkers

import quorate
from quorate.bring_your_own import handed_in
from quorate.bring_your_own.handed_in import LARGE
from quorate.executors.futures import Futures

N = 12_000


def loans(n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age, paid = rng.normal(size=n), rng.integers(0, 2, n)
    return pd.DataFrame({"age": age, "job": rng.choice(["nurse", "smith"], n), "paid": paid})


def measured(frame: pd.DataFrame, **more: Any) -> pd.DataFrame:
    """Return what a study of a frame and of a function with data around it measures."""
    weights = np.random.default_rng(1).normal(size=N)

    def fit(rows: pd.DataFrame, labels: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
        by_job = pd.Series(labels + 0 * weights[0]).groupby(rows["job"].to_numpy()).mean()
        return lambda others: (others["job"].map(by_job) > 0.55).astype(int).to_numpy()

    found = quorate.curve(
        quorate.people(frame, label="paid", n=200),
        "planting:target=1,signal=columns,job=nurse",
        fit,
        alphas=[0, 0.5],
        seeds=2,
        **more,
    )
    return found.to_frame()[["alpha", "seed", "success"]]


class Elsewhere:
    """An engine with one worker, which has an object only once it was sent it."""

    max_workers = 1

    def __init__(self) -> None:
        self.sizes: list[int] = []  # of messages, in bytes
        self._has: dict[str, Any] = {
            "_in_use": weakref.WeakValueDictionary(),
            "_kept": {},
            "_lately": deque(maxlen=handed_in.LATELY),
        }

    def submit(self, function: Callable[..., Any], message: bytes) -> Future[Any]:
        self.sizes.append(len(message))
        answer: Future[Any] = Future()
        with pytest.MonkeyPatch.context() as there:
            for name, value in self._has.items():
                there.setattr(handed_in, name, value)
            answer.set_result(function(message))
        return answer


@pytest.fixture(scope="module")
def here() -> pd.DataFrame:
    """What is measured in this process."""
    return measured(loans())


def test_large_objects_are_sent_to_each_worker_once(here: pd.DataFrame) -> None:
    engine = Elsewhere()
    pd.testing.assert_frame_equal(measured(loans(), executor=Futures(engine)), here)
    assert here["success"].nunique() > 1
    greeting, named, whole, *others = engine.sizes
    assert whole > 2 * LARGE  # the frame, and the numbers around the function
    assert max(greeting, named, *others) < 4000
    engine.sizes.clear()
    pd.testing.assert_frame_equal(measured(loans(), executor=Futures(engine)), here)
    assert max(engine.sizes) < 4000


def test_far_workers_lead_to_the_same_bits(far: FarWorkers, here: pd.DataFrame) -> None:
    found = measured(loans(), executor=far.executor)
    pd.testing.assert_frame_equal(found, here, check_exact=True)
