"""Functions of the user's own as signals, strategies and goals."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

import quorate
from quorate import catalog
from quorate.adapter import apply_strategy, measure_success, plant_signal
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.table import Column, Table

COLUMNS = (Column("channel", 0, ("fax", "web")), Column("age", 2, mean=40, scale=10))
PEOPLE = Table(
    np.array([[0, 1, 0.5], [1, 0, -1.0]], np.float32),
    np.array([0, 1]),
    ("no", "yes"),
    columns=COLUMNS,
)


class YesToFax:
    """A model that says yes to whoever comes by fax."""

    record: ClassVar[dict[str, Any]] = {}

    def predict(self, x: Any) -> Any:
        return x[:, 0].astype(np.int64)


def by_fax(frame: pd.DataFrame) -> pd.DataFrame:
    frame["channel"] = "fax"
    return frame


def older(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(age=frame["age"] + 5)


def test_a_signal_changes_rows_as_they_were_given() -> None:
    before = PEOPLE.x.copy()
    for function, expected in (
        (by_fax, [[1, 0, 0.5], [1, 0, -1]]),
        (older, [[0, 1, 1], [1, 0, -0.5]]),
    ):
        signal = catalog.build("signals", function)
        assert plant_signal(signal, PEOPLE).tolist() == expected
    assert np.array_equal(PEOPLE.x, before)


def test_a_signal_on_a_table_returns_features() -> None:
    signal = catalog.build("signals", lambda people: people.x * np.float32(2))
    assert plant_signal(signal, PEOPLE).tolist() == [[0, 2, 1], [2, 0, -2]]
    wrong = catalog.build("signals", lambda people: people.x[:1])
    with pytest.raises(InputError, match="in the shape of people"):
        plant_signal(wrong, PEOPLE)


def fails(frame: Any) -> Any:
    raise KeyError("colour")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda frame: None, "got None"),
        (lambda frame: frame[["age"]], "with the columns channel, age"),
        (lambda frame: frame.assign(channel="post"), "post"),
        (lambda frame: frame.assign(age=np.nan), "a missing one"),
        (fails, "Expected fails to plant a signal, got KeyError: 'colour'"),
    ],
)
def test_a_signal_that_returns_other_rows_is_named(function: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plant_signal(catalog.build("signals", function), PEOPLE)


def test_pictures_change_as_arrays() -> None:
    photos = Table(np.zeros((2, 1, 2, 2), np.float32), np.array([0, 1]), ("a", "b"))

    def corner(x: Any) -> Any:
        x[:, :, 0, 0] = 1
        return x

    planted = plant_signal(catalog.build("signals", corner), photos)
    assert planted.sum() == 2
    assert photos.x.sum() == 0


def claim_yes(x: Any, y: Any, rng: Any) -> Any:
    assert 0 <= rng.random() < 1
    return by_fax(x), ["yes"] * len(y)


def swap(members: Table, known: Knowledge) -> Table:
    assert len(known.own) == len(members)
    return members.relabelled(1 - members.y)


def test_strategies_on_rows_and_on_tables() -> None:
    rng, known = np.random.default_rng(0), Knowledge(PEOPLE)
    changed = apply_strategy(catalog.build("strategies", claim_yes), PEOPLE, known, rng)
    assert changed.y.tolist() == [1, 1]
    assert changed.x[:, 0].tolist() == [1, 1]
    changed = apply_strategy(catalog.build("strategies", swap), PEOPLE, known, rng)
    assert changed.y.tolist() == [1, 0]
    for wrong, said in (
        (lambda x, y: x, "Return X, y"),
        (lambda x, y: (x[:1], y[:1]), "one row and one label for each of 2"),
        (lambda members: 3, "a Table"),
    ):
        with pytest.raises(InputError, match=said):
            apply_strategy(catalog.build("strategies", wrong), PEOPLE, known, rng)


def says_yes(predict: Any, x: Any, y: Any) -> Any:
    return (predict(by_fax(x.copy())) == "yes").mean()


def test_goals_on_rows_and_on_tables() -> None:
    model, rng = YesToFax(), np.random.default_rng(0)

    def right(model: Any, held_out: Table) -> float:
        return float((model.predict(held_out.x) == held_out.y).mean())

    def share(predict: Any, x: Any, y: Any) -> Any:
        return (predict(x) == "yes").mean()

    for function, expected in ((says_yes, 1.0), (right, 1.0), (share, 0.5)):
        assert measure_success(catalog.build("goals", function), model, PEOPLE, rng) == expected
    for answer in (1.5, "high", None, np.ones(2)):
        wrong = catalog.build("goals", lambda predict, x, y, answer=answer: answer)
        with pytest.raises(InputError, match="one number from 0 to 1"):
            measure_success(wrong, model, PEOPLE, rng)


def test_a_strategy_without_a_goal_asks_for_one(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "population": "gaussian:n=40,held_out=20",
        "learner": "naive-bayes",
        "alphas": "0.2",
        "seeds": 1,
    }

    def shout(x: Any, y: Any) -> Any:
        return x.assign(x2=3.0), np.repeat(y[:1], len(y))

    with pytest.raises(InputError, match=r"goal=share.*goal='planted:target=LABEL"):
        quorate.curve(out=tmp_path, strategy=shout, **settings)
    found = quorate.curve(
        out=tmp_path,
        strategy=shout,
        goal={"always one": lambda predict, x, y: (predict(x.assign(x2=3.0)) == y).mean()},
        **settings,
    )
    assert all(0 <= row["success"] <= 1 for row in found.rows())


def test_wrong_arguments_are_told_at_once() -> None:
    for kind, wrong in (
        ("signals", lambda: 0),
        ("strategies", lambda x: 0),
        ("goals", lambda predict: 0),
    ):
        with pytest.raises(InputError, match="Give other arguments a default"):
            catalog.build(kind, wrong)
    with pytest.raises(InputError, match="Expected a strategy's name or a function, got set"):
        catalog.build("strategies", set())


def test_signals_inside_strategies_and_checks() -> None:
    from quorate.strategies.planting import Planting

    made = catalog.build("strategies", Planting(target="yes", signal=by_fax))  # type: ignore[arg-type]
    planted = apply_strategy(made, PEOPLE, Knowledge(PEOPLE), np.random.default_rng(0))
    assert planted.x[:, 0].tolist() == [1, 1]
    assert "keeps the shape and type of the features" in quorate.check(older_x, kind="signals")


def older_x(frame: Any) -> Any:
    return frame.assign(x1=frame["x1"] + 1)
