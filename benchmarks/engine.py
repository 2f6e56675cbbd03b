"""Many models at once, beside the loop they replace: one of Opacus, or of plain PyTorch.

``python -m benchmarks.engine`` prints a table, ``--json`` one JSON object; ``--device cuda``
measures a GPU. Figures, not tests: they hold for the machine they were taken on, when nothing else
is running there. One epoch, batches of 256, one architecture and sampling rate on both sides, data
in memory, each side warmed up; medians of repeats in which the sides take turns.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.rows import Row, parser_of, print_rows
from quorate.catalog import build
from quorate.engine.architectures import build_network
from quorate.learners.base.network_classifier import Architecture
from quorate.runtime import device
from quorate.runtime.progress import status
from quorate.table import Submission, Table

BATCH = 256
TIMED = 2  # models of the peer's loop that are timed: it takes them one after another, all alike
MODES = ("hooks", "ghost", "ew")  # of Opacus, its default first
SHAPES = {"table": (32_768, (50,), 2), "images": (8_192, (1, 28, 28), 10)}  # people, features, k
MODELS_ON_CUDA = 256


@dataclass(frozen=True)
class Work:
    """K models of one architecture, trained for an epoch.

    Args:
        private: with DP-SGD, else with SGD.
        models, model, hidden: K, and their architecture.
        data: a key of ``SHAPES``.
        target: how many times faster than the loop we promise to be at least, on two cores.
        target_default: the same against Opacus in its default mode, where that is promised.
        target_cuda: the same on a GPU.
    """

    private: bool
    models: int
    model: Architecture
    data: str
    target: float
    target_cuda: float = 30.0
    target_default: float | None = None
    hidden: int = 64

    def __str__(self) -> str:
        n, shape, _ = SHAPES[self.data]
        features = "×".join(map(str, shape))
        kind = "DP-SGD" if self.private else "SGD"
        return f"{kind}, {self.models} {self.model}, {n:,} rows of {features}"

    def learner(self) -> Any:
        """Return our learner."""
        kind = "dp-sgd:epsilon=8,delta=1e-6" if self.private else "sgd"
        batch = f"epochs=1,batch_size={BATCH},learning_rate=0.05"
        comma = "," if ":" in kind else ":"
        model = f"model={self.model},hidden={self.hidden}"
        return build("learners", f"{kind}{comma}{batch},{model}")


WORKS = (
    Work(True, 64, "logistic", "table", 20),
    Work(True, 64, "mlp", "table", 20),
    Work(True, 16, "logistic", "images", 8),
    Work(True, 16, "mlp", "images", 3.5, target_default=50, hidden=128),
    Work(True, 16, "cnn", "images", 2, 10),
    Work(False, 64, "mlp", "table", 3),
    Work(False, 16, "mlp", "images", 1.2, hidden=128),
    Work(False, 16, "cnn", "images", 1, 10),
)
WIDEST = WORKS[6]  # whose arithmetic is compared with the machine's
OF_THE_MACHINE = 0.6


@functools.cache
def people_of(data: str) -> Table:
    """Return people of noise: what is learned does not matter here."""
    n, shape, k = SHAPES[data]
    rng = np.random.default_rng(0)
    x = rng.random((n, *shape), dtype=np.float32)
    return Table(x, rng.integers(k, size=n), tuple(map(str, range(k))))


# ------------------------------------------------------------------------------------------- ours


def fit_some(work: Work, first: int, last: int) -> None:
    """Train the models ``first`` to ``last``, each on a submission of its own, on shared rows."""
    people, data = people_of(work.data), []
    for k in range(first, last):
        member = np.arange(len(people)) < 0.05 * len(people) * k / work.models
        changed = people.take(member)
        data.append(Submission(people, replace(changed, y=np.zeros_like(changed.y)), member))
    size = work.learner().stack_size(people)
    for start in range(0, len(data), size):
        some = data[start : start + size]
        work.learner().fit_many(some, [np.random.default_rng(first + k) for k in range(len(some))])


def in_one_thread(work: Work, first: int, last: int) -> None:
    """Train in a worker, as a sweep does."""
    torch.set_num_threads(1)
    fit_some(work, first, last)


def ours(work: Work) -> float:
    """Return our seconds: on a CPU in as many workers as there are cores, as a sweep's --jobs."""
    if device.current() == "cuda":
        started = time.perf_counter()
        fit_some(work, 0, work.models)
        torch.cuda.synchronize()
        return time.perf_counter() - started
    jobs = min(os.cpu_count() or 1, work.models)
    edges = np.linspace(0, work.models, jobs + 1).astype(int).tolist()
    started = time.perf_counter()
    parts = itertools.pairwise(edges)
    for one in [workers().submit(in_one_thread, work, *part) for part in parts]:
        one.result()
    return time.perf_counter() - started


@functools.cache
def workers() -> Any:
    """Return the workers, kept from one measurement to the next."""
    from loky import ProcessPoolExecutor

    return ProcessPoolExecutor(os.cpu_count() or 1)


# ------------------------------------------------------------------------------------------ peers


def network_of(work: Work) -> nn.Sequential:
    """Return one network of the architecture, where the peers train."""
    _, shape, k = SHAPES[work.data]
    network = build_network(work.model, shape, k, work.hidden, np.random.default_rng(0))
    return network.to(device.current())


