"""Images from files and from the hub: one loader, whatever they are stored in."""

import gc
import io
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from quorate.errors import InputError
from quorate.populations.pictures.image_files import _pixels, folder_fingerprint, load_images
from quorate.table import Table

Write = Callable[..., None]
pytestmark = pytest.mark.usefixtures("decoded_anew")


def plain(value: int, h: int = 2, w: int = 3) -> np.ndarray:
    """A grey image of one value, (h, w)."""
    return np.full((h, w), value, dtype=np.uint8)


def load(path: Path, label: str = "label", **others: Any) -> dict[str, Table]:
    chosen: dict[str, Any] = {"image": None, "group": None, "size": None} | others
    return load_images(str(path), label=label, **chosen)


# ----------------------------------------------------------------------------------------- pixels


def test_pixels_are_on_the_scale_from_0_to_1(folder: Path) -> None:
    tables = load(folder)
    assert tables["train"].x.shape == (4, 1, 2, 3)
    assert tables["train"].x.dtype == np.float32
    # 51, 102 and 255 of 255; float32, as the division is done in it
    expected = np.float32([0, 51, 102, 255]) / np.float32(255)
    assert tables["train"].x[:, 0, 1, 2].tolist() == expected.tolist()
    assert expected[[0, 3]].tolist() == [0, 1]


def test_rows_and_columns_keep_their_places(tmp_path: Path, write_hub_parquet: Write) -> None:
    image = [[0, 1, 2], [10, 11, 12]]
    write_hub_parquet(tmp_path / "d" / "train.parquet", [image], label=["a"])
    x = load(tmp_path / "d")["train"].x
    assert (x[0, 0] * 255).round().tolist() == image


def test_colours_are_channels(tmp_path: Path, write_hub_parquet: Write) -> None:
    image = np.zeros((2, 2, 3))
    image[0, 1] = (255, 51, 0)  # red, green, blue of the pixel in row 0, column 1
    write_hub_parquet(tmp_path / "d" / "train.parquet", [image], label=["a"])
    x = load(tmp_path / "d")["train"].x
    assert x.shape == (1, 3, 2, 2)
    assert x[0, :, 0, 1].tolist() == np.float32([1, 51 / 255, 0]).tolist()
    assert x.sum() == x[0, :, 0, 1].sum()


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "shape"),
    [
        ("1", (1, 1, 2, 2)),
        ("L", (1, 1, 2, 2)),
        ("P", (1, 3, 2, 2)),
        ("RGB", (1, 3, 2, 2)),
        ("RGBA", (1, 3, 2, 2)),
    ],
)
def test_every_8_bit_mode_is_read(
    mode: str, shape: tuple[int, ...], tmp_path: Path, write_hub_parquet: Write
) -> None:
    white = encoded(Image.new("RGB", (2, 2), "white").convert(mode))
    write_hub_parquet(tmp_path / "d" / "train.parquet", [white], label=["a"])
    x = load(tmp_path / "d")["train"].x
    assert x.shape == shape
    assert (x == 1).all()


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_more_than_8_bits_are_refused_instead_of_cut_off(
    mode: str, tmp_path: Path, write_hub_parquet: Write
) -> None:
    deep = encoded(Image.new(mode, (2, 2), 1000), "TIFF")
    write_hub_parquet(tmp_path / "d" / "train.parquet", [deep], label=["a"])
    with pytest.raises(
        InputError, match=r"Expected an 8-bit image in column 'image' of row 0, got"
    ):
        load(tmp_path / "d")


