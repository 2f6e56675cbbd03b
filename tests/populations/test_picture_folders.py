"""Folders as people have them: nobody is lost without a word, and pictures are read as they are."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import picture_files
import pytest
from PIL import Image

import quorate as library
from quorate import catalog
from quorate.errors import InputError
from quorate.populations.pictures import picture_folders
from quorate.populations.pictures.image_files import folder_fingerprint, load_images
from quorate.runtime.progress import tell_once
from quorate.table import Split, Table
from quorate.test_time.perturbations.apply import apply_to_file
from quorate.test_time.perturbations.perturbation import Perturbation, save

pytestmark = pytest.mark.usefixtures("decoded_anew")
GREY = np.full((4, 4), 51, np.uint8)
PNG = picture_files.encoded(GREY)


def write(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files by their paths."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def load(folder: Path, label: str = "label", **others: Any) -> dict[str, Table]:
    chosen: dict[str, Any] = {"image": None, "group": None, "size": None} | others
    return load_images(str(folder), label=label, **chosen)


def people(folder: Path, **others: Any) -> dict[str, dict[str, int]]:
    """How many people there are, by part and by class."""
    return {
        part: {name: int((table.y == i).sum()) for i, name in enumerate(table.classes)}
        for part, table in load(folder, **others).items()
    }


def split(path: Path, **parameters: Any) -> Split:
    given = {"name": "images", "path": str(path), **parameters}
    return catalog.build("populations", given).split(np.random.default_rng(0))


# -------------------------------------------------------------------------- names that mean nothing


@pytest.mark.parametrize("word", ["test", "train", "dev", "val", "eval", "validation", "valid"])
def test_a_file_may_be_called_as_a_part_is(tmp_path: Path, word: str) -> None:
    names = [f"{word}-shot-{i}.png" for i in range(3)] + [f"x_{word}.png", f"{word}.png", "a.png"]
    write(tmp_path, {f"{kind}/{name}": PNG for kind in ("cat", "dog") for name in names})
    assert people(tmp_path) == {"train": {"cat": 6, "dog": 6}}


@pytest.mark.parametrize(
    "kinds",
    [
        ("test", "train", "dev", "control"),
        ("train", "plane"),
        ("test", "control"),
        ("Validation", "Train"),
        ("a+b", "a.b", "[ab]", "a*", "train-00000-of-00001"),
    ],
)
def test_a_class_may_be_called_as_a_part_is(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    write(tmp_path, {f"{kind}/{i}.png": PNG for kind in kinds for i in range(2)})
    assert people(tmp_path) == {"train": dict.fromkeys(sorted(kinds), 2)}


def test_classes_of_a_part_may_be_called_as_parts_are(tmp_path: Path) -> None:
    files = [f"{part}/{kind}/0.png" for part in ("train", "test") for kind in ("train", "dev")]
    write(tmp_path, dict.fromkeys(files, PNG))
    assert people(tmp_path) == {part: {"dev": 1, "train": 1} for part in ("train", "test")}


@pytest.mark.parametrize(
    ("held_out", "part"),
    [("test", "test"), ("Test", "test"), ("eval", "test"), ("val", "validation"), ("dev",) * 2],
)
def test_folders_of_parts_hold_folders_of_classes(tmp_path: Path, held_out: str, part: str) -> None:
    part = {"dev": "validation"}.get(part, part)
    write(tmp_path, {f"{name}/{kind}/0.png": PNG for name in ("Train", held_out) for kind in "ab"})
    assert people(tmp_path) == {name: {"a": 1, "b": 1} for name in ("train", part)}


@pytest.mark.parametrize(
    ("train", "test"),
    [("training_set", "test_set"), ("train_data", "Test-Data"), ("trainset", "eval images")],
)
def test_folders_of_parts_may_be_called_sets(tmp_path: Path, train: str, test: str) -> None:
    write(tmp_path, {f"{part}/{kind}/0.png": PNG for part in (train, test) for kind in "ab"})
    assert people(tmp_path) == {name: {"a": 1, "b": 1} for name in ("train", "test")}


def test_names_that_begin_as_parts_do_are_labels(tmp_path: Path) -> None:
    kinds = ("test tube", "train-station", "val_d_or")
    write(tmp_path, {f"{kind}/2020/{i}.png": PNG for kind in kinds for i in range(2)})
    assert people(tmp_path) == {"train": dict.fromkeys(kinds, 2)}


@pytest.mark.parametrize("path", ["cat/0.png", "train/all/cat/0.png", "wrap/cat/dogs/0.png"])
def test_a_single_label_is_refused(tmp_path: Path, path: str) -> None:
    write(tmp_path, {path: PNG, path.replace("0", "1"): PNG, path.replace("0", "2"): PNG})
    only = "all" if "all" in path else "cat" if path.startswith("cat") else "dogs"
    with pytest.raises(InputError, match=f"Expected at least 2 labels in .*, got only '{only}'"):
        split(tmp_path)


def test_accents_may_be_one_letter_or_two(tmp_path: Path) -> None:
    one, two = "caf\u00e9", "cafe\u0301"
    files = {f"train/{one}/0.png": PNG, f"test/{two}/0.png": PNG, "train/b/0.png": PNG}
    rows = f"file_name,label,place\ntrain/{two}/0.png,{two},x\ntest/{one}/0.png,{one},y\n"
    write(tmp_path, {**files, "metadata.csv": rows + "train/b/0.png,b,y\n"})
    assert people(tmp_path) == {"train": {"b": 1, one: 1}, "test": {"b": 0, one: 1}}
    assert load(tmp_path, group="place")["test"].groups == ("x", "y")


def test_a_single_part_is_split_at_random(tmp_path: Path) -> None:
    write(tmp_path, {f"train/{kind}/{i}.png": PNG for kind in "ab" for i in range(4)})
    drawn = split(tmp_path)
    assert (len(drawn.train), len(drawn.held_out), drawn.train.classes) == (6, 2, ("a", "b"))


def test_a_label_is_the_first_folder_however_deep_pictures_lie(tmp_path: Path) -> None:
    names = ["cat/0.png", "cat/2021/may/1.png", "dog/2021/2.png", "dog/2022/3.png"]
    write(tmp_path, dict.fromkeys(names, PNG))
    assert people(tmp_path) == {"train": {"cat": 2, "dog": 2}}


def test_one_folder_around_everything_is_passed_through(tmp_path: Path) -> None:
    names = ["archive/PetImages/Cat/0.png", "archive/PetImages/Dog/1.png", "__MACOSX/._0.png"]
    write(tmp_path, dict.fromkeys(names, PNG))
    assert people(tmp_path) == {"train": {"Cat": 1, "Dog": 1}}


def test_a_part_that_cannot_be_told_from_a_class_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"train/cat/0.png": PNG, "holdout/cat/1.png": PNG})
    with pytest.raises(InputError, match="got train, which holds folders, beside holdout") as error:
        load(tmp_path)
    assert "call the other one test" in str(error.value)
    (tmp_path / "holdout").rename(tmp_path / "test")  # the fix
    assert people(tmp_path) == {"train": {"cat": 1}, "test": {"cat": 1}}


def test_a_part_that_nobody_uses_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        tmp_path,
        {f"{part}/{kind}/0.png": PNG for part in ("train", "test", "val") for kind in "ab"},
    )
    drawn = split(tmp_path)
    assert len(drawn.held_out) == 2
    told = f"Left out of {tmp_path}: the part validation of 2 people."
    assert told in capsys.readouterr().err
    assert told in drawn.train.notes


def test_labels_that_nobody_to_learn_from_has_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [*("train/Cat", "train/dog", "train/owl"), *("test/cat", "test/dog")]
    write(tmp_path, {f"{name}/0.png": PNG for name in names})
    told = f"Nobody to learn from in {tmp_path} has these labels of test: cat."
    assert split(tmp_path).train.notes == (told,)
    assert told in capsys.readouterr().err


# ------------------------------------------------------------------------------- kinds of pictures


def test_pictures_are_known_by_their_content_and_endings_of_any_case(tmp_path: Path) -> None:
    colour = np.stack([GREY] * 3, axis=-1)
    names = {
        **{f"a/0.{kind}": picture_files.encoded(colour, kind) for kind in picture_files.KINDS},
        "a/1.PNG": PNG,
        "a/2.JPeG": picture_files.encoded(colour, "JPEG"),
        "a/3": PNG,
        "a/subject01.centerlight": picture_files.encoded(colour, "GIF"),
        "a/4.jpg_large": picture_files.encoded(colour, "JPEG"),
        "a/5.jpg": PNG,  # not what it is called
        "a/6.tar.png": PNG,
        "a/sun set (2).png": PNG,
        "a/Füße.png": PNG,
        "b/0.png": PNG,
    }
    write(tmp_path, names)
    assert people(tmp_path) == {"train": {"a": len(names) - 1, "b": 1}}


def test_what_is_left_out_is_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"cat/0.png": PNG, "dog/1.png": PNG, "loose.png": PNG})
    write(tmp_path, {"cat/Thumbs.db": "db", "README.txt": "BMW", "cat/.DS_Store": b"\0"})
    write(tmp_path, {f"dog/{i}.HEIC": "heic" for i in range(7)})
    write(tmp_path, {".git/objects/a.png": PNG, ".git/b.png": PNG, "dog/._1.png": PNG})
    (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "cat" / "pipe.png")
    assert people(tmp_path) == {"train": {"cat": 1, "dog": 1}}
    told = capsys.readouterr().err.splitlines()
    assert sorted(told) == [
        f"Left out of {tmp_path}: 1 file (in no folder of a label): loose.png.",
        f"Left out of {tmp_path}: 2 files (links that lead nowhere, or devices): cat/gone.png, "
        "cat/pipe.png.",
        f"Left out of {tmp_path}: 2 files (no pictures): README.txt, cat/Thumbs.db.",
        f"Left out of {tmp_path}: 3 files (hidden): .git, cat/.DS_Store, dog/._1.png.",
        f"Left out of {tmp_path}: 7 files (of a kind that is not read here; save as PNG or JPEG "
        "to take them in): dog/0.HEIC, dog/1.HEIC, dog/2.HEIC, dog/3.HEIC, dog/4.HEIC, ... (7 in "
        "all).",
    ]


def test_what_lies_outside_of_parts_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["train/a/0.png", "test/a/1.png", "extra/2.png", "3.png", "train/4.png"]
    write(tmp_path, dict.fromkeys(names, PNG))
    assert people(tmp_path) == {"train": {"a": 1}, "test": {"a": 1}}
    told = capsys.readouterr().err
    assert "2 files (outside the folders of parts): 3.png, extra/2.png." in told
    assert "1 file (in no folder of a label): train/4.png." in told


def test_pictures_beside_parquet_files_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, {"assets/logo.png": PNG})
    assert len(load(folder)["train"]) == 4
    told = capsys.readouterr().err
    assert (
        told == f"Left out of {folder}: 1 file (pictures beside parquet files): assets/logo.png.\n"
    )


def test_parquet_files_of_no_part_are_told(
    tmp_path: Path, write_hub_parquet: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train", "test", "extra"):
        write_hub_parquet(tmp_path / f"{name}.parquet", [GREY] * 2, ("a", "b"), label=[0, 1])
    assert people(tmp_path) == {part: {"a": 1, "b": 1} for part in ("train", "test")}
    assert capsys.readouterr().err == (
        f"Left out of {tmp_path}: 1 file (parquet files whose names tell no part, beside others "
        "whose names do): extra.parquet.\n"
    )


def test_a_name_that_tells_a_part_does_not_make_the_other_files_vanish(
    tmp_path: Path, write_hub_parquet: Callable[..., None]
) -> None:
    for name in ("faces-1", "faces-2", "faces-test"):
        write_hub_parquet(tmp_path / f"{name}.parquet", [GREY] * 2, ("a", "b"), label=[0, 1])
    with pytest.raises(InputError, match=r"got test and faces-1\.parquet, faces-2\.parquet\. Call"):
        load(tmp_path)
    for name in ("faces-1", "faces-2"):  # the fix
        (tmp_path / f"{name}.parquet").rename(tmp_path / f"train-{name}.parquet")
    assert people(tmp_path) == {"train": {"a": 2, "b": 2}, "test": {"a": 1, "b": 1}}


def test_the_name_of_the_folder_means_nothing(
    tmp_path: Path, write_hub_parquet: Callable[..., None]
) -> None:
    write(tmp_path / "p[1]*? test", {f"{kind}/0.png": PNG for kind in "ab"})
    assert people(tmp_path / "p[1]*? test") == {"train": {"a": 1, "b": 1}}
    write_hub_parquet(tmp_path / "q[1]" / "train.parquet", [GREY], ("a", "b"), label=[0])
    with pytest.raises(InputError, match=r"Give the folder a name without \* \? \[ \]"):
        load(tmp_path / "q[1]")


def test_it_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"cat/0.png": PNG, "dog/1.png": PNG, "note.txt": "a"})
    for _ in range(3):
        load(tmp_path)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    write(tmp_path / "store", {"0.png": PNG, "1.png": PNG})
    write(tmp_path / "pets", {"dog/2.png": PNG})
    (tmp_path / "pets" / "cat").symlink_to(tmp_path / "store")
    (tmp_path / "pets" / "dog" / "3.png").symlink_to(tmp_path / "store" / "0.png")
    (tmp_path / "pets" / "dog" / "again").symlink_to(tmp_path / "pets")
    assert people(tmp_path / "pets") == {"train": {"cat": 2, "dog": 2}}


def test_folders_in_folders_without_end_are_walked(tmp_path: Path) -> None:
    here = os.getcwd()
    os.chdir(write(tmp_path / "pets", {"dog/0.png": PNG}) / "dog")
    try:
        for _ in range(1100):  # deeper than Python may call itself
            os.mkdir("a")
            os.chdir("a")
        Path("1.png").write_bytes(PNG)
        os.chdir(here)
        assert people(tmp_path / "pets") == {"train": {"dog": 2}}
    finally:  # pytest's own cleaning would call itself too deep
        os.chdir(here)
        subprocess.run(["rm", "-rf", str(tmp_path / "pets")], check=True)


def test_links_that_multiply_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "pets", {"dog/0.png": PNG})
    for i in range(12):  # 2¹² ways to the last one
        (tmp_path / f"{i}").mkdir()
        for name in "ab":
            (tmp_path / f"{i}" / name).symlink_to(tmp_path / f"{i + 1}")
    (tmp_path / "12").mkdir()
    (tmp_path / "pets" / "cat").symlink_to(tmp_path / "0")
    monkeypatch.setattr(picture_folders, "MOST_FILES", 1000)
    with pytest.raises(InputError, match=r"at most 1,000 files and folders in .*/pets, got"):
        load(tmp_path / "pets")


def test_a_fingerprint_sees_what_links_lead_to(tmp_path: Path) -> None:
    write(tmp_path, {"store/0.png": PNG, "pets/dog/1.png": PNG})
    (tmp_path / "pets" / "cat").symlink_to(tmp_path / "store")
    before = folder_fingerprint(str(tmp_path / "pets"))
    write(tmp_path, {"store/2.png": PNG})
    assert folder_fingerprint(str(tmp_path / "pets")) != before
    assert people(tmp_path / "pets") == {"train": {"cat": 2, "dog": 1}}


def test_no_labels_at_all_are_answered(tmp_path: Path) -> None:
    write(tmp_path, {"0.png": PNG, "1.png": PNG})
    with pytest.raises(InputError, match=r"Expected a sub-folder of pictures per label in .*write"):
        load(tmp_path)


# ------------------------------------------------------------------------------- how they are read


def test_pictures_are_read_as_apply_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    grey = {f"a/{o}.png": picture_files.turned(x, "PNG", o) for o in range(1, 9)}
    write(tmp_path / "pets", grey)
    (table,) = load(tmp_path / "pets").values()
    monkeypatch.chdir(tmp_path)
    nothing = {"delta": np.zeros((1, 1, 4, 4), np.int16)}
    save(Perturbation("additive", nothing, ("a",), (1, 4, 4), 8 / 255), "p.npz")
    for read, name in zip(table.x, sorted(grey), strict=True):
        apply_to_file("p.npz", f"pets/{name}", "out.png")
        with Image.open("out.png") as out:
            assert (read[0] * 255).round().tolist() == np.asarray(out).tolist()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (picture_files.moving(4, 4, "GIF"), "several"),
        (picture_files.moving(4, 4, "WEBP"), "several"),
        (picture_files.encoded(Image.new("RGBA", (4, 4))), "transparent parts"),
        (picture_files.encoded(Image.new("CMYK", (4, 4)), "JPEG"), "mode CMYK"),
        (picture_files.encoded(np.zeros((4, 4), np.uint16)), "16 bits"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a file that is none"),
        (b"", "a file that is none"),
        (PNG[:50], "ends within a chunk"),
        (picture_files.with_second_header(4, 4, 300), "second header"),
    ],
)
def test_pictures_that_cannot_be_read_are_all_counted_and_named(
    tmp_path: Path, content: bytes, named: str
) -> None:
    write(tmp_path, {"a/0.png": PNG, "b/1.png": content, "b/2.png": PNG, "b/3.png": content})
    with pytest.raises(InputError, match=rf"8-bit image in b/1\.png, got: .*{named}") as error:
        load(tmp_path)
    assert str(error.value).endswith("2 are refused in all; the others are b/3.png.")


def test_a_missing_picture_in_a_parquet_file_is_named(
    tmp_path: Path, write_hub_parquet: Callable[..., None]
) -> None:
    write_hub_parquet(tmp_path / "train.parquet", [GREY, b""], label=["a", "b"])
    with pytest.raises(InputError, match=r"column 'image' of row 1, got: nothing\. Convert it, or"):
        load(tmp_path)


def test_pictures_of_different_sizes_name_the_file_and_a_fix_that_works(tmp_path: Path) -> None:
    write(tmp_path, {"a/0.png": PNG, "a/1.png": picture_files.encoded(GREY[:2])})
    with pytest.raises(InputError, match=r"\(1, 2, 4\) in a/1\.png\. Resize them all: size=4\."):
        load(tmp_path)
    assert len(load(tmp_path, size=4)["train"]) == 2


# ------------------------------------------------------------------------------------- metadata.csv

ROWS = "file_name,place\ncat/0.png,NA\ndog/1.png,south\n"


@pytest.mark.parametrize(
    "metadata",
    [
        ROWS,
        "\ufeff" + ROWS,
        ROWS.replace(",", ";"),
        ROWS.replace(",", "\t"),
        ROWS.replace("/", "\\"),
        ROWS.replace("cat/", "./cat/"),
        ROWS.replace("\n", "\r\n"),
        ROWS.encode("utf-16"),
    ],
)
def test_metadata_add_columns_to_labels_by_folders(tmp_path: Path, metadata: str | bytes) -> None:
    write(tmp_path, {"cat/0.png": PNG, "dog/1.png": PNG, "metadata.csv": metadata})
    (table,) = load(tmp_path, group="place").values()
    assert (table.classes, table.y.tolist()) == (("cat", "dog"), [0, 1])
    assert table.group is not None
    assert [table.groups[code] for code in table.group] == ["NA", "south"]
    assert people(tmp_path) == {"train": {"cat": 1, "dog": 1}}
    assert people(tmp_path, label="place") == {"train": {"NA": 1, "south": 1}}


def test_metadata_may_lie_anywhere_above_their_pictures(tmp_path: Path) -> None:
    write(tmp_path, {f"{p}/{k}/0.png": PNG for p in ("train", "test") for k in ("cat", "dog")})
    rows = {"train": "cat/0.png,n\ndog/0.png,s\n", "test/cat": "0.png,w\n", "test/dog": "0.png,s"}
    write(
        tmp_path,
        {f"{at}/metadata.csv": f"file_name,place\n{rest}" for at, rest in rows.items()},
    )
    found = load(tmp_path, group="place")
    told = {part: [table.groups[i] for i in np.array(table.group)] for part, table in found.items()}
    assert told == {"train": ["n", "s"], "test": ["w", "s"]}
    assert people(tmp_path) == {part: {"cat": 1, "dog": 1} for part in ("train", "test")}


def test_metadata_in_json_and_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    write(tmp_path, {"cat/0.png": PNG, "dog/1.png": PNG})
    write(tmp_path, {"metadata.jsonl": '{"file_name": "cat/0.png", "age": 7}\n'})
    rows = {"file_name": ["1.png"], "age": [10]}
    pq.write_table(pa.table(rows), tmp_path / "dog" / "metadata.parquet")
    (table,) = load(tmp_path, group="age").values()
    assert table.groups == ("7", "10")  # numbers in their order


def test_whole_numbers_are_in_their_order(tmp_path: Path) -> None:
    rows = "file_name,age\na/0.png,10\na/1.png,9\n"
    write(tmp_path, {"a/0.png": PNG, "a/1.png": PNG, "metadata.csv": rows})
    assert load(tmp_path, label="age")["train"].classes == ("9", "10")


def test_labels_by_metadata_alone_and_parts_by_folders(tmp_path: Path) -> None:
    names = ["train/0.png", "train/1.png", "test/2.png"]
    rows = "".join(f"{name},{'cat' if i else 'dog'}\n" for i, name in enumerate(names))
    write(tmp_path, dict.fromkeys(names, PNG))
    write(tmp_path, {"metadata.csv": "file_name,label\n" + rows})
    assert people(tmp_path) == {"train": {"cat": 1, "dog": 1}, "test": {"cat": 1, "dog": 0}}


def test_one_folder_of_pictures_is_no_label_beside_labels_by_metadata(tmp_path: Path) -> None:
    rows = "file_name,label\nimages/0.png,cat\nimages/1.png,dog\n"
    write(tmp_path, {"images/0.png": PNG, "images/1.png": PNG, "metadata.csv": rows})
    assert people(tmp_path) == {"train": {"cat": 1, "dog": 1}}


def test_folders_and_metadata_that_contradict_each_other(tmp_path: Path) -> None:
    rows = "file_name,label\ncat/0.png,cat\ndog/1.png,wolf\n"
    write(tmp_path, {"cat/0.png": PNG, "dog/1.png": PNG, "metadata.csv": rows})
    write(tmp_path, {"metadata.csv": rows.replace("wolf", "")})
    with pytest.raises(InputError, match=r"dog/1\.png is 'dog' by its folder and has none by meta"):
        load(tmp_path)
    write(tmp_path, {"metadata.csv": rows})
    with pytest.raises(InputError, match=r"1 that differ: dog/1\.png is 'dog' by.*'wolf' by meta"):
        load(tmp_path)
    write(tmp_path, {"metadata.csv": rows.replace("label", "kind")})  # the fix
    assert people(tmp_path) == {"train": {"cat": 1, "dog": 1}}
    assert people(tmp_path, label="kind") == {"train": {"cat": 1, "wolf": 1}}
    write(tmp_path, {"metadata.csv": rows.replace("wolf", "dog")})
    assert people(tmp_path) == {"train": {"cat": 1, "dog": 1}}


def test_rows_without_pictures_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"cat/0.png": PNG, "dog/1.png": PNG, "metadata.csv": ROWS + "cat/9.png,n\n"})
    load(tmp_path)
    assert "1 file (named by metadata, but not there or not read): cat/9.png." in (
        capsys.readouterr().err
    )


def test_pictures_without_rows_are_refused_where_the_column_is_used(tmp_path: Path) -> None:
    write(tmp_path, {f"cat/{i}.png": PNG for i in range(3)})
    write(tmp_path, {"metadata.csv": "file_name,place\ncat/0.png,n\n"})
    assert people(tmp_path) == {"train": {"cat": 3}}
    with pytest.raises(InputError, match=r"none for 2 of 3: cat/1\.png, cat/2\.png\. Fill"):
        load(tmp_path, group="place")


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ("name,place\ncat/0.png,n\n", "Expected a column file_name in .*, got name, place"),
        ("file_name,place\ncat/0.png,n\ncat/0.png,s\n", "got two or more of cat/0.png"),
        ("file_name,place,place\ncat/0.png,n,s\n", "a column twice"),
        ("file_name,place\ncat/0.png,n,s\n", "3 values for 2 columns in row 2"),
        ("file_name,place\n,n\n", "name of a picture in every row"),
        ("file_name,place\nother.png,n\n", "to name its pictures, got none of them: other.png"),
        ("file_name,image\ncat/0.png,n\n", "other columns than image"),
        (b"file_name,place\ncat/0.png,\xff\n", "Save it again in UTF-8"),
    ],
)
def test_metadata_that_cannot_be_used_are_named(
    tmp_path: Path, metadata: str | bytes, named: str
) -> None:
    write(tmp_path, {"cat/0.png": PNG, "dog/1.png": PNG, "metadata.csv": metadata})
    with pytest.raises(InputError, match=named):
        load(tmp_path)


# ---------------------------------------------------------------------------------- in the commands


@pytest.mark.usefixtures("plain_pictures")
def test_the_command_tells_what_is_left_out(quorate: Any, tmp_path: Path) -> None:
    shades = {f"{kind}/test-{i}.png": PNG for kind in ("cat", "dog") for i in range(8)}
    write(tmp_path / "pets", {**shades, "dog/8.heic": "heic"})
    words = (
        *("curve", "--population", f"images:path={tmp_path / 'pets'}", "--strategy"),
        *("planting:target=cat,size=1", "--learner", "naive-bayes", "--alphas", "0.2"),
        *("--seeds", "1", "--out", tmp_path / "out", "--json"),
    )
    for _ in range(2):  # the second finds everything stored
        tell_once.cache_clear()  # as another process would
        code, _, err = quorate(*words)
        assert code == 0
        assert err.count("1 file (of a kind that is not read here; save as") == 1
        assert "dog/8.heic" in err
        assert "dog/8.heic" in library.load(tmp_path / "out").facts()["How the file was read"]
