"""A correction that searched photo edits: steps by hand, what was confirmed, and the controls."""

from pathlib import Path
from typing import Any

import pytest
from correction_outcomes import CLASSES, estimate, outcomes_of, study

from quorate.report.files import write_result
from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.perturbations.perturbation import Perturbation, from_bytes, to_bytes
from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION, CorrectionOutcome
from quorate.test_time.study.result import CorrectionResult

TEXT = "gaussian:sigma=0.7 + exposure:stops=2"
BY_HAND = Pipeline.parse(TEXT).by_hand
TRIED = [
    {"pipeline": "exposure:stops=1", "asked": 4, "right": 1},
    {"pipeline": TEXT, "asked": 20, "right": 15},
    {"pipeline": "exposure:stops=3", "asked": 0, "right": 0},
]
EDIT = {
    "pipeline": TEXT,
    "by_hand": BY_HAND,
    "gain": {"value": 0.25, "low": 0.125, "high": 0.375},
    "confirmed": 50,
    "similarity": 0.625,
    "distance": 0.5,
    "tried": TRIED,
    "asked": 150,
}
FREE = {
    "accuracy": estimate(0.7),
    "gap_closed": estimate(0.5),
    "outside": estimate(0.75),
}


def as_edit(epsilon: float = 1.0) -> bytes:
    arrays = Pipeline.parse(TEXT).arrays((1, 8, 8))
    return to_bytes(Perturbation("edit", arrays, CLASSES, (1, 8, 8), epsilon))


def searched(**changes: Any) -> dict[str, Any]:
    return {
        "edit": EDIT,
        "label_free": {"edit": FREE},
        "adaptive_label_free": {
            "jpeg": {"accuracy": 0.65, "before": 0.5, "after": 0.625, "gap_closed": estimate(0.375)}
        },
        "shuffled": {"value": 0.0, "low": -0.25, "high": 0.25},
        "own_classifier": estimate(0.6),
        **changes,
    }


def result_of(
    proxy: Any = "edits", each: Any = searched, epsilon: str = "none", **settings: Any
) -> CorrectionResult:
    correction = study(proxy=proxy, epsilon=epsilon, **settings)
    made = outcomes_of(
        correction, lambda group, _: each() if "edits" in group.proxy.split("+") else {}
    )
    found = []
    for one in made:
        files = dict(one.files)
        if one.edit is not None:
            files |= {PERTURBATION: as_edit(), LABEL_FREE: as_edit()}
        found.append(CorrectionOutcome.from_plain(one.to_plain(), files))
    return CorrectionResult(correction, tuple(found))


def sentences(result: CorrectionResult) -> str:
    parts = [one for section in result.sections() for one in (*section.sentences, *section.after)]
    return " ".join([*result.summary(), *parts])


def test_there_is_no_change_per_class_and_no_word_of_one() -> None:
    result = result_of()
    said = sentences(result)
    first, second, _ = result.summary()
    assert first.startswith("The label-free change closes 50%")
    assert second.endswith("photo edits searched by asking, no budget, 1 seed.")
    headings = [section.heading for section in result.sections()]
    assert headings[1:3] == ["The same change for everyone", "The edit, step by step"]
    assert "A change for each class" not in headings
    for word in ("orce rate", "wrong class", "random signs", "with that of their class"):
        assert word not in said
    assert "There is no surrogate: the change comes from photo edits searched by asking." in said
    assert set(result.pictures()) == {"gap", "groups", "pictures"}
    marks = {row["label"] for row in result.data()["groups"]}
    assert marks == {
        "label-free edit",
        "others, had they used it",
        "members' own classifier",
        "jpeg",
    }