def tensors_of(work: Work) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the people as tensors, where the peers train."""
    people = people_of(work.data)
    return tuple(torch.from_numpy(a).to(device.current()) for a in (people.x, people.y))  # type: ignore[return-value]


def plain_loop(work: Work, models: int) -> None:
    """Train models one after another in plain PyTorch, with the data in memory."""
    x, y = tensors_of(work)
    for _ in range(models):
        network = network_of(work)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
        for rows in torch.randperm(len(x), device=x.device).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(network(x[rows]), y[rows]).backward()
            optimizer.step()


class InMemory(torch.utils.data.TensorDataset):
    """Tensors from which a loader takes a batch at once, not person by person."""

    def __getitems__(self, rows: list[int]) -> tuple[torch.Tensor, ...]:
        """Return the batch of these people."""
        at = torch.tensor(rows)
        return tuple(tensor[at] for tensor in self.tensors)


def as_it_is(batch: Any) -> Any:
    """Return a batch that needs no collating."""
    return batch


def opacus_loop(work: Work, models: int, mode: str) -> None:
    """Train models one after another with Opacus, its engine used as its documentation says.

    The loader is its own, with Poisson sampling, but takes each batch from memory at once: one
    that collates batches person by person is slower.
    """
    from opacus import PrivacyEngine
    from torch.utils.data import DataLoader

    data = InMemory(*tensors_of(work))
    for _ in range(models):
        network = network_of(work)
        private = {
            "module": network,
            "optimizer": torch.optim.SGD(network.parameters(), lr=0.05),
            "data_loader": DataLoader(data, batch_size=BATCH, collate_fn=as_it_is),
            "noise_multiplier": 1.0,
            "max_grad_norm": 1.0,
            "grad_sample_mode": mode,
        }
        loss: Any = cross_entropy
        if mode == "ghost":
            network, optimizer, loss, loader = PrivacyEngine().make_private(
                criterion=nn.CrossEntropyLoss(), **private
            )
        else:
            network, optimizer, loader = PrivacyEngine().make_private(**private)
        for x, y in loader:
            optimizer.zero_grad()
            loss(network(x), y).backward()
            optimizer.step()


# ----------------------------------------------------------------------------------- measurements


def seconds_of(run: Callable[[], object]) -> float:
    """Return how long a run takes; on a GPU, until it has ended."""
    started = time.perf_counter()
    run()
    if device.current() == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def peers_of(work: Work) -> dict[str, Callable[[int], None]]:
    """Return the loops to compare with, by name: Opacus in its modes, the fastest first."""
    if not work.private:
        return {"plain PyTorch": functools.partial(plain_loop, work)}
    loops: dict[str, Callable[[int], None]] = {
        mode: functools.partial(opacus_loop, work, mode=mode) for mode in MODES
    }
    once: dict[str, float] = {}
    for mode, loop in loops.items():
        loop(1)
        once[mode] = seconds_of(lambda loop=loop: loop(1))  # type: ignore[misc]
    fastest = min(once, key=lambda mode: once[mode])
    named: dict[str, Callable[[int], None]] = {
        f"Opacus, {fastest}, its fastest mode": loops[fastest]
    }
    if work.target_default is not None and fastest != MODES[0]:
        named[f"Opacus, {MODES[0]}, its default mode"] = loops[MODES[0]]
    return named


def measure(work: Work, repeats: int) -> Iterator[Row]:
    """Yield one row for each peer."""
    cuda = device.current() == "cuda"
    work = replace(work, models=MODELS_ON_CUDA) if cuda else work
    loops = peers_of(work)
    if not work.private:  # Opacus is warm from the choice of its mode
        plain_loop(work, 1)
    ours(work)
    mine: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(repeats):
        mine.append(ours(work))
        for name, loop in loops.items():
            one = seconds_of(lambda loop=loop: loop(TIMED)) / TIMED  # type: ignore[misc]
            theirs[name].append(one * work.models)
    targets = [work.target_cuda if cuda else work.target, work.target_default]
    for (name, seconds), target in zip(theirs.items(), targets, strict=False):
        yield Row(str(work), statistics.median(mine), name, statistics.median(seconds), target)


def measure_arithmetic(repeats: int) -> Row:
    """Return the FLOP/s of a stack, as a share of this machine's matrix product."""
    n, shape, k = SHAPES[WIDEST.data]
    d = math.prod(shape)
    # forwards, and backwards by the weights; backwards by the inputs of the second layer alone
    flops = WIDEST.models * n * (4 * d * WIDEST.hidden + 6 * WIDEST.hidden * k)
    mine, machine = [], []
    for _ in range(repeats + 1):  # the first warms up
        mine.append(ours(WIDEST))
        machine.append(flops / products_a_second())
    mine, machine = mine[1:], machine[1:]
    peer = "as many FLOPs of this machine's matrix product"
    work = f"FLOP/s of {WIDEST}"
    return Row(work, statistics.median(mine), peer, statistics.median(machine), OF_THE_MACHINE)


def products_a_second() -> float:
    """Return FLOP/s of one large product on every core at once."""
    cores = os.cpu_count() or 1
    done = [workers().submit(one_product) for _ in range(cores)]
    return float(sum(one.result() for one in done))


def one_product(side: int = 2048) -> float:
    """Return FLOP/s of one thread, the median of some products."""
    torch.set_num_threads(1)
    a = torch.rand(side, side)
    seconds = statistics.median(seconds_of(lambda: a @ a) for _ in range(7))
    return float(2 * side**3 / seconds)


def main() -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.engine", __doc__)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--repeats", type=int, default=5, help="of each measurement")
    parser.add_argument("--only", default="", help="works whose name holds this")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # Opacus and the hooks of PyTorch that it uses warn a lot
    rows: list[Row] = []
    with device.use(given.device):
        for work in WORKS:
            if given.only in str(work):
                with status(str(work)):
                    rows += measure(work, given.repeats)
        if device.current() == "cpu" and given.only in f"FLOP/s of {WIDEST}":
            rows.append(measure_arithmetic(given.repeats))
    print_rows(rows, given.json)


if __name__ == "__main__":
    from benchmarks import engine  # under its own name, by which workers find its functions

    engine.main()
