"""What a perturbation file says of itself: quorate show FILE.npz."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from correction_outcomes import result_of, study

from quorate.errors import InputError
from quorate.report.files import write_result
from quorate.report.stored import load_result
from quorate.test_time.perturbations.perturbation import Perturbation, load, save
from quorate.test_time.perturbations.told import tell_perturbation


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The files of a correction in which the subgroup goes from 0.5 to 0.7, all numbers by hand."""
    for name, content in result_of(study()).files().items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_whom_it_is_for_what_it_does_and_what_undoes_it(written: Path, quorate: Any) -> None:
    code, out, err = quorate("show", written / "perturbation.npz")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "A change of each label",
        "Made for the platform mlp (id 0123456789abcdef), low-light people of digits:n=200: grey "
        "pictures, 8 wide and 8 high.",
        "Labels: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9. A member names the true one.",
        "Budget: at most 8 of 255 levels a value (L∞), by a picture that is added.",
        "Measured gain: the platform read 0.500 of them rightly before, and 0.700 (95% interval "
        "0.600 to 0.800) with the change, on people whom neither it nor the collective had seen.",
        "Share of the accuracy gap closed: 0.500.",
        "Label leakage: it turned 0.400 of other labels' pictures into its own label; so much of "
        "the gain may be the label that a member names.",
        *out.splitlines()[7:],
    ]
    assert "compresses uploads as JPEG" in out
    assert "Another platform, or a later model of this one, may read it otherwise." in out
    assert "It hides nothing" in out


def test_the_change_for_everyone_has_numbers_of_its_own(written: Path) -> None:
    told = tell_perturbation(written / "perturbation-label-free.npz")
    words = " ".join(told.summary())
    assert told.title == "A change that is the same for everyone"
    assert "Everyone adds the same, without a label." in words
    assert "0.500 of them rightly before, and 0.600 (95% interval 0.500 to 0.700)" in words
    assert "gap closed: 0.250" in words
    assert "Label leakage" not in words
    assert "The file does not say what platforms that adapt did to it." in (
        told.sections()[0].sentences
    )


def test_for_programs(written: Path, quorate: Any) -> None:
    code, out, _ = quorate("show", written / "perturbation.npz", "--json")
    plain = json.loads(out)
    assert code == 0
    after = plain["about"]["measured"]["after"]
    assert after == pytest.approx({"value": 0.7, "low": 0.6, "high": 0.8})  # 0.7 ± 0.1
    assert plain["about"]["adaptive"]["jpeg"]["after"]["value"] == 0.6
    assert (plain["levels"], plain["classes"][3], plain["label_free"]) == (8, "3", False)
    assert plain["undoes"]
    assert plain["limits"]


def test_it_can_be_written_as_a_page(written: Path, tmp_path: Path) -> None:
    page = write_result(tell_perturbation(written / "perturbation.npz"), tmp_path / "page")
    assert "compresses uploads as JPEG" in page.read_text(encoding="utf-8")


def made(about: Any = None, **changes: Any) -> Perturbation:
    given: dict[str, Any] = {
        "family": "additive",
        "arrays": {"delta": np.ones((2, 1, 2, 2), np.int16)},
        "classes": ("cat", "dog"),
        "shape": (1, 2, 2),
        "epsilon": 8 / 255,
        "about": about or {},
        **changes,
    }
    return Perturbation(**given)


def test_a_file_that_says_nothing_says_so(tmp_path: Path) -> None:
    save(made(), tmp_path / "p.npz")
    words = " ".join(load_result(tmp_path / "p.npz").summary())
    assert "Made for a platform that the file does not name: grey pictures" in words
    assert "Measured gain: the file does not say." in words


def test_what_there_is_no_change_for_is_named(tmp_path: Path) -> None:
    delta = np.zeros((2, 1, 2, 2), np.int16)
    delta[0] = 1
    save(made(arrays={"delta": delta}), tmp_path / "p.npz")
    assert "There is none for dog." in " ".join(tell_perturbation(tmp_path / "p.npz").summary())


@pytest.mark.parametrize("shape", [(3, 2, 2), (2, 2, 2)])
def test_under_l2_the_budget_is_a_length(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    change = made(arrays={"delta": np.ones((1, *shape))}, shape=shape, norm="l2", epsilon=1.0)
    save(change, tmp_path / "p.npz")
    words = " ".join(tell_perturbation(tmp_path / "p.npz").summary())
    assert "Budget: a length of 255 levels of 255 (L2)" in words
    assert ("RGB pictures" if shape[0] == 3 else "pictures of 2 channels") in words


STRANGE = [
    {"platform": "\x1b[31mred\x07", "subgroup": "a\nb", "platform_name": "x" * 5000},
    {"platform": ["a"], "measured": [], "adaptive": "b", "members": {}},
    {"measured": {"before": {"value": True}, "after": {"value": "a"}}},
    {"measured": {"before": {"value": math.inf}, "after": {"value": 10**400}, "b": 3}},
    {
        "measured": {"before": {"value": 0.1}, "after": {"value": 0.2, "low": 1}},
        "adaptive": {"": 1},
    },
    {"adaptive": {"\x1b[2J": {"before": {"value": 0.1}, "after": {"value": 0.2}}}},
]


@pytest.mark.parametrize("about", STRANGE)
def test_words_of_strangers_are_shown_and_not_obeyed(
    tmp_path: Path, about: Any, quorate: Any
) -> None:
    save(made(about, classes=("\x1b[31mcat", "")), tmp_path / "p.npz")
    for form in ((), ("--json",)):
        code, out, err = quorate("show", tmp_path / "p.npz", *form)
        assert (code, err) == (0, "")
        assert "\x1b" not in out
        assert "\x07" not in out
        assert len(out) < 20_000


@pytest.mark.parametrize("name", ["nothing.npz", "words.npz", "words.txt"])
def test_another_file_is_answered(tmp_path: Path, name: str) -> None:
    if name.startswith("words"):
        (tmp_path / name).write_text("no perturbation")
    with pytest.raises(InputError, match=rf"Expected a perturbation file at .*{name}, got: "):
        load_result(tmp_path / name)


def test_the_files_of_a_correction_hold_the_same_change(written: Path) -> None:
    result = result_of(study())
    before = result.headline.outcomes[0].perturbation()
    after = load(written / "perturbation.npz")
    assert (before.arrays["delta"] == after.arrays["delta"]).all()
    assert after.about["cell"] == result.headline.outcomes[0].id
