"""Data that a user hands in: frames, arrays and data sets, as they are and as features."""

import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest

import quorate
from quorate import catalog
from quorate.api.own import people
from quorate.bring_your_own import handed_in
from quorate.bring_your_own.handed_in import sent_by_file, sent_elsewhere
from quorate.cli.entry import main
from quorate.errors import InputError
from quorate.given import given_of
from quorate.populations.own.own_people import OwnPeople
from quorate.table import Split

N = 60
STRATEGY = "planting:target=1,signal=columns,job=nurse"


def loans(n: int = N) -> pd.DataFrame:
    """People with columns of all types, some of whose values are missing."""
    rng = np.random.default_rng(0)
    some = rng.random((3, n)) < 0.2
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "income": rng.normal(40, 12, n).round(2),
            "rate": rng.random(n).astype(np.float32),
            "job": pd.Categorical(rng.choice(["nurse", "smith"], n), ["smith", "nurse", "pope"]),
            "grade": pd.Categorical(rng.integers(1, 4, n), ordered=True),
            "sex": rng.choice(["F", "M"], n),
            "smoker": rng.random(n) < 0.3,
            "debt": np.where(some[0], np.nan, rng.normal(size=n)),
            "city": np.where(some[1], None, rng.choice(["Rome", "Oslo"], n)),
            "rooms": pd.array(np.where(some[2], None, rng.integers(1, 9, n)), dtype="Int64"),
            "paid": rng.integers(0, 2, n),
        },
        index=np.arange(n) * 7,
    )


def split(population: OwnPeople, seed: int = 1) -> Split:
    return population.split(np.random.default_rng(seed))


