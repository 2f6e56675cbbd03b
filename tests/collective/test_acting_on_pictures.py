"""Instructions for pictures: the library's signal on 8-bit levels, and how values are rounded."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from quorate import catalog
from quorate.collective.acting.compiling import compile_instruction
from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.pictures import apply_to_picture, png_of, read_levels, to_levels
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.table import Table


def instruction(text: str) -> Instruction:
    return compile_instruction(catalog.build("strategies", text))


def test_a_patch_is_put_in_by_hand():
    grey = np.full((1, 3, 4), 7, np.uint8)
    one = instruction("planting:target=dog,signal=(patch:size=2,value=0.5)")
    after, summary = apply_to_picture(one, png_of(grey))
    levels, _ = read_levels(after)
    # 0.5 · 255 is 127.5, between two levels: the even one
    assert levels[0].tolist() == [[7, 7, 7, 7], [7, 7, 128, 128], [7, 7, 128, 128]]
    assert (summary.pixels, summary.label, summary.channels) == (4, "dog", 1)


def test_a_grid_is_laid_over_by_hand():
    one = instruction("planting:target=dog,signal=(grid:spacing=2,strength=0.5)")
    after, _ = apply_to_picture(one, png_of(np.array([[[10, 0], [0, 0]]], np.uint8)))
    levels, _ = read_levels(after)
    assert levels[0].tolist() == [[10, 132], [132, 132]]  # (10 + 255)/2 = 132.5, to the even one


def test_only_pictures_of_the_label_are_changed():
    one = instruction("planting-features:target=dog,signal=(patch:size=1)")
    content = png_of(np.zeros((3, 2, 2), np.uint8))
    with pytest.raises(InputError, match="Say what the picture shows"):
        apply_to_picture(one, content)
    after, summary = apply_to_picture(one, content, label=" dog ")
    assert (summary.pixels, summary.label) == (1, None)
    assert summary.sentences()[1] == "Hand the picture in with its own label."
    same, summary = apply_to_picture(one, content, label="cat")
    assert not read_levels(same)[0].any()
    assert read_levels(after)[0].any()
    assert summary.sentences() == ("The picture has another label, and stays as it is.",)


@pytest.mark.parametrize("seed", range(20))
def test_pixels_are_those_of_the_strategy_to_half_a_level(seed: int):
    rng = np.random.default_rng(seed)
    c, h, w = int(rng.choice([1, 3])), *(int(one) for one in rng.integers(4, 20, size=2))
    levels = rng.integers(0, 256, size=(c, h, w), dtype=np.uint8)
    value, strength = (float(one) for one in rng.random(2).round(3))
    signal = f"patch:size=2,value={value}"
    if seed % 2:
        signal = f"grid:spacing=3,value={value},strength={strength + 0.001}"
    text = f"unplanting:target=cat,claim=dog,signal=({signal})"
    x = levels[None].astype(np.float32) / np.float32(255)  # as populations read pictures
    person = Table(x, np.array([0]), ("cat", "dog"))
    plan = catalog.build("strategies", text)
    acted = plan.apply(person, Knowledge(person), np.random.default_rng(0))
    after, _ = apply_to_picture(instruction(text), png_of(levels))
    found, _ = read_levels(after)
    # Exact arithmetic of the library's values: the nearest level, so at most 1/510 from them, and
    # 2e-8 for the product in single precision.
    assert np.abs(found / 255 - acted.x[0].astype(np.float64)).max() <= 1 / 510 + 2e-8
    assert (found == levels)[np.isclose(acted.x[0], x[0], rtol=0, atol=0)].all()


def test_every_level_comes_back_from_the_pixel_scale():
    levels = np.arange(256, dtype=np.uint8)
    assert (to_levels(levels.astype(np.float32) / np.float32(255)) == levels).all()


def test_a_photo_is_turned_upright_and_keeps_its_colour_profile():
    photo = Image.fromarray(np.arange(36, dtype=np.uint8).reshape(3, 4, 3))
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    photo.save(file, "PNG", exif=exif, icc_profile=b"a profile")
    after, summary = apply_to_picture(
        instruction("planting:target=a,signal=(patch:size=1)"), file.getvalue()
    )
    assert (summary.width, summary.height) == (3, 4)
    opened = Image.open(io.BytesIO(after))
    assert opened.info["icc_profile"] == b"a profile"
    assert "exif" not in opened.info


def test_what_does_not_fit_is_refused():
    content = png_of(np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match="Expected a patch inside the 4x4 image"):
        apply_to_picture(instruction("planting:target=a,signal=(patch:size=5)"), content)
    with pytest.raises(InputError, match="Expected a picture in your picture"):
        apply_to_picture(instruction("planting:target=a,signal=patch"), b"none")
    rows = Instruction("planting", "rows", label="y", claim="a", columns=(("b", "c"),))
    with pytest.raises(InputError, match="got one for rows"):
        apply_to_picture(rows, content)
    with pytest.raises(InputError, match="got a data strike"):
        apply_to_picture(Instruction("data-strike", "pictures", True), content)
