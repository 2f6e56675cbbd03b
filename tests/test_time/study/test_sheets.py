"""What a change looks like: pictures side by side, with how alike they are, and changes alone."""

import math

import numpy as np
import pytest
from correction_outcomes import CLASSES, change_of, gain, study

from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.study.examples import ExamplePictures, choose_examples
from quorate.test_time.study.people import people_of
from quorate.test_time.study.sheets import changes_sheet, people_sheet


def test_a_few_people_of_different_labels_and_no_more() -> None:
    split = people_of(study(), 0)
    examples = choose_examples(split)
    sheet = people_sheet(examples, change_of(0), gain())
    people = {row["person"]: row["label"] for row in sheet.rows}
    assert len(people) == len(set(people.values())) == 6
    assert set(people) <= set(split.inside.tolist())
    assert len(sheet.figure.axes) == 6 * 5
    assert sheet.times == 15  # 127 of 8 levels
    assert len(people_sheet(examples, change_of(0), None).figure.axes) == 6 * 3
    for row in sheet.rows:
        assert 0 < row["largest_levels"] <= 8
        assert row["l2"] <= math.sqrt(64) * 8 / 255


def test_what_is_drawn_is_what_is_sent_in() -> None:
    split, change = people_of(study(), 0), change_of(0)
    sheet = people_sheet(choose_examples(split), change, None)
    who = sheet.rows[0]["person"]
    before = split.x[[who]]
    after = change.apply(before, split.held_out.y[[who]])
    moved = after.astype(int) - before
    drawn = [axes.get_images()[0].get_array()[::14, ::14, 0] for axes in sheet.figure.axes[:3]]
    for found, expected in zip(drawn, (before, after, 128 + 15 * moved), strict=True):
        assert (found == expected[0, 0]).all()


def test_the_change_of_each_class_and_of_a_gain() -> None:
    split, change = people_of(study(), 0), change_of(0)
    sheet = changes_sheet(choose_examples(split), change, gain())
    assert [row["class"] for row in sheet.rows] == ["label-free", *CLASSES]
    drawn = sheet.figure.axes[1 + 3].get_images()[0].get_array()[::14, ::14, 0]
    assert (drawn == np.clip(128 + 15 * change.arrays["delta"][3, 0], 0, 255)).all()
    average = np.rint(split.x[split.inside].mean(0))
    expected = np.clip(np.rint(average * np.float32(0.5) + 2), -8, 8).max()
    assert sheet.rows[0]["largest_levels"] == expected


def test_an_l2_change_is_amplified_as_far_as_it_stays_on_the_scale() -> None:
    delta = np.zeros((10, 1, 8, 8), np.int16)
    delta[:, :, 4, 4] = 30
    change = Perturbation("additive", {"delta": delta}, CLASSES, (1, 8, 8), 1.0, "l2")
    assert (
        changes_sheet(choose_examples(people_of(study(), 0)), change, None).times == 4
    )  # 4 · 30 ≤ 127


def examples(side: int = 8) -> ExamplePictures:
    x = np.random.default_rng(0).integers(60, 90, (2, 1, side, side)).astype(np.uint8)
    return ExamplePictures(np.arange(2), np.array([3, 7]), x, x[0])


def test_pictures_stand_side_by_side_with_ssim_beside_the_largest_change() -> None:
    nothing = Perturbation(
        "additive",
        {"delta": np.zeros((10, 1, 8, 8), np.int16)},
        change_of(0).classes,
        (1, 8, 8),
        8 / 255,
    )
    sheet = people_sheet(examples(), nothing, gain())
    (_, first), (_, second) = sheet.pictures
    assert [caption.split("\n")[0] for caption, _ in first] == [
        "before",
        "label-free",
        "change × 15",
        "per class",
        "change × 15",
    ]
    assert first[3][0] == "per class\nSSIM 1.00, 0/255"  # which changes nothing
    assert first[1][0].endswith(", 8/255")
    assert second[3][0] == "SSIM 1.00, 0/255"
    free = [row for row in sheet.rows if row["change"] == "label-free"]
    assert all(0 < row["similarity"] < 1 for row in free)


def test_ssim_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    x, y = examples().x, examples().y
    after = gain().apply(x, y)
    rows = people_sheet(examples(), None, gain()).rows
    for place, row in enumerate(rows):
        expected = metrics.structural_similarity(x[place, 0], after[place, 0], data_range=255)
        assert row["similarity"] == pytest.approx(expected)


def test_without_a_budget_changes_are_drawn_as_far_as_they_stay_on_the_scale() -> None:
    free = Perturbation("gain", gain().arrays, gain().classes, (1, 8, 8), 1.0)
    sheet = people_sheet(examples(), None, free)
    most = max(row["largest_levels"] for row in sheet.rows)
    assert most > 8
    assert sheet.times == 127 // most
    assert len(sheet.pictures[0][1]) == 3  # no change per class


def test_a_change_beyond_the_scale_is_not_drawn_alone() -> None:
    arrays = {"gain": np.array([3.0], np.float32), "bias": np.zeros(1, np.float32)}
    sheet = people_sheet(examples(), None, Perturbation("gain", arrays, CLASSES, (1, 8, 8), 1.0))
    assert max(row["largest_levels"] for row in sheet.rows) > 127
    assert [caption.split("\n")[0] for caption, _ in sheet.pictures[0][1]] == [
        "before",
        "label-free",
    ]


def test_ssim_is_left_out_where_pictures_are_too_small() -> None:
    free = Perturbation("gain", gain().arrays, gain().classes, (1, 2, 2), 8 / 255)
    small = people_sheet(examples(2), None, free)
    assert "SSIM" not in small.pictures[0][1][1][0]