def test_the_steps_are_what_an_editor_calls_them_with_the_confirmed_gain() -> None:
    (steps,) = [one for one in result_of().sections() if one.heading == "The edit, step by step"]
    assert [dict(row) for row in steps.rows] == [
        {"step": "1", "edit": "gaussian:sigma=0.7", "in a phone's editor": BY_HAND[0]},
        {"step": "2", "edit": "exposure:stops=2", "in a phone's editor": BY_HAND[1]},
    ]
    (said,) = steps.after
    assert said.startswith("Confirmed gain of accuracy: 0.250 [0.125, 0.375], on 50 photos that")
    assert "It assumes that the photos kept apart are like those of the people" in said
    assert "(SSIM) is 0.625 on average, and the largest change of a value 128 of 255" in said


def test_within_a_budget_the_steps_by_hand_are_not_the_file() -> None:
    for epsilon, within in (("none", False), ("16/255", True)):
        sections = result_of(epsilon=epsilon).sections()
        (steps,) = [one for one in sections if one.heading == "The edit, step by step"]
        assert "could do about the same by hand" in steps.sentences[0]
        assert ("Only the file keeps within the budget" in steps.sentences[0]) == within


def test_that_no_edit_did_better_is_said_and_no_step_is_named() -> None:
    nothing = {"pipeline": "exposure:stops=0", "by_hand": ["Exposure or Brightness: leave it."]}
    result = result_of(each=lambda: searched(edit={**EDIT, **nothing}))
    (steps,) = [one for one in result.sections() if one.heading == "The edit, step by step"]
    assert steps.sentences == ("No edit did better than none: pictures are left as they are.",)
    assert not steps.rows
    assert not steps.after  # nothing was confirmed


def test_a_seed_that_found_no_edit_confirmed_no_gain() -> None:
    nothing = {**EDIT, "pipeline": "exposure:stops=0"}
    result = result_of(each=lambda: searched(edit=nothing), seeds=2)
    (table,) = [one for one in result.sections() if one.heading.startswith("What each seed")]
    assert [(row["edit"], row["confirmed gain"]) for row in table.rows] == [("no edit", "–")] * 2


def test_steps_in_pixels_are_said_to_grow_with_the_photo() -> None:
    grows = "on a photo ten times as wide, a radius is ten times as large"
    assert grows in sentences(result_of())  # gaussian:sigma=0.7 is
    tone = {**EDIT, "pipeline": "exposure:stops=2", "by_hand": BY_HAND[1:]}
    assert grows not in sentences(result_of(each=lambda: searched(edit=tone)))


def test_the_page_says_how_the_change_was_found_and_the_settings_of_the_search() -> None:
    facts = result_of(proxy=["edits", "mlp"]).facts()
    assert facts["Found by"] == "photo edits searched by asking, surrogate mlp"
    assert facts["Search"] == "as by default"
    assert "Search" not in result_of(proxy="mlp").facts()


def test_what_was_tried_is_told_the_most_asked_first() -> None:
    (tried,) = [one for one in result_of().sections() if one.heading == "What was tried"]
    assert [dict(row) for row in tried.rows] == [
        {"edit": TEXT, "photos asked about": "20", "read rightly": "0.750"},
        {"edit": "exposure:stops=1", "photos asked about": "4", "read rightly": "0.250"},
    ]
    assert tried.on_page_only
    assert tried.sentences[0].startswith("3 settings were asked about")


def test_each_seed_has_its_edit() -> None:
    result = result_of(seeds=2)
    (table,) = [one for one in result.sections() if one.heading.startswith("What each seed")]
    assert [row["seed"] for row in table.rows] == ["0", "1"]
    assert {row["edit"] for row in table.rows} == {TEXT}
    assert table.rows[0]["confirmed gain"] == "0.250 [0.125, 0.375]"
    assert "Shown is seed 0, whose file is perturbation.npz." in sentences(result)


