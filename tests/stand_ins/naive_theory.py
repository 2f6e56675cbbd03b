"""What theory computes, straight from the definitions: nothing of the library is in it.

``batch`` is many random finite laws at once, as the fixture ``laws`` of tests/theory makes them.
"""

import itertools

import numpy as np
import numpy.typing as npt

from quorate.theory.suboptimality import Reading

Floats = npt.NDArray[np.float64]


def given_x(mass: Floats) -> Floats:
    return mass / mass.sum(axis=2, keepdims=True)  # (laws, v, k); every value occurs


def naive_received(batch, action: str) -> Floats:
    """Return what the platform receives, value by value, (laws, v, k)."""
    mass, cases = batch.mass, np.arange(len(batch))
    members = np.zeros_like(mass)
    for x, y in itertools.product(range(mass.shape[1]), range(mass.shape[2])):
        to, label = batch.image[:, x], np.full(len(batch), y)
        if action == "planting":
            label = batch.target
        elif action == "unplanting":
            there = mass[cases, to].copy()
            there[cases, batch.target] = -1
            label = there.argmax(axis=1)
        elif action == "erasing":
            label, to = mass[cases, to].argmax(axis=1), np.full(len(batch), x)
        else:
            to = np.where(batch.target == y, to, x)
        np.add.at(members, (cases, to, label), mass[:, x, y])
    alpha = batch.alpha[:, None, None]
    return alpha * members + (1 - alpha) * mass


def naive_margins(batch, action: str) -> Floats:
    """Return how far the collective is ahead at each x, (laws, v)."""
    law, cases = naive_received(batch, action), np.arange(len(batch))
    ours = law[cases, :, batch.target]
    law[cases, :, batch.target] = -np.inf
    ahead = ours - law.max(axis=2)
    return -ahead if action == "unplanting" else ahead


def naive_carried(batch) -> Floats:
    out = np.zeros(batch.image.shape)
    for x in range(out.shape[1]):
        np.add.at(out, (np.arange(len(batch)), batch.image[:, x]), batch.mass[:, x].sum(axis=1))
    return out


def naive_worst(batch, action: str, c: Floats) -> Floats:
    """Return the least success: every set of values whose margins sum to at most c is tried."""
    price, people = np.maximum(naive_margins(batch, action), 0), naive_carried(batch)
    subsets = np.array(list(itertools.product((0.0, 1.0), repeat=price.shape[1])))
    affordable = price @ subsets.T <= c[:, None] * (1 + 1e-12)  # (laws, 2^v)
    return 1 - np.where(affordable, people @ subsets.T, 0).max(axis=1)


def constant(eps: Floats, reading: Reading) -> Floats:
    return 2 * eps if reading == "tv" else eps / (1 - eps)


def naive_quantities(batch) -> dict[str, Floats]:
    """Return ξ, p and both gaps, one value x at a time, for all laws at once."""
    cases = np.arange(len(batch))
    xi, gap, back = np.zeros((3, len(batch)))
    least = np.ones(len(batch))
    for x in range(batch.mass.shape[1]):
        joint = batch.mass[:, x].copy()  # (laws, k)
        of_x, ours = joint.sum(axis=1), joint[cases, batch.target]
        joint[cases, batch.target] = -1
        ahead = (joint.max(axis=1) - ours) / of_x  # of the best other label
        least = np.minimum(least, ours / of_x)
        there = batch.image[:, x] == x
        xi = xi + np.where(there, of_x, 0)
        gap = np.maximum(gap, np.where(there, ahead, 0))
        back = np.maximum(back, np.where(there, -ahead, 0))
    xi = np.minimum(xi, 1)
    return {"xi": xi, "delta": gap, "unplanting_delta": back, "p": least}


def naive_erasing(batch) -> Floats:
    """Return P_0{f(g(x)) = f(x)} of the likeliest labels; ties have probability 0 here."""
    answer = naive_received(batch, "erasing").argmax(axis=2)  # (laws, v)
    there = np.take_along_axis(answer, batch.image, axis=1)
    return (batch.mass.sum(axis=2) * (answer == there)).sum(axis=1)


def naive_tau(batch) -> Floats:
    at = given_x(batch.mass)
    cases = np.arange(len(batch))[:, None]
    return (batch.mass.sum(axis=2) * abs(at - at[cases, batch.image]).max(axis=2)).sum(axis=1)
