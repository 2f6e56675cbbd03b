"""Pipelines as text and as the arrays of a file, good ones and those of strangers."""

import numpy as np
import numpy.typing as npt
import pytest

from quorate.errors import InputError
from quorate.test_time.edits.pipeline import (
    Pipeline,
    check_arrays,
    edit_names,
    pipeline_in,
    shapes_of_edits,
)

TEXT = "gaussian:sigma=0.7 + exposure:stops=2 + median:size=3"
SHAPE = (3, 9, 8)


def _arrays() -> dict[str, npt.NDArray[np.generic]]:
    return dict(Pipeline.parse(TEXT).arrays(SHAPE))


def test_text_comes_back() -> None:
    assert Pipeline.parse(TEXT).text == TEXT
    assert Pipeline.parse("white_balance+contrast:middle=90").text == (
        "white-balance:warmth=0.2,tint=0 + contrast:factor=1.5,middle=90"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expected edits joined by +"),
        ("exposure + ", "Expected edits joined by +"),
        ("exposur", "Did you mean exposure? Known: bilateral, contrast, deblur, exp"),
        ("exposure:stop=2", "known parameter of exposure, got 'stop'. Did you mean stops?"),
        ("exposure:stops=nan", "Expected stops=nan in [-4, 4]"),
        ("exposure:stops=9", "Expected stops=9 in [-4, 4]"),
        ("median:size=4", "Expected size=4 to be 1, 3 or 5"),
        ("gaussian:sigma=wide", "sigma"),
        (" + ".join(["exposure"] * 7), "Expected 1 to 6 edits in a pipeline, got 7"),
    ],
)
def test_a_text_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        Pipeline.parse(text)
    assert said in str(caught.value)


def test_edits_go_one_after_the_other() -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, *SHAPE)).astype(np.uint8)
    step_by_step = x
    for part in TEXT.split(" + "):
        step_by_step = Pipeline.parse(part).apply(step_by_step)
    assert (Pipeline.parse(TEXT).apply(x) == step_by_step).all()
    assert Pipeline.parse("exposure + gamma").is_tone
    assert not Pipeline.parse(TEXT).is_tone


def test_arrays_come_back() -> None:
    arrays = _arrays()
    assert list(arrays) == [
        "0.gaussian.parameters",
        "0.gaussian.taps",
        "1.exposure.parameters",
        "1.exposure.curve",
        "2.median.parameters",
    ]
    assert pipeline_in(arrays) == Pipeline.parse(TEXT)
    check_arrays(arrays, SHAPE)
    names = edit_names(list(arrays))
    assert shapes_of_edits(names, SHAPE) == {name: one.shape for name, one in arrays.items()}


def test_a_table_may_differ_by_rounding_alone() -> None:
    arrays = _arrays()
    curve = arrays["1.exposure.curve"].copy()
    curve[10] += 1
    arrays["1.exposure.curve"] = curve
    x = np.full((1, *SHAPE), 10, np.uint8)
    check_arrays(arrays, SHAPE)
    assert (pipeline_in(arrays).apply(x, arrays) == 41).all()  # the file's table counts
    curve[10] += 2
    with pytest.raises(InputError, match=r"table 1\.exposure\.curve to be what its parameters"):
        check_arrays(arrays, SHAPE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"0.gaussian.taps": None}, "got no table 0.gaussian.taps"),
        ({"0.gaussian.parameters": None}, "steps that are not numbered"),
        ({"0.gaussian.parameters": np.array([np.nan])}, "Expected sigma=nan in [0, 4]"),
        ({"0.gaussian.parameters": np.array([99.0])}, "Expected sigma=99 in [0, 4]"),
        ({"0.gaussian.parameters": np.array([1.5])}, "0.gaussian.taps to be what its parameters"),
        ({"0.gaussian.parameters": np.array([0.7, 1])}, "parameters of gaussian that are float64"),
        ({"0.gaussian.parameters": np.array([1])}, "parameters of gaussian that are int64"),
        ({"0.gaussian.taps": np.zeros(5, np.int32)}, "taps that is int32 of shape (5,)"),
        ({"0.gaussian.taps": np.zeros(13)}, "taps that is float64 of shape (13,)"),
        ({"2.median.parameters": np.array([3.5])}, "got size=3.5 of median"),
        ({"2.median.parameters": np.array([np.inf])}, "got size=inf of median"),
        ({"2.median.curve": np.zeros(256)}, "got no table '2.median.curve'"),
        ({"2.magic.parameters": np.zeros(1)}, "Expected a known edit, got 'magic'"),
        ({"2.gamma.parameters": np.zeros(1)}, "two edits as step 2"),
        ({"4.gamma.parameters": np.zeros(1)}, "steps that are not numbered"),
        ({"x.gamma.parameters": np.zeros(1)}, "an array named 'x.gamma.parameters'"),
        ({"delta": np.zeros(1)}, "an array named 'delta'"),
    ],
)
def test_arrays_of_a_stranger_are_refused(
    change: dict[str, npt.NDArray[np.generic] | None], said: str
) -> None:
    arrays = _arrays() | {name: one for name, one in change.items() if one is not None}
    for name, one in change.items():
        if one is None:
            del arrays[name]
    with pytest.raises(InputError) as caught:
        check_arrays(arrays, SHAPE)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["jpeg:quality=100", "non-local-means:strength=1"])
def test_what_is_divided_by_is_held_to_exactly(text: str) -> None:
    arrays = dict(Pipeline.parse(text).arrays(SHAPE))
    check_arrays(arrays, SHAPE)
    name = next(one for one in arrays if one.endswith((".step", ".steps")))
    arrays[name] = arrays[name] - np.ones((), arrays[name].dtype)
    with pytest.raises(InputError, match="to be what its parameters give"):
        check_arrays(arrays, SHAPE)


def test_pictures_that_would_take_long_are_refused() -> None:
    for text, shape in (("jpeg", (3, 2000, 2000)), ("rescale", (1, 1100, 20))):
        with pytest.raises(InputError, match="Craft it for smaller ones"):
            Pipeline.parse(text).arrays(shape)
    Pipeline.parse("exposure").arrays((3, 4000, 4000))


def test_too_many_steps_are_refused() -> None:
    names = [f"{i}.exposure.parameters" for i in range(7)]
    with pytest.raises(InputError, match="Expected 1 to 6 edits in a pipeline, got 7"):
        edit_names(names)
