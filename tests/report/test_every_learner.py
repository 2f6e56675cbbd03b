"""Every learner of the catalog, from the command line to its report, and what is made of that."""

import csv
import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from quorate import catalog, spec
from quorate.catalog import BUILT_IN, CATALOG
from quorate.report.export import export

QUICK = {
    "epochs": 1,
    "pretrain_epochs": 1,
    "trees": 2,
    "depth": 2,
    "n_estimators": 2,
    "max_iter": 5,
    "batch_size": 30,
    "steps": 1,
    "model": "logistic",
}
INNER = {"coarsened": "learner=tree,step=0.5"}
Command = Callable[..., tuple[int, str, str]]


def words_of(name: str) -> str:
    """Return a learner with parameters that make it quick; those of the learner inside as well."""
    own = spec.parameters(CATALOG["learners"][name])
    given = [f"{key}={value}" for key, value in QUICK.items() if key in own]
    if name in INNER:
        given.append(INNER[name])
    elif "learner" in own:
        given += ["epochs=1", "model=logistic"]
    if "public" in own:
        given += ["public=(unequal:n=60,held_out=30)", "pretraining=(sgd:model=mlp,epochs=1)"]
    return f"{name}:{','.join(given)}" if given else name


ON_PEOPLE = (
    "--population",
    "unequal:n=80,held_out=40",
    "--strategy",
    "planting:signal=columns,x1=3",
)
ON_A_LAW = ("--population", "finite:n=80,held_out=40", "--strategy", "planting:signal=columns,x=3")


@pytest.mark.usefixtures("plain_pictures")
def test_every_learner_has_a_report(quorate: Command, tmp_path: Path) -> None:
    """Through curve, show, page, export and JSON: no learner's record is one too many for them."""
    learners = [words_of(name) for name in BUILT_IN["learners"]]
    for people, some in (
        (ON_PEOPLE, [words for words in learners if not words.startswith("worst-case")]),
        (ON_A_LAW, [words for words in learners if words.startswith("worst-case")]),
    ):
        named = [word for words in some for word in ("--learner", words)]
        out = tmp_path / str(len(some))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that so few steps do not suffice
            code, printed, said = quorate(
                "curve", *people, *named, "--alphas", "0.3", "--seeds", 1, "--out", out, "--json"
            )
        assert code == 0, said
        check(quorate, out, json.loads(printed), {spec.text(build(words)) for words in some})


def build(words: str) -> object:
    return catalog.build("learners", words)


def check(
    quorate: Command, out: Path, found: dict[str, list[dict[str, str]]], texts: set[str]
) -> None:
    """Whatever shows the result shows every learner of it, with a number for every cell."""
    assert {row["learner"] for row in found["cells"]} == texts
    assert all(row["success"] is not None and not row["error"] for row in found["cells"])
    page = (out / "report.html").read_text(encoding="utf-8").replace("<wbr>", "")
    code, shown, said = quorate("show", out)
    assert code == 0, said
    again = json.loads(quorate("show", out, "--json")[1])
    assert again == found
    rows = list(csv.DictReader(io.StringIO(export(out, "csv").decode())))
    assert {row["learner"] for row in rows} == texts
    assert {row["learner"] for row in json.loads(export(out, "json"))} == texts
    assert export(out, "parquet")
    assert export(out, "latex")
    for text in texts:
        assert f"{text.partition(':')[0]}" in shown
        assert text in page
    private = {row["learner"] for row in found["cells"] if row["epsilon"] is not None}
    assert all(f"Privacy of {text}" in page for text in private)
    assert len(texts) == 1 or {"dp-forest", "dp-boosting", "dp-sgd", "dp-adam", "fine-tuned"} <= {
        text.partition(":")[0] for text in private
    }
