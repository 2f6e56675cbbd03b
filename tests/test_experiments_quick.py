"""Two experiments run whole in their quick form, on the real data, from file to verdict."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import quorate
from quorate.errors import InputError
from quorate.findings.experiment import read_experiment
from quorate.findings.kinds.listing import kind_of
from quorate.report.files import write_result

EXPERIMENTS = Path(__file__).resolve().parent.parent / "experiments"


@pytest.mark.parametrize("quick", [False, True], ids=["whole", "quick"])
@pytest.mark.parametrize("file", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda file: file.stem)
def test_what_is_expected_can_be_there_in_both_forms(file: Path, quick: bool) -> None:
    experiment = read_experiment(file, quick)
    assert experiment.quick is quick
    kind_of(experiment.settings).check(experiment)


FILE = """
claim = "It grows."
source = "Ours."
ours = "All."
expected = "It grows."
population = "digits:n=100"
strategy = "planting:size=2"
alphas = "0.1,0.5"
seeds = 3
learner.one = "sgd:epochs=1"
learner.two = "sgd:epochs=2"
{more}
[[expect]]
of = "one"
than = "{than}"
is = "greater"
{aside}

[quick]
{quick}
learner.one = "sgd:epochs=1"
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"than": "two"}, "Expected two to name exactly one curve, got 0"),
        ({"than": "two", "aside": "aside = true"}, "Expected two to name exactly one curve, got 0"),
        (
            {"than": "one", "more": "tune = {learning_rate = [0.1], keep = ['two']}"},
            "Expected a known learner of [tune], got 'two'",
        ),
        (
            {"than": "one", "more": "tune = {learning_rate = [0.1], own = {two = [1]}}"},
            "Expected a known learner of [tune], got 'two'",
        ),
    ],
)
def test_a_quick_form_that_drops_what_is_asked_for_says_so_at_once(
    given: dict[str, str], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    whole = {"more": "", "aside": "", "quick": "", **given}
    file.write_text(FILE.format(**whole))
    experiment = read_experiment(file)
    kind_of(experiment.settings).check(experiment)
    with pytest.raises(InputError) as raised:
        quorate.run(file, tmp_path / "out", quick=True)
    assert said in str(raised.value)
    assert "This is the quick form: name under [quick] what is asked for" in str(raised.value)
    assert not (tmp_path / "out").exists()
    fixed = {
        **whole,
        "quick": 'expect = [{of = "one", measure = "accuracy", at = 0.5, at_least = 0}]',
    }
    fixed["quick"] += "\ntune = {learning_rate = [0.1]}" if whole["more"] else ""
    file.write_text(FILE.format(**fixed))
    experiment = read_experiment(file, quick=True)
    kind_of(experiment.settings).check(experiment)


def test_means_over_seeds_are_compared_with_limits_alone(tmp_path: Path) -> None:
    file = tmp_path / "alone.toml"
    text = (EXPERIMENTS / "ttca-alone.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("at_least = 0.5\n", 'than = { members = 1 }\nis = "greater"\n', 1))
    experiment = read_experiment(file)
    with pytest.raises(InputError, match=r"Expected limits .* of gap_closed_by_pool"):
        kind_of(experiment.settings).check(experiment)


@pytest.mark.parametrize("name", ["erasure", "noisy-labels"])
def test_a_quick_form_runs(
    name: str,
    quorate_data: Path,
    few_rows: Callable[[str, int], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it finds is not asked: the quick form proves nothing; that it finds something is."""
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    if name == "noisy-labels":  # it draws 1,000 people of the 60,000: so many need not be decoded
        few_rows("ylecun/mnist", 2000)
    found = quorate.run(EXPERIMENTS / f"{name}.toml", tmp_path, quick=True)
    page = write_result(found, tmp_path)
    plain = json.loads((tmp_path / "finding.json").read_text(encoding="utf-8"))
    assert plain["quick"] is True
    assert plain["verdict"] in ("holds", "does not hold", "undecided")
    assert all(statement["value"] is not None for statement in plain["statements"])
    assert all(0.5 < curve["accuracy"] <= 1 for curve in plain["curves"])
    assert all((tmp_path / picture).exists() for picture in plain["pictures"])
    assert "curves.png" in plain["pictures"]
    assert plain["claim"].split()[0] in page.read_text(encoding="utf-8")
