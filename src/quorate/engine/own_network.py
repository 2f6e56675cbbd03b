"""Networks of the user's own: made with a seed, and looked at before anything is trained.

Shape letters: n people, d features, c h w image axes, k labels.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from quorate.bring_your_own.naming import kind_name
from quorate.engine.generator import torch_generator
from quorate.errors import InputError
from quorate.table import Rng


class OwnNetwork(nn.Module):
    """A module of the user's own, with the generator of what it draws in training.

    Args:
        module: from features (n, d) or (n, c, h, w) to logits (n, k).
        draws: for dropout and its like.
    """

    def __init__(self, module: nn.Module, draws: torch.Generator) -> None:
        super().__init__()
        self.module = module
        self._draws = draws

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (n, k), of a copy of the features in the plain order of memory.

        The module may write into its input, and flatten it by ``view``, which fails where strides
        say that channels come last.
        """
        out: Tensor = self.module(x.clone(memory_format=torch.contiguous_format))
        return out

    def representation(self, x: Tensor) -> Tensor:
        """Return each row's input to the linear layer that gives the logits, (n, r).

        Raises:
            InputError: the logits are not what a linear layer gives.
        """
        seen: list[tuple[Tensor, Tensor]] = []
        hooks = [
            layer.register_forward_hook(lambda _, given, out: seen.append((given[0], out)))
            for layer in self.module.modules()
            if isinstance(layer, nn.Linear)
        ]
        try:
            logits = self(x)
        finally:
            for hook in hooks:
                hook.remove()
        if not seen or seen[-1][1].shape != logits.shape or not torch.equal(seen[-1][1], logits):
            raise InputError(
                f"Expected the logits of {type(self.module).__name__} to come from a last "
                "nn.Linear, whose input stands for a person, got other logits. End it with one."
            )
        return seen[-1][0].flatten(1)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Let PyTorch's global generator draw this network's own numbers inside.

        Dropout takes no generator but that one; outside, it is as it was.
        """
        cuda = self._draws.device.type == "cuda"
        every = torch.cuda.default_generators[self._draws.device.index or 0] if cuda else None
        shared = every or torch.default_generator
        before = shared.get_state()
        shared.set_state(self._draws.get_state())
        try:
            yield
        finally:
            self._draws.set_state(shared.get_state())
            shared.set_state(before)

    def onto(self, device: torch.device) -> OwnNetwork:
        """Return the network on a device, where it draws as well."""
        if device.type != self._draws.device.type:
            seed = self._draws.initial_seed()
            self._draws = torch.Generator(device).manual_seed(seed)
        return self.to(device)


def make_network(make: Any, shape: tuple[int, ...], k: int, rng: Rng) -> OwnNetwork:
    """Return a network of the user's own, its weights drawn from ``rng``.

    Args:
        make: a function or class that returns a module, called with the shape and the number of
            labels where it asks for them, or a module, of which a copy is initialised anew.
        shape: of one person's features, (d,) or (c, h, w).
        k: number of labels.
        rng: gives one seed for the weights, and one for what is drawn in training.

    Raises:
        InputError: it cannot be called so, raises an error, or returns no module.
    """
    weights, draws = int(rng.integers(2**63)), torch_generator(rng)
    called = kind_name(make)
    with _seeded(weights), explained(f"Expected {called} to make a network"):
        module = _made_anew(make) if isinstance(make, nn.Module) else _call(make, shape, k)
        if not isinstance(module, nn.Module):
            raise InputError(
                f"Expected {called} to return an nn.Module, got {type(module).__name__}. Return "
                "the network."
            )
        module = module.cpu()
        if any(nn.parameter.is_lazy(p) for p in module.parameters()):
            with torch.no_grad():
                module.eval()(torch.zeros(2, *shape))
    return OwnNetwork(module, draws)


def _call(make: Callable[..., Any], shape: tuple[int, ...], k: int) -> Any:
    """Call a factory with what it asks for: ``shape`` and ``k``, or nothing."""
    called = inspect.signature(make).parameters.values()
    named = {one.name for one in called if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)}
    required = [
        one
        for one in called
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    known = {"shape": shape, "k": k}
    given = {name: value for name, value in known.items() if name in named}
    if {one.name for one in required} <= set(given):
        positional = [one.name for one in required if one.kind is one.POSITIONAL_ONLY]
        return make(*(given.pop(name) for name in positional), **given)
    if len(required) == 2 and not given:
        return make(shape, k)
    raise InputError(
        f"Expected {kind_name(make)} to ask for nothing, or for shape and k, the shape of one "
        f"person's features and the number of labels, got {inspect.signature(make)}. Write "
        "def net(shape, k), and set the rest by functools.partial."
    )


def _made_anew(module: nn.Module) -> nn.Module:
    """Return a copy of a module whose layers are initialised anew; what is frozen stays.

    Raises:
        InputError: it has weights of its own, outside of layers that can be.
    """
    new = copy.deepcopy(module)
    frozen = {name: p.detach().clone() for name, p in new.named_parameters() if not p.requires_grad}
    reset: set[int] = set()
    for layer in reversed(list(new.modules())):  # what is inside first, as it was made
        start = getattr(layer, "reset_parameters", getattr(layer, "_reset_parameters", None))
        if callable(start) and any(p.requires_grad for p in layer.parameters()):
            start()
            reset |= {id(p) for p in layer.parameters()}
    with torch.no_grad():
        for name, p in new.named_parameters():
            if name in frozen:
                p.copy_(frozen[name])
    left = [n for n, p in new.named_parameters() if p.requires_grad and id(p) not in reset]
    if left:
        raise InputError(
            f"Expected layers with reset_parameters, to begin anew for each seed, got weights "
            f"without: {', '.join(left[:3])}. Hand in a function that makes the network."
        )
    return new


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Let PyTorch's global generator begin at a seed inside; outside, it is as it was."""
    before = torch.default_generator.get_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.default_generator.set_state(before)


@contextmanager
def explained(expected: str, fix: str = "Mend it.") -> Iterator[None]:
    """Say in one line what was expected where a user's code raises an error of its own.

    Raises:
        InputError: it does.
    """
    try:
        yield
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        said = str(error).strip().partition("\n")[0].rstrip(".")
        raise InputError(f"{expected}, got {type(error).__name__}: {said}. {fix}") from error
