"""The scenario on a law worked by hand, and everything a user can get wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quorate
from quorate import spec
from quorate.errors import DataUnavailableError, InputError
from quorate.executors.serial import SERIAL
from quorate.learners.scikit.forest import Forest
from quorate.report.files import write_result
from quorate.scenarios.privacy.cell import measure_inference
from quorate.scenarios.privacy.result import PrivacyResult
from quorate.scenarios.privacy.scenario import Privacy
from quorate.scenarios.scenario import make_scenario, run_scenario
from quorate.strategies.attribute.contrary import Contrary

pytestmark = pytest.mark.usefixtures("plain_pictures")

# P(a=b | u) = .2, P(a=b | v) = .7, P(v) = .4: π = .4. The label is v, whatever the attribute.
COUNTS = {("u", "a"): 3840, ("u", "b"): 960, ("v", "a"): 960, ("v", "b"): 2240}
TOLERANCE = 6 * (0.25 / 4000) ** 0.5  # 6 standard deviations of a rate of 4,000 people


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of 8,000 people, of whom half are held out."""
    path = tmp_path_factory.mktemp("law") / "people.csv"
    rows = [f"{x},{a},{int(x == 'v')}" for (x, a), n in COUNTS.items() for _ in range(n)]
    path.write_text("\n".join(["x,a,y", *rows]))
    return f"table:path={path},label=y,held_out=0.5"


def run(population: str, **given: Any) -> PrivacyResult:
    settings = {"attribute": "a", "how_many": 1, "seeds": 1, "models": 0, "margin": 0.1}
    made = make_scenario({"name": "privacy", "population": population, **settings, **given})
    result = made.run(None, SERIAL)
    assert isinstance(result, PrivacyResult)
    return result


def row(result: PrivacyResult, **wanted: Any) -> dict[str, Any]:
    (found,) = [r for r in result.rows() if all(r[k] == v for k, v in wanted.items())]
    return found


def test_a_finite_law_by_hand(law: str) -> None:
    """Own answers are at the base rate from α = 1 − 1/(2·.7) = .286 by cancelling, and from
    (.7 − .5)/(.7 − .4) = .667 by randomised claims; one who allows for the base rate is stopped by
    cancelling alone, from 1 − .4/.7 = .429."""
    found = run(law, ways=["cancelling", "randomised"], alphas=[0.2, 0.36, 0.6, 0.74])
    for way, sizes in (("cancelling", (0.36, 0.6, 0.74)), ("randomised", (0.74,))):
        for alpha in (0.0, 0.2, 0.36, 0.6, 0.74):
            hidden = alpha in sizes
            one = row(found, way=way, alpha=alpha, whose="everyone")
            assert one["accuracy"] == pytest.approx(0.6 if hidden else 0.76, abs=TOLERANCE)
            assert one["gain"] == pytest.approx(0 if hidden else 0.16, abs=2 * TOLERANCE)
            assert one["advantage"] == pytest.approx(0 if hidden else 0.5, abs=2 * TOLERANCE)
    for alpha in (0.36, 0.74):  # .28/.4 − .12/.6
        one = row(found, way="randomised", alpha=alpha, whose="everyone")
        assert one["allowing"] == pytest.approx(0.5, abs=2 * TOLERANCE)
    one = row(found, way="cancelling", alpha=0.36, whose="everyone")
    assert one["allowing"] == pytest.approx(0.5, abs=2 * TOLERANCE)
    assert found.critical("cancelling", "everyone").estimate == 0.36
    assert found.critical("randomised", "everyone").estimate == 0.74


def test_a_study_measures_the_same_of_the_same_strategies() -> None:
    """To the bit: a seed's people, members, what they do and what is trained are one."""
    sizes = [0.0, 0.3, 0.7]
    people = "proxies:n=300,held_out=300"
    given = {"attribute": "attribute", "how_many": 3, "margin": 0.3}
    found = run(people, ways=["swapping+cancelling"], alphas=sizes, **given)
    curves = quorate.curve(
        population={"name": "attribute-labels", "population": people},
        strategy="sequence:first=swapping,then=cancelling",
        learner="logistic",
        alphas=sizes,
        seeds=1,
    )
    for outcome in curves.outcomes:
        one = row(found, alpha=outcome.alpha, whose="everyone")
        assert outcome.success == 1 - abs(one["advantage"])
        assert outcome.accuracy == one["accuracy"]


def test_a_lone_member_who_swaps_all_is_unreadable_and_useless(law: str) -> None:
    found = run(law, ways=["swapping"], alphas=[0.3])
    alone = row(found, alpha=0, whose="alone")
    assert alone["advantage"] == pytest.approx(0, abs=2 * TOLERANCE)
    assert row(found, alpha=0, whose="everyone")["advantage"] == pytest.approx(0.5, abs=0.1)
    # the label is x: right for .6² + .4² once x is somebody else's
    assert alone["useful_accuracy"] == pytest.approx(0.52, abs=TOLERANCE)
    assert alone["useful_loss"] == pytest.approx(0.48, abs=2 * TOLERANCE)
    assert row(found, alpha=0.3, whose="everyone")["useful_loss"] == pytest.approx(0, abs=TOLERANCE)