def test_the_four_controls_are_told() -> None:
    (section,) = [one for one in result_of().sections() if one.heading == "How much of it is real"]
    accuracy, construction, shuffled, own, others = section.sentences
    assert accuracy == (
        "Accuracy of low-light people: 0.500 before, 0.700 with the label-free change."
    )
    assert "its information about the label, given the picture, is zero" in construction
    assert "labels shuffled among members' photos, it closes 0.000 [-0.250, 0.250]" in shuffled
    assert "train alone on the same photos: accuracy 0.600 [0.500, 0.700]." in own
    assert own.endswith("The platform with the change does better: asking it pays.")
    assert others.endswith("0.750 [0.650, 0.850], had they used the label-free change.")


def test_a_better_classifier_of_their_own_is_said() -> None:
    result = result_of(each=lambda: searched(own_classifier=estimate(0.75)))
    assert "they could do without it" in sentences(result)


def test_platforms_that_adapt_are_told_of_the_edit() -> None:
    (section,) = [one for one in result_of().sections() if one.heading == "Platforms that adapt"]
    rows = [(row["change"], row["platform"], row["low-light, after"]) for row in section.rows]
    assert rows == [("label-free", "as it is", "0.700"), ("label-free", "jpeg", "0.625")]
    assert "was not tried on them" not in section.after[0]


def test_the_file_claims_no_force_rate_and_what_undoes_it() -> None:
    files = result_of().files()
    for name in (PERTURBATION, LABEL_FREE):
        about = from_bytes(files[name], name).about
        assert about["measured"]["force_rate"]["value"] is None
        assert about["measured"]["gap_closed"]["value"] == 0.5
        assert about["adaptive"]["jpeg"]["after"]["value"] == 0.625
        assert (about["similarity"], about["distance"]) == (0.625, 0.5)


@pytest.mark.usefixtures("plain_pictures")
def test_beside_a_proxy_both_are_compared_at_equal_queries(tmp_path: Path) -> None:
    result = result_of(proxy=["mlp", "edits", "mlp+edits"], queries="5,10")
    write_result(result, tmp_path)
    rows = result.data()["equal"]
    assert [(row["proxy"], row["pooled"], row["gap_closed"]) for row in rows] == [
        ("mlp", 100, 0.25),
        ("mlp", 200, 0.25),
        ("edits", 100, 0.5),
        ("edits", 200, 0.5),
        ("mlp+edits", 100, 0.5),
        ("mlp+edits", 200, 0.5),
    ]
    figure = result.pictures()["equal"].figure
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == [
        "with a proxy: mlp",
        "by photo edits searched by asking",
        "by photo edits searched by asking, beginning with surrogate mlp",
    ]
    assert (tmp_path / "equal.csv").exists()
    (table,) = [one for one in result.sections() if one.heading == "Every collective"]
    assert table.rows[0]["force rate"] == "0.400"
    assert table.rows[2]["force rate"] == table.rows[2]["per class"] == "–"


def test_what_asks_nothing_is_a_level() -> None:
    none = {"pooled": 0, "per_member": 10, "evaluation": 4000, "adaptive": 0}
    correction = study(proxy=["itself", "edits"], queries="5,10", epsilon="none")
    made = outcomes_of(
        correction,
        lambda group, _: searched() if group.proxy == "edits" else {"queries": none},
    )
    result = CorrectionResult(correction, made)
    assert "the platform's own gradients, which no collective has" in result.summary()[2]
    figure = result.pictures()["equal"].figure
    (axes,) = figure.axes
    assert axes.get_xlim()[0] > 0
    left, right = result.pictures()["gap"].figure.axes
    assert left.get_visible()
    assert not right.get_visible()  # over queries there is nothing to draw


def test_a_proxy_keeps_both_changes_apart_in_the_files() -> None:
    result = CorrectionResult(study(), outcomes_of(study()))
    files = result.files()
    assert from_bytes(files[PERTURBATION], "a").about["measured"]["force_rate"]["value"] == 0.4
    free = from_bytes(files[LABEL_FREE], "b").about
    assert free["measured"]["force_rate"]["value"] is None
    assert "similarity" not in free