@pytest.mark.parametrize("damage", ["deep", "cut off"])
def test_a_file_that_is_refused_is_closed(damage: str, tmp_path: Path) -> None:
    for kind in ("ant", "bee"):
        (tmp_path / kind).mkdir()
        Image.fromarray(plain(0, 64, 64)).save(tmp_path / kind / "0.png")
    if damage == "deep":
        Image.new("I;16", (64, 64), 1000).save(tmp_path / "bee" / "0.png")
    else:
        whole = encoded(Image.effect_noise((64, 64), 50))
        (tmp_path / "bee" / "0.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"Expected an 8-bit image in bee/0\.png, got: "):
        load(tmp_path)
    gc.collect()  # warns of a file that was left open


def test_grey_among_colour_becomes_colour(tmp_path: Path, write_hub_parquet: Write) -> None:
    images = [np.zeros((2, 2, 3)), plain(255, 2, 2)]
    write_hub_parquet(tmp_path / "d" / "train.parquet", images, label=["a", "b"])
    assert load(tmp_path / "d")["train"].x[1].tolist() == np.ones((3, 2, 2)).tolist()


def test_images_are_resized_where_asked(tmp_path: Path, write_hub_parquet: Write) -> None:
    images = [plain(51, 4, 4), plain(102, 6, 2), plain(255, 3, 3)]
    write_hub_parquet(tmp_path / "d" / "train.parquet", images, label=["a", "b", "c"])
    x = load(tmp_path / "d", size=3)["train"].x
    assert x.shape == (3, 1, 3, 3)
    for i, value in enumerate((51, 102, 255)):
        assert (x[i] == np.float32(value) / np.float32(255)).all()


@pytest.mark.parametrize("colour", [0, 1, 2])
def test_grey_among_colour_becomes_colour_in_any_order(
    colour: int, tmp_path: Path, write_hub_parquet: Write
) -> None:
    images = [plain(51 * i) for i in range(3)]
    images[colour] = np.full((2, 3, 3), 51 * colour)
    write_hub_parquet(tmp_path / "d" / "train.parquet", images, label=["a", "b", "a"])
    x = load(tmp_path / "d")["train"].x
    assert x.shape == (3, 3, 2, 3)
    assert [set((one * 255).round().ravel()) for one in x] == [{0}, {51}, {102}]


@pytest.mark.parametrize("grey", ["train", "test"])
def test_a_grey_part_beside_one_in_colour_becomes_colour(
    grey: str, tmp_path: Path, write_hub_parquet: Write
) -> None:
    for part in ("train", "test"):
        image = plain(51) if part == grey else np.full((2, 3, 3), 102)
        write_hub_parquet(tmp_path / "d" / f"{part}.parquet", [image] * 2, label=["a", "b"])
    tables = load(tmp_path / "d")
    assert {table.x.shape for table in tables.values()} == {(2, 3, 2, 3)}
    assert set((tables[grey].x * 255).round().ravel()) == {51}


def test_parts_of_different_sizes_are_refused(tmp_path: Path, write_hub_parquet: Write) -> None:
    for part, image in (("train", plain(0)), ("test", plain(0, 4, 4))):
        write_hub_parquet(tmp_path / "d" / f"{part}.parquet", [image], label=["a"])
    with pytest.raises(InputError, match=r"\(1, 4, 4\) in the part test, .*: size=3\."):
        load(tmp_path / "d")
    assert {one.x.shape for one in load(tmp_path / "d", size=3).values()} == {(1, 1, 3, 3)}


def test_images_of_different_sizes_are_refused(tmp_path: Path, write_hub_parquet: Write) -> None:
    images = [plain(0), plain(0, 3, 2)]
    write_hub_parquet(tmp_path / "d" / "train.parquet", images, label=["a", "b"])
    message = r"shape of the first, \(1, 2, 3\), got \(1, 3, 2\) in row 1\. Resize th.*=3"
    with pytest.raises(InputError, match=message):
        load(tmp_path / "d")


@given(st.data())
def test_a_damaged_image_is_read_or_named(data: st.DataObject) -> None:
    whole = encoded(Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)))
    damaged = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=5)):
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(1, len(damaged)))]
    cells = [{"bytes": image, "path": None} for image in (whole, bytes(damaged))]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of images that claim to be huge
            pixels = _pixels(datasets.Dataset.from_dict({"image": cells}), "image", None)
    except InputError as error:
        assert re.search(r"of row 1, got: .*Convert it|in row 1\. (Resize|Convert)", str(error))  # noqa: PT017
    else:
        assert pixels.shape == (2, 1, 8, 8)


# --------------------------------------------------------------------------------- labels, groups


def test_class_labels_keep_the_order_of_the_file(folder: Path) -> None:
    tables = load(folder)
    assert tables["train"].classes == tables["test"].classes == ("dog", "cat")
    assert tables["train"].y.tolist() == [0, 1, 1, 0]
    assert tables["test"].y.tolist() == [1, 0]


def test_groups_are_the_named_column(folder: Path) -> None:
    tables = load(folder, group="place")
    assert tables["train"].groups == tables["test"].groups == ("north", "south")
    assert tables["train"].group is not None
    assert tables["train"].group.tolist() == [0, 1, 0, 1]
    assert tables["test"].group is not None
    assert tables["test"].group.tolist() == [1, 1]
    assert load(folder)["train"].group is None


def test_a_label_is_the_same_in_every_part(tmp_path: Path, write_hub_parquet: Write) -> None:
    """Labels without names are coded over all parts: the test part here has nobody of label 3."""
    train, test = tmp_path / "d" / "train.parquet", tmp_path / "d" / "test.parquet"
    write_hub_parquet(train, [plain(0)] * 4, label=[2, 3, 7, 2], race=["b", "a", "c", "a"])
    write_hub_parquet(test, [plain(0)] * 2, label=[7, 2], race=["c", "c"])
    tables = load(tmp_path / "d", group="race")
    assert tables["train"].classes == tables["test"].classes == ("2", "3", "7")
    assert tables["train"].y.tolist() == [0, 1, 2, 0]
    assert tables["test"].y.tolist() == [2, 0]
    assert tables["test"].group is not None
    assert tables["test"].group.tolist() == [2, 2]


