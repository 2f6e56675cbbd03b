"""The family network: whole numbers by a naive loop, tiles, its file, and files that are bad."""

import itertools
import math
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from quorate.errors import InputError
from quorate.test_time.perturbations import whole_network
from quorate.test_time.perturbations.apply import apply_to_file
from quorate.test_time.perturbations.perturbation import Perturbation, from_bytes, load, save
from quorate.test_time.perturbations.whole_network import WholeLayer, WholeNetwork, tanh_table

CLASSES = ("cat", "dog", "ship")


def drawn(
    seed: int, c: int = 2, width: int = 3, sides: tuple[int, ...] = (3, 1, 5)
) -> WholeNetwork:
    """A network whose values fall on both sides of every clip."""
    rng = np.random.default_rng(seed)
    channels = [c, *[width] * (len(sides) - 1), c]
    layers: list[WholeLayer] = []
    for (before, after), side in zip(itertools.pairwise(channels), sides, strict=True):
        taps = rng.integers(-127, 128, (after, before, side, side)).astype(np.int8)
        bias = rng.integers(-20_000, 20_000, after).astype(np.int32)
        shift = rng.integers(7, 9 + 2 * side // 3, after).astype(np.int8)
        shift[0] = -1 if len(layers) == 1 else shift[0]  # one that is only clipped
        layers.append(WholeLayer(taps, bias, shift))
    return WholeNetwork(layers, tanh_table(255))


def naive(network: WholeNetwork, x: Any) -> Any:
    """One picture (c, h, w) in Python's own whole numbers, value by value."""
    margin = sum(layer.weight.shape[-1] // 2 for layer in network.layers)
    a = np.pad(x, ((0, 0), (margin, margin), (margin, margin)), mode="edge").tolist()
    for at, layer in enumerate(network.layers):
        o, i, side, _ = layer.weight.shape
        h, w = len(a[0]) - side + 1, len(a[0][0]) - side + 1
        taps, last = layer.weight.tolist(), at == len(network.layers) - 1
        out = [[[0] * w for _ in range(h)] for _ in range(o)]
        for b, r, s in itertools.product(range(o), range(h), range(w)):
            total = int(layer.bias[b])
            for d, j, k in itertools.product(range(i), range(side), range(side)):
                total += taps[b][d][j][k] * a[d][r + j][s + k]
            whole = math.floor(total / 2 ** int(layer.shift[b]))
            out[b][r][s] = max(-1024 if last else 0, min(1024 if last else 1023, whole))
        a = out
    return np.vectorize(lambda z: (1 if z > 0 else -1) * int(network.tanh[abs(z)]))(a)


def perturbation(
    network: WholeNetwork, side: int = 16, epsilon: float = 1.0, **more: Any
) -> Perturbation:
    c = network.layers[-1].weight.shape[0]
    return Perturbation("network", network.arrays(), CLASSES, (c, side, side), epsilon, **more)


# ------------------------------------------------------------------------------------- arithmetic


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_a_loop_over_whole_numbers_gives(seed: int) -> None:
    network = drawn(seed)
    x = np.random.default_rng(seed).integers(0, 256, (2, 2, 9, 8), dtype=np.uint8)
    change = network.change(x)
    assert change.tolist() == [naive(network, one).tolist() for one in x]
    assert len(np.unique(change)) > 10  # it is not all clipped


def test_a_layer_by_hand() -> None:
    # a pixel of 100 and a weight of 3: (300 + 40)/4 = 85 steps of 1/256, tanh(.332) = .3205
    layer = WholeLayer(
        np.full((1, 1, 1, 1), 3, np.int8), np.array([40], np.int32), np.array([2], np.int8)
    )
    network = WholeNetwork([layer], tanh_table(255))
    assert network.change(np.full((1, 1, 1, 1), 100, np.uint8)).tolist() == [[[[82]]]]
    below = replace(layer, bias=np.array([-641], np.int32))  # -341/4 is floored to -86
    assert WholeNetwork([below], tanh_table(8)).change(
        np.full((1, 1, 1, 1), 100, np.uint8)
    ).tolist() == [[[[-3]]]]


def test_the_table_by_hand() -> None:
    # tanh(1) = .7616, and beyond 4 it is flat
    assert [int(tanh_table(8)[i]) for i in (0, 256, 1024)] == [0, 6, 8]
    assert [int(tanh_table(255)[i]) for i in (1, 256, 1024)] == [1, 194, 255]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 40), st.integers(1, 12))