def drawn(n: int = N, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Who trains and who is held out of n people: a quarter is, by one permutation."""
    order = np.random.default_rng(seed).permutation(n)
    return order[n // 4 :], order[: n // 4]


# ------------------------------------------------------------------------------------ as they were


def test_a_frame_comes_back_as_it_was() -> None:
    frame = loans()
    parts = split(people(frame, label="paid", group="sex"))
    for part, rows in zip((parts.train, parts.held_out), drawn(), strict=True):
        expected = frame.iloc[rows].reset_index(drop=True)
        found = given_of(part).rows(part.x)
        pd.testing.assert_frame_equal(found, expected.drop(columns="paid"))
        pd.testing.assert_series_equal(given_of(part).labels(part.y), expected["paid"])
        assert [part.groups[i] for i in part.group] == expected["sex"].tolist()


def test_numbers_of_a_frame_are_standardised_on_the_training_people() -> None:
    parts = split(people(loans(), label="paid"))
    age, rest = parts.train.x[:, 0], parts.train.x[:, 1:]
    # float32 sums of 45 people
    np.testing.assert_allclose([age.mean(), age.std()], [0, 1], atol=1e-6)
    assert np.isfinite(rest).all()


def test_missing_values_are_encoded_counted_and_named() -> None:
    frame = loans()
    population = people(frame, label="paid")
    everyone = population.held.value.everyone
    missing = everyone.column("debt is missing")
    assert everyone.x[:, missing.start + 1].tolist() == frame["debt"].isna().tolist()
    assert everyone.x[frame["debt"].isna(), everyone.column("debt").start].max() == 0  # the mean
    assert everyone.column("city").values == ("Oslo", "Rome", "missing")
    (note,) = population.notes()
    counted = [f"{frame[name].isna().sum()} in '{name}'" for name in ("debt", "city", "rooms")]
    assert note.startswith(f"Missing values: {', '.join(counted)}. ")


def test_a_frame_of_polars_comes_back_as_it_was() -> None:
    import polars as pl
    from polars.testing import assert_frame_equal

    frame = pl.from_pandas(loans().drop(columns=["job", "grade"]))
    frame = frame.with_columns(pl.Series("job", loans()["job"].tolist(), dtype=pl.Categorical))
    parts = split(people(frame, label="paid", group="sex"))
    for part, rows in zip((parts.train, parts.held_out), drawn(), strict=True):
        assert_frame_equal(given_of(part).rows(part.x), frame.drop("paid")[rows.tolist()])
        assert given_of(part).labels(part.y).to_list() == frame["paid"][rows.tolist()].to_list()
    x = parts.train.x.copy()
    x[0, 0] = parts.train.columns[0].encode(60.5)[0]
    ages = given_of(parts.train).rows(x)["age"].to_list()
    assert ages == [60.5, *frame["age"][drawn()[0][1:].tolist()].to_list()]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "float64", "object", "<U3"])
def test_an_array_comes_back_as_it_was(dtype: str) -> None:
    rows = np.random.default_rng(0).integers(0, 90, (N, 3)).astype(dtype)
    y = np.array(["no", "yes"] * (N // 2))
    train = split(people((rows, y))).train
    found = given_of(train).rows(train.x)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, rows[drawn()[0]])
    assert given_of(train).labels(train.y).tolist() == y[drawn()[0]].tolist()
    assert [column.name for column in train.columns] == ["x0", "x1", "x2"]


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((N, 5, 4), (0, 1, 2)), ((N, 3, 5, 4), (0, 1, 2, 3)), ((N, 5, 4, 3), (0, 3, 1, 2))],
)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int16"])
def test_pictures_come_back_as_they_were(shape, axes, dtype: str) -> None:
    rows = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    train = split(people((rows, np.arange(N) % 3))).train
    expected = rows[drawn()[0]]
    found = given_of(train).rows(train.x)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)
    # 1/255 in float32
    np.testing.assert_allclose(
        train.x.reshape(len(expected), -1),
        (expected.transpose(axes) / 255).reshape(len(expected), -1),
        rtol=1e-6,
    )


def test_pictures_that_were_normalised_are_put_on_the_pixel_scale() -> None:
    rows = np.random.default_rng(0).normal(0, 1, (N, 1, 2, 2)).astype(np.float32)
    population = people((rows, np.arange(N) % 2))
    train = split(population).train
    assert 0 <= train.x.min() < train.x.max() <= 1
    # two roundings to float32 of values up to 3
    np.testing.assert_allclose(given_of(train).rows(train.x), rows[drawn()[0]], atol=1e-6)
    assert "on a scale from 0 to 1" in population.notes()[0]


# ------------------------------------------------------------------------ who is held out, and sets


def test_a_pair_says_who_is_held_out() -> None:
    frame = loans()
    both = frame.iloc[:40], frame.iloc[40:]
    ways = [
        people(both, label="paid"),
        people(both[0], label="paid", held_out=both[1]),
        people({"train": both[0], "test": both[1]}, label="paid"),
    ]
    assert len({way.held.digest for way in ways}) == 1
    for seed in (1, 2):
        parts = split(ways[0], seed)
        found = given_of(parts.held_out).rows(parts.held_out.x)
        expected = both[1].drop(columns="paid").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected)
        assert len(parts.train) == 40
    fewer = replace(ways[0], n=10)
    assert len(split(fewer).train) == 10
    x, y = np.eye(8), np.arange(8) % 2
    assert split(people(((x, y), (x[:2], y[:2])))).held_out.y.tolist() == [0, 1]


def test_a_data_set_of_the_hub() -> None:
    datasets = pytest.importorskip("datasets")
    from PIL import Image

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (12, 4, 4, 3)).astype(np.uint8)
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "label": datasets.ClassLabel(names=["cat", "dog"]),
            "place": datasets.Value("string"),
        }
    )
    rows = {
        "image": [Image.fromarray(one) for one in pixels],
        "label": [0, 1] * 6,
        "place": ["in", "in", "out"] * 4,
    }
    data = datasets.Dataset.from_dict(rows, features=features)
    parts = datasets.DatasetDict(
        {"train": data.select(range(8)), "test": data.select(range(8, 12))}
    )
    found = split(people(parts, group="place"))
    assert found.train.classes == ("cat", "dog")
    assert given_of(found.train).labels(found.train.y).tolist() == [0, 1] * 4
    assert found.held_out.groups == ("in", "out")
    np.testing.assert_array_equal(given_of(found.held_out).rows(found.held_out.x), pixels[8:])
    assert catalog.build("populations", parts).split(np.random.default_rng(0)).train.k == 2
    table = datasets.Dataset.from_pandas(loans()[["age", "city", "paid"]], preserve_index=False)
    train = split(people(table, label="paid")).train
    expected = loans()[["age", "city"]].iloc[drawn()[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(given_of(train).rows(train.x), expected)


def test_a_data_set_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x, y = torch.arange(24.0).reshape(12, 2), torch.arange(12) % 2
    data = torch.utils.data.TensorDataset(x, y)
    half = torch.utils.data.Subset(data, range(6))
    ours = split(people(data))
    assert given_of(ours.train).rows(ours.train.x).dtype == np.float32
    assert split(people((half, data))).held_out.y.tolist() == [0, 1] * 6
    pictures = torch.utils.data.TensorDataset(torch.rand(6, 1, 3, 3), torch.arange(6) % 2)
    pictures.classes = ["cat", "dog"]
    assert split(people(pictures)).train.classes == ("cat", "dog")
    assert split(people((x, y))).train.k == 2
    with pytest.raises(InputError, match=r"Expected a Dataset, got a DataLoader\. .*\.dataset"):
        people(torch.utils.data.DataLoader(data))


# ------------------------------------------------------------------------------------- wrong input

X, Y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
FRAME = pd.DataFrame({"a": [1.0, 2, 3, 4], "y": [0, 1, 0, 1]})


@pytest.mark.parametrize(
    ("data", "named", "message"),
    [
        (FRAME, {}, r"label.* to be named, got a data frame with the columns a, y\. Write quorate"),
        (
            FRAME,
            {"label": "z"},
            r"Expected a known column of the data frame, got 'z'.* Known: a, y",
        ),
        (
            FRAME,
            {"label": "y", "group": "g"},
            r"Expected a known column of the data frame, got 'g'",
        ),
        (FRAME[["y"]], {"label": "y"}, r"columns to learn from beside the label 'y', got none"),
        (FRAME.iloc[:0], {"label": "y"}, r"Expected people, got no rows"),
        (FRAME.assign(y=1), {"label": "y"}, r"between 2 and 1000 labels in 'y', got 1, '1'"),
        (FRAME.assign(y=[0, 1, None, 1]), {"label": "y"}, r"value of 'y' for everyone, got 1 miss"),
        (FRAME.assign(a=None), {"label": "y"}, r"Expected values in column 'a', got none"),
        (FRAME.assign(a=[1, "x", 2, 3]), {"label": "y"}, r"one type in column 'a'.*got int, str"),
        (FRAME.assign(a=[[1], [2], [3], [4]]), {"label": "y"}, r"one type in column 'a'.*got list"),
        (
            FRAME.assign(a=[1, 2, 3, np.inf]),
            {"label": "y"},
            r"finite numbers in column 'a', got 1 ",
        ),
        (FRAME.assign(a=pd.Timestamp("2024")), {"label": "y"}, r"column 'a', got dates or times\."),
        (FRAME.assign(a=[1j] * 4), {"label": "y"}, r"in column 'a', got complex"),
        (FRAME.iloc[:, [0, 0, 1]], {"label": "y"}, r"a name of its own, got a more than once"),
        ((X, Y[:3]), {}, r"one y a row of X, got 3 for 4 rows"),
        ((X, np.eye(4)), {}, r"y with one value a person, got shape \(4, 4\)\..*argmax"),
        ((X, Y, Y[:2]), {}, r"one group a row of X, got 2 for 4 rows"),
        ((np.zeros((4, 2, 2, 2, 2)), Y), {}, r"Expected X of shape .*, got \(4, 2, 2, 2, 2\)"),
        ((np.zeros((4, 9, 9, 9)), Y), {}, r"of 1 to 4 channels, got \(4, 9, 9, 9\)"),
        ((X[:, 0], Y), {}, r"got \(4,\)\. One column is X\[:, None\]"),
        (([[1, 2], [3]], [0, 1]), {}, r"Expected X as an array, got rows of different lengths"),
        ((X, Y), {"label": "y"}, r"label= and group= beside a data frame, got them beside arrays"),
        ((FRAME[["a"]], FRAME.y.iloc[::-1]), {}, r"y to have the index of X.*y\.to_numpy\(\)"),
        ((X[:2], Y[:2], Y[:2], Y[:2]), {}, r"got a tuple of 4: ndarray, ndarray"),
        (X, {}, r"got an array of shape \(4, 2\)\. Hand in the labels, too"),
        (iter([1, 2]), {}, r"got a list_iterator\. A generator can be read once only"),
        ("people.csv", {}, r"got the text 'people\.csv'"),
        (None, {}, r"Expected a data frame .* got a NoneType"),
        ({"a": X, "b": X}, {}, r"the parts train and test \(or validation\), got a, b"),
        (
            pd.DataFrame({"a": [f"id {i}" for i in range(300)], "y": [0, 1] * 150}),
            {"label": "y"},
            r"at most 200 distinct values in the text column 'a', got 300: ids, or prose",
        ),
        (
            pd.DataFrame({"a": range(1200), "y": np.arange(1200) / 7}),
            {"label": "y"},
            r"between 2 and 1000 labels in 'y', got 1200\. .* bin this one",
        ),
        (
            pd.DataFrame({"a": range(40), "y": np.arange(40) / 7}),
            {"label": "y"},
            r"labels in 'y', got 40 different numbers with fractions\. .* pd\.cut",
        ),
    ],
)
def test_wrong_data_are_answered_in_a_line(data: object, named: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        split(people(data, **named))
    assert len(str(error.value)) < 420
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("data", [FRAME, X, (X, Y[:3]), [X, Y]])
def test_a_study_says_what_is_wrong_with_data(data: object) -> None:
    with pytest.raises(InputError) as error:
        quorate.curve(population=data, strategy="planting", learner="logistic")
    assert len(str(error.value)) < 420


def test_a_sparse_matrix_is_written_out_where_it_is_small() -> None:
    from scipy import sparse

    rows = sparse.csr_matrix(np.eye(8))
    train = split(people((rows, np.arange(8) % 2))).train
    assert given_of(train).rows(train.x).shape == (6, 8)
    large = sparse.csr_matrix((2 * 10**4, 2 * 10**4))
    with pytest.raises(InputError, match=r"too large to write out"):
        people((large, np.zeros(2 * 10**4)))


# ------------------------------------------------------------------------------------- content id


def test_equal_content_has_one_digest_whatever_its_layout() -> None:
    frame = loans()
    known = people(frame, label="paid").held.digest
    assert people(frame.copy().reset_index(drop=True), label="paid").held.digest == known
    assert people(frame.loc[:, ::-1].loc[:, ::-1], label="paid").held.digest == known
    rows, y = np.asfortranarray(np.eye(8)), np.arange(16)[::2] // 4 % 2
    assert people((rows, y)).held.digest == people((np.eye(8), y.tolist())).held.digest
    for changed in (
        frame.assign(age=frame["age"] + (np.arange(N) == 3)),
        frame.assign(age=frame["age"].astype(float)),
        frame.rename(columns={"age": "years"}),
        frame.iloc[::-1],
        frame[frame.columns[::-1]],
    ):
        assert people(changed, label="paid").held.digest != known
    assert people(frame, label="smoker").held.digest != known
    assert people(frame, label="paid", group="sex").held.digest != known


# ---------------------------------------------------------------------------------------- in a run


@pytest.mark.parametrize(
    ("data", "called"),
    [
        ((FRAME[["a"]], FRAME.y), "DataFrame"),
        ((X, Y), "arrays"),
        ((X.tolist(), Y.tolist()), "arrays"),
        (((X, Y), (X, Y)), "arrays"),
        (people((FRAME, FRAME), label="y"), "DataFrame"),
    ],
)
def test_data_are_called_by_what_they_are(data: object, called: str) -> None:
    assert catalog.build("populations", data).called == called


def test_a_stored_run_of_data_is_shown_and_goes_on(tmp_path: Path) -> None:
    frame = loans()[["age", "job", "paid"]]
    study = {"strategy": STRATEGY, "learner": "naive-bayes", "alphas": [0, 0.5], "seeds": 1}
    out = tmp_path / "run"

    def run(data: pd.DataFrame, out: Path | None = out) -> pd.DataFrame:
        found = quorate.curve(people(data, label="paid"), **study, out=out)
        return found.to_frame()[["alpha", "success"]]

    first = run(frame)
    (said,) = quorate.load(out).summary()
    assert said.startswith("naive-bayes (DataFrame, planting:"), said
    pd.testing.assert_frame_equal(run(frame, None), first)
    store = next(out.glob("*.sqlite"))
    before = store.stat().st_mtime_ns
    pd.testing.assert_frame_equal(run(frame), first)
    assert store.stat().st_mtime_ns == before
    older = frame.assign(age=frame["age"] ** 2)  # other data have cells of their own
    pd.testing.assert_frame_equal(run(older), run(older, None))


def test_a_stored_run_is_read_without_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, cells = tmp_path / "run", tmp_path / "cells.csv"

    def fit(rows: pd.DataFrame, labels: np.ndarray) -> Any:
        return lambda others: np.full(len(others), labels[0])

    found = quorate.curve(
        people(loans(), label="paid"), STRATEGY, fit, out=out, alphas=[0.5], seeds=1
    )
    monkeypatch.setattr(handed_in, "_in_use", {})  # as in another process
    monkeypatch.setattr(handed_in, "_kept", {})
    assert len(quorate.load(out).to_frame()) == len(found.to_frame())
    for words in (["show", str(out)], ["export", str(out), "--out", str(cells)]):
        monkeypatch.setattr(sys, "argv", ["quorate", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
    assert "fit (DataFrame, planting:" in capsys.readouterr().out
    assert set(pd.read_csv(cells)["population"]) == set(found.to_frame()["population"])
    population = quorate.load(out).outcomes[0].description["population"]
    with pytest.raises(InputError, match=r"Expected the object that was handed in as 'DataFrame "):
        split(catalog.build("populations", population))


def test_a_pipeline_gets_the_columns_by_name_whatever_brought_them(tmp_path: Path) -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("names", OneHotEncoder(handle_unknown="ignore"), ["job", "city"]),
                ("numbers", SimpleImputer(), ["age", "debt"]),
            ]
        ),
        LogisticRegression(max_iter=1000),
    )
    frame = loans()[["age", "debt", "job", "city", "paid"]]
    whole = frame.fillna({"debt": 0.5, "city": "Rome"})
    whole.to_csv(tmp_path / "loans.csv", index=False)
    for population in (
        people(frame, label="paid"),
        f"table:path={tmp_path}/loans.csv,label=paid",
    ):
        found = quorate.curve(
            population,
            "planting:target=1,signal=columns,age=60",
            pipeline,
            alphas=[0, 0.5],
            seeds=1,
        )
        assert found.to_frame()["success"].between(0, 1).all()


def test_large_data_are_sent_to_processes_once_by_a_file() -> None:
    n = 20_000
    rows = np.random.default_rng(0).normal(size=(n, 2))
    population = people((rows, np.arange(n) % 2))
    with sent_by_file():
        with sent_elsewhere(whole=True):  # where the file is not seen
            assert len(cloudpickle.dumps(population)) > rows.nbytes
        by_file = cloudpickle.dumps(population)
        assert len(by_file) < 2000
        wanted = rb"/[^\x00-\x1f]*" + population.held.digest.encode()
        (file,) = {Path(found.decode()) for found in re.findall(wanted, by_file)}
        written = file.stat().st_mtime_ns
        assert cloudpickle.dumps(population) == by_file
        assert file.stat().st_mtime_ns == written  # once
        code = (
            "import pickle, sys; people = pickle.load(sys.stdin.buffer).held; "
            "print(people.digest, people.value.everyone.x[3, 0])"
        )
        there = subprocess.run([sys.executable, "-c", code], input=by_file, capture_output=True)
        assert there.stdout.decode().split() == [
            population.held.digest,
            str(population.held.value.everyone.x[3, 0]),
        ], there.stderr
    assert not file.exists()


@pytest.mark.parametrize(
    "function",
    ["return frame.pop('paid').pipe(lambda y: (frame, y))", "return quorate.people(frame, 'paid')"],
)
def test_an_import_path_names_data_or_a_function_of_none(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"data_{abs(hash(function))}"
    code = f"""
        import pandas as pd, quorate
        frame = pd.DataFrame({{"age": range(40), "paid": [0, 1] * 20}})
        def load():
            {function}
    """
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(code))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    population = catalog.build("populations", f"{name}:load")
    assert population.split(np.random.default_rng(0)).train.columns[0].name == "age"


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0, 1]),
        np.array([0.0, 1.0]),
        np.array([False, True]),
        np.array(["0", "1"]),
        pd.Categorical([0, 1]),
        pd.array([0, 1], dtype="Int64"),
    ],
)
@pytest.mark.parametrize("target", [1, 1.0, True, "1", np.int64(1), np.float32(1), np.bool_(True)])
def test_one_label_is_found_however_it_is_written(labels, target: object) -> None:
    frame = pd.DataFrame({"x": range(20), "paid": pd.Series(labels).repeat(10).tolist()})
    frame["paid"] = frame["paid"].astype(pd.Series(labels).dtype)
    table = split(people(frame, label="paid")).train
    from quorate.strategies.planting import Planting

    strategy = catalog.build("strategies", Planting(target=target))  # type: ignore[arg-type]
    assert table.label(strategy.target) == 1