@pytest.mark.parametrize("missing", [None, -1])
def test_a_missing_class_label_is_refused(
    missing: int | None, tmp_path: Path, write_hub_parquet: Write
) -> None:
    images, label = [plain(0)] * 3, [0, missing, 1]
    write_hub_parquet(tmp_path / "d" / "train.parquet", images, ("dog", "cat"), label=label)
    with pytest.raises(
        InputError, match="Expected a value of 'label' for everyone, got 1 missing of"
    ):
        load(tmp_path / "d")


def test_a_missing_group_is_refused(tmp_path: Path, write_hub_parquet: Write) -> None:
    images = [plain(0)] * 3
    write_hub_parquet(
        tmp_path / "d" / "train.parquet", images, label=[0, 1, 1], race=["a", None, ""]
    )
    with pytest.raises(
        InputError, match=r"Expected a value of 'race' for everyone, got 2 missing of"
    ):
        load(tmp_path / "d", group="race")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"label": "lable"},
            r"known column of .*pets, got 'lable'\. Did you mean label\? Known: image",
        ),
        (
            {"group": "race"},
            r"Expected a known column of .*pets, got 'race'\. Did you mean place\?",
        ),
        ({"image": "picture"}, r"Expected a known column of .*pets, got 'picture'"),
        ({"image": "place"}, r"Expected an 8-bit image in column 'place' of row 0, got: .*north"),
        ({"image": "label"}, r"Expected images in column 'label', got ClassLabel.*image=COLUMN"),
        ({"label": "image"}, r"Expected text or numbers in column 'image'.*Name another column"),
    ],
)
def test_a_wrong_column_is_named(parameters: dict[str, str], message: str, folder: Path) -> None:
    with pytest.raises(InputError, match=message):
        load(folder, **parameters)


# ---------------------------------------------------------------------------------------- folders


def test_an_image_folder_takes_labels_from_its_sub_folders(tmp_path: Path) -> None:
    for part, kind, value in [
        ("train", "ant", 0),
        ("train", "bee", 51),
        ("train", "cow", 102),
        ("test", "cow", 255),
    ]:
        (tmp_path / part / kind).mkdir(parents=True)
        Image.fromarray(plain(value)).save(tmp_path / part / kind / "0.png")
    tables = load(tmp_path)
    assert tables["test"].classes == tables["train"].classes == ("ant", "bee", "cow")
    assert tables["test"].y.tolist() == [2]
    found = dict(zip(tables["train"].y.tolist(), tables["train"].x[:, 0, 0, 0], strict=True))
    assert {y: round(float(x) * 255) for y, x in found.items()} == {0: 0, 1: 51, 2: 102}


def test_an_image_folder_takes_columns_from_its_metadata(tmp_path: Path) -> None:
    for i in range(4):
        Image.fromarray(plain(51 * i)).save(tmp_path / f"{i}.png")
    rows = "".join(
        f"{i}.png,{'cat' if i % 2 else 'dog'},{'n' if i < 3 else 's'}\n" for i in range(4)
    )
    (tmp_path / "metadata.csv").write_text("file_name,label,place\n" + rows)
    (table,) = load(tmp_path, group="place").values()
    shade = (table.x[:, 0, 0, 0] * 255 / 51).round().astype(int).tolist()
    assert sorted(shade) == [0, 1, 2, 3]
    assert [table.classes[y] for y in table.y] == ["cat" if i % 2 else "dog" for i in shade]
    assert table.group is not None
    assert [table.groups[g] for g in table.group] == ["n" if i < 3 else "s" for i in shade]


def test_what_is_not_a_folder_of_images_is_answered(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"Expected path=.*/nowhere to be a folder of parquet files"
    ):
        folder_fingerprint(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"Expected .*/empty to hold parquet files or images, got: "
    ):
        load(tmp_path / "empty")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "train.parquet").write_bytes(b"PAR1 and then nothing of the kind")
    with pytest.raises(
        InputError, match=r"Expected .*/broken to hold parquet.*files are there and"
    ):
        load(tmp_path / "broken")
    (tmp_path / "prose").mkdir()
    (tmp_path / "prose" / "a.txt").write_text("no image")
    with pytest.raises(
        InputError, match=r"known image column, got 'none'\. Known: text\. Name it: im"
    ):
        load(tmp_path / "prose")