def test_tiles_are_the_whole(seed: int, h: int, w: int, tile: int) -> None:
    network = drawn(seed)
    x = np.random.default_rng(seed).integers(0, 256, (3, 2, h, w), dtype=np.uint8)
    whole = network.change(x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_network, "AT_ONCE", tile**2 * 25)  # (3 + 2)·5 values are the most
        np.testing.assert_array_equal(network.change(x), whole)


def test_the_change_is_that_of_the_picture_whatever_the_label() -> None:
    """Given the picture, it tells nothing of the label: their mutual information is 0."""
    x = np.random.default_rng(0).integers(0, 256, (4, 2, 16, 16), dtype=np.uint8)
    change = perturbation(drawn(0))
    assert change.label_free
    first, *others = (change.apply(x, np.full(4, label)) for label in range(3))
    assert not np.array_equal(first, x)
    assert all(other.tobytes() == first.tobytes() for other in others)


@pytest.mark.parametrize("levels", [4, 8, 255])
def test_the_budget_holds(levels: int) -> None:
    x = np.random.default_rng(0).integers(0, 256, (4, 2, 16, 16), dtype=np.uint8)
    out = perturbation(drawn(0), epsilon=levels / 255).apply(x, np.zeros(4, np.int64))
    assert 0 < np.abs(out.astype(int) - x).max() <= levels


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 40), st.sampled_from((1, 3, 5)))
def test_a_layer_is_the_same_however_many_rows_are_gathered(
    seed: int, o: int, i: int, side: int
) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.integers(-9, 10, (o, i, side, side)).astype(np.int8)
    a = rng.integers(0, 1024, (i, 2, side + 3, side + 2)).astype(np.float32)
    bias, shift = rng.integers(-99, 99, o).astype(np.int32), rng.integers(-1, 9, o).astype(np.int8)
    z = np.zeros((o, 2, 4, 3), np.int64)
    for r, s in itertools.product(range(side), repeat=2):
        part = a[:, :, r : r + 4, s : s + 3].astype(np.int64)
        z += np.einsum("oi,inhw->onhw", weight[:, :, r, s].astype(np.int64), part)
    wanted = np.floor((z + bias[:, None, None, None]) * 2.0 ** -shift[:, None, None, None])
    found = WholeLayer(weight, bias, shift).pass_on(a, -1024, 1024)
    np.testing.assert_array_equal(found, np.clip(wanted, -1024, 1024))


# ------------------------------------------------------------------------------------------- files


def test_a_file_comes_back_to_the_byte(tmp_path: Path) -> None:
    change = perturbation(drawn(1), about={"change": "network"})
    save(change, tmp_path / "p.npz")
    back = load(tmp_path / "p.npz")
    assert {name: one.dtype for name, one in back.arrays.items()} == {
        name: one.dtype for name, one in change.arrays.items()
    }
    for name, one in change.arrays.items():
        np.testing.assert_array_equal(back.arrays[name], one)
    save(back, tmp_path / "again.npz")
    assert load(tmp_path / "again.npz").about == {"change": "network"}
    with np.load(tmp_path / "p.npz") as archive:
        assert '"format": 2' in str(archive["facts"])


def changed(**arrays: Any) -> dict[str, Any]:
    """The arrays of a good network with some changed, or left out where None."""
    all_ = {**drawn(0).arrays(), **{name.replace("_", "."): one for name, one in arrays.items()}}
    return {name: one for name, one in all_.items() if one is not None}


def int8(*shape: int, value: int = 1) -> Any:
    return np.full(shape, value, np.int8)


