"""The device that networks are trained on: the CPU, or a GPU through CUDA."""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Literal, TypeVar, cast

from quorate.errors import InputError
from quorate.extras import is_installed, require
from quorate.table import Rng
from quorate.validate import unknown

Place = Literal["cpu", "cuda"]
NAMES = ("auto", "cpu", "cuda")
D = TypeVar("D")
M = TypeVar("M")

_asked: ContextVar[str] = ContextVar("device", default="cpu")


def asked() -> str:
    """Return the device that the current context asks for: the CPU unless inside ``use``.

    It is what other machines are told, which have devices of their own.
    """
    return _asked.get()


def current() -> Place:
    """Return the device of the current context, on this machine.

    Raises:
        InputError: as ``resolve``.
    """
    return resolve(_asked.get())


def resolve(device: str) -> Place:
    """Return the device that a name stands for; auto is the GPU if there is one.

    >>> resolve("cpu")
    'cpu'

    Raises:
        InputError: the name is unknown, or there is no GPU that PyTorch can use.
    """
    found = find(device)
    if device != "cuda" or found == "cuda":
        return found
    require("train", "device=cuda", "torch")
    import torch

    raise InputError(
        f"Expected a GPU for device=cuda, got none that PyTorch {torch.__version__} can use. Use "
        "device=auto or device=cpu, or install a build of PyTorch with CUDA."
    )


def find(device: str) -> Place:
    """Return what of a device there is on this machine: the CPU where there is no GPU.

    Raises:
        InputError: the name is unknown.
    """
    check_name(device)
    if device == "cpu" or not is_installed("torch"):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def check_name(device: Any) -> None:
    """Raise InputError unless a device can be called so, wherever it may be."""
    if device not in NAMES:
        raise unknown("device", device, NAMES)


@contextlib.contextmanager
def use(device: str) -> Iterator[None]:
    """Train on this device inside the context; on a GPU without TF32, too imprecise for clipping.

    A GPU that is not on this machine is refused where something is trained here: it may be on those
    that the cells are sent to.

    Raises:
        InputError: the name is unknown.
    """
    precise = find(device) == "cuda"
    token = _asked.set(device)
    try:
        with _full_precision() if precise else contextlib.nullcontext():
            yield
    finally:
        _asked.reset(token)


def _full_precision() -> contextlib.AbstractContextManager[None]:
    import torch

    flags: Any = torch.backends.cudnn.flags  # matrix products are in full precision by default
    return cast("contextlib.AbstractContextManager[None]", flags(allow_tf32=False))


def in_halves(
    fit_many: Callable[[Sequence[D], Sequence[Rng]], list[M]],
    data: Sequence[D],
    rngs: Sequence[Rng],
) -> list[M]:
    """Return the results of ``fit_many``; if a GPU's memory is too small, of each half in turn.

    Each model's draws do not depend on the others, so halving changes at most the last digits. A
    message on standard error says that it halves.
    """
    if current() == "cpu":
        return fit_many(data, rngs)
    import torch

    before = copy.deepcopy(list(rngs))
    try:
        return fit_many(data, rngs)
    except torch.OutOfMemoryError:
        if len(data) == 1:
            raise
    torch.cuda.empty_cache()
    half = len(data) // 2
    print(
        f"The GPU has too little memory for {len(data)} models at once: going on with {half}.",
        file=sys.stderr,
    )
    first = in_halves(fit_many, data[:half], before[:half])
    return first + in_halves(fit_many, data[half:], before[half:])