def test_claims_cost_no_useful_accuracy_and_divided_work_leaves_rows(law: str) -> None:
    found = run(law, ways=["cancelling", "cancelling/swapping"], alphas=[0.5])
    for way in ("cancelling", "cancelling/swapping"):
        assert row(found, way=way, alpha=0.5, whose="everyone")["useful_loss"] == 0
    both = [row(found, way=w, alpha=0.5, whose="everyone") for w in found.ways]
    assert both[0]["advantage"] == both[1]["advantage"]


def test_what_is_inferred_is_that_of_a_naive_count() -> None:
    rng = np.random.default_rng(0)
    scores, attribute = rng.dirichlet(np.ones(3), 90), rng.integers(3, size=90)
    base = np.array([0.5, 0.3, 0.2])
    found = measure_inference(scores, base, attribute)
    right, hits = 0, [0, 0, 0]
    for score, a in zip(scores, attribute, strict=True):
        right += int(np.argmax(score)) == a
        hits[a] += int(np.argmax([score[j] / base[j] for j in range(3)])) == a
    assert found.accuracy == pytest.approx(right / 90)
    recalls = [hits[a] / (attribute == a).sum() for a in range(3)]
    assert found.allowing == pytest.approx((np.mean(recalls) - 1 / 3) / (2 / 3))
    assert found.gain == pytest.approx(right / 90 - np.bincount(attribute).max() / 90)


SMALL = {
    "population": "proxies:n=400,held_out=900",
    "ways": "swapping+cancelling",
    "alphas": "0.3",
    "seeds": 2,
    "models": 4,
    "probed": 60,
}


def test_it_runs_to_a_page_and_again_to_the_same(tmp_path: Path) -> None:
    given = {"name": "privacy", **SMALL}
    ran = run_scenario(given, tmp_path)
    page = write_result(ran, tmp_path).read_text()
    assert "Privacy of an attribute: attribute" in page
    assert (tmp_path / "privacy.png").exists()
    plain = json.loads((tmp_path / "results.json").read_text())
    way = plain["ways"]["swapping+cancelling"]
    assert sorted(way) == ["alone", "columns", "everyone", "members"]
    assert len(way["columns"]) >= 3
    aucs = [r["membership_auc"] for r in ran.result.rows() if r["whose"] == "everyone"]
    assert all(0 <= auc <= 1 for auc in aucs)
    whose = {r["whose"] for r in ran.result.rows()}
    assert {"everyone", "members", "alone", "stating members"} <= whose
    assert run_scenario(given).result.to_json() == ran.result.to_json()


def test_text_and_plain_data_are_the_same_scenario() -> None:
    made = make_scenario({"name": "privacy", "learner": "forest", "alphas": "0.2,0.1"})
    assert isinstance(made, Privacy)
    assert made.alphas == (0.0, 0.1, 0.2)
    assert made.learner == Forest()
    assert make_scenario(spec.text(made)) == made
    assert make_scenario(spec.describe(made)) == made


def test_one_claim_for_all_is_a_failed_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Contrary, "claims", lambda _, q, *__: np.zeros(len(q), dtype=np.int64))
    found = run(
        "proxies:n=100,held_out=900", attribute="attribute", ways=["contrary"], alphas=[1.0]
    )
    assert row(found, alpha=1.0)["advantage"] is None
    assert found.to_json()["failed"] == 1
    assert "–" in str(found.tables())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"attribute": "sex"}, "Expected a known column, got 'sex'.*attribute, merit"),
        ({"value": "c"}, "Expected a known value of attribute, got 'c'"),
        ({"alphas": "0.1,1.2"}, r"Expected alpha=1\.2 in \[0, 1\]"),
        ({"alphas": "-0.1"}, r"Expected alpha=-0\.1 in \[0, 1\]"),
        ({"columns": "proxy0,age"}, "Expected a known column, got 'age'"),
        ({"columns": "attribute"}, "Expected columns beside the attribute"),
        ({"how_many": 0}, "Expected how_many=0 to be at least 1"),
        ({"how_many": 10}, "Expected how_many=10 to be at most the 9 columns"),
        ({"ways": "hiding"}, "Expected a known way to hide an attribute, got 'hiding'"),
        ({"ways": ()}, "Expected at least one of ways"),
        ({"seeds": 0}, "Expected seeds=0 to be at least 1"),
        ({"margin": 0}, r"Expected margin=0 in \(0, 1\)"),
        ({"models": 3}, "Expected models=3 to be at least 4"),
        ({"probed": 1}, "Expected probed=1 to be at least 20"),
        ({"learner": "sklearn:estimator=LinearSVC"}, "Expected learners whose models give prob"),
        ({"population": "digits"}, "Expected people with named columns"),
        ({"population": "proxies:held_out=100"}, "Expected at least 77 people held out of every"),
        ({"population": "proxies:rate=0.01"}, "people held out of every value.*of 'b'"),
        ({"alphas": "0.001"}, "Expected at least 20 members.*got 2 at alpha=0.001 of 2000 people"),
        ({"population": "finite", "attribute": "x", "value": "0"}, "Expected columns to infer x"),
    ],
)
def test_a_mistake_is_answered(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_scenario({"name": "privacy", **given})


def test_missing_data_say_where_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUORATE_DATA", raising=False)
    given = {"name": "privacy", "population": "adult", "attribute": "sex"}
    with pytest.raises(DataUnavailableError, match=r"Get it from https://archive\.ics\.uci\.edu"):
        run_scenario(given)
