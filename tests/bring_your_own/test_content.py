"""Objects are known by their content, in every process alike."""

from __future__ import annotations

import copy
import functools
import linecache
import os
import pickle
import subprocess
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from quorate.bring_your_own.content import digest_of
from quorate.bring_your_own.handed_in import HandedIn, in_use
from quorate.bring_your_own.naming import short_name
from quorate.errors import InputError


def function(source: str, **around: Any) -> Any:
    """Return the first function that a source defines, as in a notebook."""
    module = types.ModuleType("__main__")
    vars(module).update(around)
    exec(compile(textwrap.dedent(source), "<cell>", "exec"), vars(module))
    return next(one for one in vars(module).values() if isinstance(one, types.FunctionType))


FIT = """
def fit(x, y):
    return x[names].mean() + weights.sum()
"""


def test_an_edit_counts_and_a_comment_does_not() -> None:
    plain = function("def fit(x, y):\n    return 1")
    moved = function("# why\n\n\ndef fit(x, y):\n    # because\n    return 1")
    edited = function("def fit(x, y):\n    return 2")
    assert digest_of(plain) == digest_of(moved) != digest_of(edited)


def test_the_data_around_a_function_count_as_they_are() -> None:
    names, weights = ["a", "b"], np.arange(3.0)
    first = digest_of(function(FIT, names=names, weights=weights, other=[1]))
    assert first == digest_of(function(FIT, names=["a", "b"], weights=np.arange(3.0), other=[2]))
    assert first != digest_of(function(FIT, names=["a"], weights=weights))
    assert first != digest_of(function(FIT, names=names, weights=weights + 1))
    frame = pd.DataFrame({"a": [1, 2]})
    held = [digest_of(function(FIT, names=names, weights=one)) for one in (frame, frame * 2)]
    assert held[0] != held[1]


def test_a_notebooks_source_does_not_count_since_workers_lack_it() -> None:
    source = "names = ['a', 'b']\n\ndef fit(x, y):\n    return x[names]\n"
    cell = "<a cell of a notebook>"
    linecache.cache[cell] = len(source), None, source.splitlines(keepends=True), cell
    module = types.ModuleType("__main__")
    exec(compile(source, cell, "exec"), vars(module))
    here = digest_of(vars(module)["fit"])
    del linecache.cache[cell]
    assert digest_of(vars(module)["fit"]) == here
    vars(module)["names"].append("c")
    assert digest_of(vars(module)["fit"]) != here


def test_closures_defaults_and_partials_count() -> None:
    def make(array: Any) -> Any:
        return lambda x, y: array

    def train(x: Any, y: Any, depth: int = 1) -> int:
        return depth

    assert digest_of(make(np.zeros(2))) == digest_of(make(np.zeros(2)))
    assert digest_of(make(np.zeros(2))) != digest_of(make(np.ones(2)))
    partials = [functools.partial(train, depth=depth) for depth in (2, 2, 3)]
    found = [digest_of(one) for one in partials]
    assert found[0] == found[1] != found[2]


def test_a_function_that_another_one_calls_counts_with_its_data() -> None:
    source = """
    def fit(x, y):
        return inner(x)

    def inner(x):
        return x @ matrix
    """
    one, same, other = (digest_of(function(source, matrix=np.eye(2) * k)) for k in (1, 1, 2))
    assert one == same != other


def test_estimators_count_by_parameters_and_frozen_ones_by_what_they_learned() -> None:
    x = np.arange(8.0)[:, None]
    plain, fitted = LogisticRegression(C=0.5), LogisticRegression(C=0.5).fit(x, x[:, 0] > 3)
    assert digest_of(plain) == digest_of(fitted) != digest_of(LogisticRegression(C=0.6))
    frozen = [
        digest_of(FrozenEstimator(LogisticRegression().fit(x, x[:, 0] > cut))) for cut in (3, 3, 5)
    ]
    assert frozen[0] == frozen[1] != frozen[2]
    pipes = [
        digest_of(make_pipeline(FunctionTransformer(f), StandardScaler()))
        for f in (np.log1p, np.log1p, np.sqrt)
    ]
    assert pipes[0] == pipes[1] != pipes[2]


class Counting:
    """An object with attributes, one of which holds the object itself."""

    def __init__(self, at: int) -> None:
        self.at, self.me = at, self
        self.known = {"b": {3, 1, 2}, "a": None}


def test_objects_count_by_their_attributes() -> None:
    assert digest_of(Counting(1)) == digest_of(Counting(1)) != digest_of(Counting(2))


def test_what_has_no_content_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as file, pytest.raises(InputError, match="whose content"):
        digest_of([file])


SCRIPT = """
import functools, sys
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from quorate.bring_your_own.content import digest_of

labels = {"yes", "no", "maybe"}
table = {name: i for i, name in enumerate(sorted(labels))}


def fit(x, y, depth=2):
    assert y[0] in {"yes", "no", "maybe"}
    return RandomForestClassifier(max_depth=depth, random_state=table["no"]), labels


print(digest_of([fit, lambda x, y: fit, functools.partial(fit, depth=3),
                 RandomForestClassifier(n_estimators=7), labels, np.arange(3),
                 pd.Series(["a", None, 1.5], index=list("xyz")), pd.Index([1, 2])]))
"""


def test_frames_and_series_count_with_their_index() -> None:
    rates = pd.Series([1.0, 2.0], index=["no", "yes"])
    other = rates.set_axis(["yes", "no"])  # looked up by label, as in y.map(rates)
    assert digest_of(rates) == digest_of(rates.copy()) != digest_of(other)
    assert digest_of(rates.to_frame("a")) != digest_of(other.to_frame("a"))
    assert digest_of(rates) != digest_of(rates + 1)


def test_processes_agree_whatever_the_order_of_sets(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    found = {
        subprocess.run(
            [sys.executable, str(script)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


# ------------------------------------------------------------------------------------- handed in


def test_what_is_handed_in_reads_as_text_and_travels_with_its_object() -> None:
    held = HandedIn.of(lambda x, y: 3, "lambda")
    assert held == f"lambda {held.digest[:8]}"
    text, content = str(held), pickle.dumps(held)
    assert copy.deepcopy(held) is held
    assert HandedIn.found(text) is held
    assert pickle.loads(content) is held
    assert held.value(0, 0) == 3


def test_text_alone_has_no_object() -> None:
    alone = HandedIn.found("fit 00000000")
    assert pickle.loads(pickle.dumps(alone)) == "fit 00000000"
    with pytest.raises(InputError, match="Hand it in again"):
        _ = alone.value


@pytest.mark.parametrize(
    ("value", "called"),
    [
        (LogisticRegression(), "LogisticRegression()"),
        (
            make_pipeline(StandardScaler(), LogisticRegression(C=3)),
            "Pipeline(…, LogisticRegression(C=3))",
        ),
        (RandomForestClassifier(n_estimators=20, max_depth=30, n_jobs=1), "RandomForestClassifier"),
        (functools.partial(digest_of, 3), "digest_of"),
        (LogisticRegression, "LogisticRegression"),
    ],
)
def test_names_are_short(value: Any, called: str) -> None:
    assert short_name(value) == called


def test_cells_that_name_an_object_by_its_text_take_it_along() -> None:
    held = HandedIn.of(lambda x, y: 4, "lambda")
    cell = {"learner": {"name": "handed-in", "model": str(held)}, "seed": 0}
    assert in_use(str(cell)) == (held,)
    assert in_use(str({**cell, "learner": "sgd"})) == ()
