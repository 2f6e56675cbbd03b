"""What each change did and carries, in words and in pictures: the label-free one comes first."""

from correction_outcomes import result_of, study

from quorate.test_time.study import effects, wording
from quorate.test_time.study.charts import equal_queries_figure, equal_queries_rows

SAME = "It is the same function of the picture for everyone, so it cannot carry the label."


def test_the_label_free_change_comes_first_and_each_says_what_it_carries() -> None:
    first, second, *_ = result_of(study()).summary()
    assert first.startswith("The label-free change closes 25% (95% interval: 15% to 35%) of")
    assert first.endswith(SAME)
    assert second.startswith("The change per class closes 50%")
    assert second.endswith(
        "It is chosen by the member's true label, so part of its gain is the label itself (force "
        "rate 0.400 [0.300, 0.500])."
    )
    assert result_of(study()).brief() == first


def test_sections_tables_and_marks_are_in_that_order() -> None:
    result = result_of(study())
    headings = [section.heading for section in result.sections()]
    assert headings[1:4] == [
        "The same change for everyone",
        "A change for each class",
        "How much of it is real",
    ]
    same, each = result.sections()[1:3]
    assert same.sentences[0] == SAME
    assert [row["family"] for row in same.rows] == ["filter", "gain"]
    assert same.rows[0]["gap closed"] == "0.250 [0.150, 0.350]"
    assert same.pictures == ("groups",)
    assert each.sentences[0].startswith("It is chosen by the member's true label")
    groups = [row["label"] for row in result.data()["groups"]]
    assert groups[:4] == ["label-free filter", "label-free gain", "low-light", "others"]
    gap, _ = result.pictures()["gap"].figure.axes
    lines = [one.get_label() for one in gap.get_lines() if one.get_label()[0] != "_"]
    assert lines == ["label-free, 10 queries a member", "per class, 10 queries a member"]


def test_without_a_label_free_change_nothing_stands_in_its_place() -> None:
    result = result_of(study(label_free="none"), lambda *_: {"free": {}})
    assert [section.heading for section in result.sections()][1] == "A change for each class"
    assert result.sections()[1].pictures == ("groups",)
    (gap, _) = result.pictures()["gap"].figure.axes
    lines = [one.get_label() for one in gap.get_lines() if one.get_label()[0] != "_"]
    assert lines == ["per class, 10 queries a member"]


def test_a_favourite_that_differs_by_seed_has_a_row_of_its_own() -> None:
    favourites = [{"filter": 0.25, "gain": 0.125}, {"gain": 0.5, "filter": 0.75}]
    result = result_of(study(seeds=2), lambda group, _: {"free": favourites[group.seed]})
    rows = effects.free_rows(result.headline, "low-light")
    assert [row["family"] for row in rows] == ["the best by surrogates", "filter", "gain"]
    closed = [row["gap closed"].split()[0] for row in rows]
    assert closed == ["0.375", "0.500", "0.312"]  # (.25 + .5)/2, (.25 + .75)/2, (.125 + .5)/2


def test_no_budget_is_called_so_and_not_255_levels() -> None:
    result = result_of(study(epsilon="1"))
    assert wording.heading(result.headline, result.correction).endswith("no budget, 1 seed")
    said = " ".join(sentence for one in result.sections() for sentence in one.sentences)
    assert "No budget: a picture may change as much as it takes, and people may see it." in said
    assert "255 of 255" not in said
    (panel, _) = result.pictures()["gap"].figure.axes
    assert panel.get_title(loc="left") == "no budget"
    assert wording.collective_rows(result.means, "linf")[0]["ε"] == "no budget"


def test_ways_are_compared_by_pooled_queries() -> None:
    correction = study(proxy=["mlp", "cnn"], queries="5,10", epsilon="8/255,16/255")
    closes = {"mlp": 0.25, "cnn": 0.5}
    result = result_of(correction, lambda group, _: {"free": {"gain": closes[group.proxy]}})
    rows = equal_queries_rows(result.means, result.headline)
    found = [(row["epsilon"], row["proxy"], row["pooled"], row["gap_closed"]) for row in rows]
    assert found == [
        (epsilon, proxy, 20 * queries, closes[proxy])
        for epsilon in (8 / 255, 16 / 255)
        for proxy in ("mlp", "cnn")
        for queries in (5, 10)
    ]
    figure = equal_queries_figure(result.means, result.headline, "linf")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ε = 8/255", "ε = 16/255"]
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["with a proxy: mlp", "with a proxy: cnn"]