GOOD = drawn(0).arrays()
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "too large": (
        {
            **GOOD,
            "1.weight": int8(3, 3, 101, 101),
        },
        "Expected finite arrays",
    ),
    "a layer that takes what none gives": (changed(**{"1_weight": int8(3, 4, 1, 1)}), "finite"),
    "channels that are not the picture's": (
        changed(**{"2_weight": int8(1, 3, 5, 5), "2_bias": GOOD["2.bias"][:1]}),
        "finite arrays",
    ),
    "an even side": (changed(**{"1_weight": int8(3, 3, 2, 2)}), "finite arrays"),
    "a bias too few": (changed(**{"1_bias": None}), "finite arrays"),
    "no layer": ({"tanh": GOOD["tanh"]}, "finite arrays"),
    "a table too short": (changed(tanh=GOOD["tanh"][:-1]), "finite arrays"),
    "NaN": (changed(**{"0_bias": np.full(3, np.nan)}), "finite arrays"),
    "floats": (
        changed(**{"0_weight": GOOD["0.weight"].astype(np.float32)}),
        r"Expected 0\.weight of a network as int8, got float32",
    ),
    "sums that float32 rounds": (
        changed(**{"1_bias": np.full(3, 2**24 - 1000, np.int32)}),
        "Expected sums below 16,777,216 in layer 1 of a network",
    ),
    "a shift beyond all": (
        changed(**{"1_shift": int8(3, value=100)}),
        "Expected shifts of up to 24 in layer 1",
    ),
    "another table": (
        changed(tanh=GOOD["tanh"][::-1].copy()),
        "Expected the table of tanh in a network",
    ),
    "a table that does not grow": (
        changed(tanh=np.where(np.arange(1025) == 1000, 254, GOOD["tanh"]).astype(np.int16)),
        "Expected the table of tanh in a network",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_in_a_line(what: str, tmp_path: Path) -> None:
    arrays, named = BAD[what]
    good = perturbation(drawn(0))
    save(good, tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz") as archive:
        facts = archive["facts"]
    np.savez(tmp_path / "bad.npz", facts=facts, **arrays)
    with pytest.raises(InputError, match=named) as caught:
        load(tmp_path / "bad.npz")
    assert "\n" not in str(caught.value)


def test_more_than_50_000_weights_are_refused() -> None:
    layers = [
        WholeLayer(int8(*shape), np.zeros(shape[0], np.int32), np.zeros(shape[0], np.int8))
        for shape in ((64, 1, 3, 3), (85, 64, 3, 3), (1, 85, 3, 3))
    ]  # 64·9 + 85·64·9 + 85·9 weights and 150 biases: 50,451
    with pytest.raises(InputError, match=r"at most 50,000 weights, got 50,451\."):
        perturbation(WholeNetwork(layers, tanh_table(255)))


def test_a_network_that_takes_too_long_is_refused() -> None:
    # 3·2·9 + 3·3 + 2·3·49 weights and 3 + 3 + 2 biases, of 5,700 x 5,700 pixels
    arrays = drawn(0, sides=(3, 1, 7)).arrays()
    with pytest.raises(InputError, match=r"10,000,000,000 products .* got 11,858,850,000\."):
        Perturbation("network", arrays, CLASSES, (2, 5_700, 5_700), 1.0)


def test_products_of_few_and_of_many_channels_take_little_memory() -> None:
    """Whole windows of 209 channels and 15 x 15 pixels would take 1.8 GB on one such picture."""
    shapes = [(1, 1, 15, 15)] * 6 + [(209, 1, 1, 1), (1, 209, 15, 15)]
    layers = [
        WholeLayer(int8(*shape, value=0), np.zeros(shape[0], np.int32), int8(shape[0], value=0))
        for shape in shapes
    ]
    network = WholeNetwork(layers, tanh_table(255))
    tracemalloc.start()
    network.change(np.zeros((1, 1, 99, 99), np.uint8))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**28


def test_pictures_smaller_than_what_it_sees_are_refused_in_crafting_and_in_files() -> None:
    assert perturbation(drawn(0), side=7).shape == (2, 7, 7)  # 3 + 0 + 4 pixels
    with pytest.raises(InputError, match=r"images of 6 x 6, got one that sees 7 x 7\."):
        perturbation(drawn(0), side=6)


def test_older_programs_refuse_it_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from quorate.test_time.perturbations import perturbation as files

    content = files.to_bytes(perturbation(drawn(0)))
    monkeypatch.setattr(files, "FORMAT", 1)
    with pytest.raises(InputError, match=r"format 1 or older in p\.npz, got format 2"):
        from_bytes(content, "p.npz")


# ------------------------------------------------------------------------------- on one's own photo


def applied(tmp_path: Path, picture: Any, c: int = 3) -> Any:
    save(perturbation(drawn(0, c=c)), tmp_path / "p.npz")
    Image.fromarray(picture).save(tmp_path / "photo.png")
    apply_to_file(tmp_path / "p.npz", tmp_path / "photo.png", tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as out:
        return np.array(out)


def test_a_photo_of_the_size_trained_for_is_exact(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    wanted = perturbation(drawn(0, c=3)).apply(x.transpose(2, 0, 1)[None], np.zeros(1, np.int64))
    assert applied(tmp_path, x).tolist() == wanted[0].transpose(1, 2, 0).tolist()


def test_a_photo_smaller_than_what_it_sees_is_refused(tmp_path: Path) -> None:
    x = np.zeros((6, 9, 3), np.uint8)
    with pytest.raises(InputError, match=r"at least 7 x 7 pixels.* got .*photo\.png of 9 x 6"):
        applied(tmp_path, x)


def test_a_grey_photo_is_refused_by_a_network_of_colours(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Expected a picture in colour, .*photo\.png"):
        applied(tmp_path, np.zeros((16, 16), np.uint8))
    assert applied(tmp_path, np.zeros((16, 16), np.uint8), c=1).shape == (16, 16)
