"""Study files that are none: what is said at the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from quorate.studies.trial import Outcome

STUDY_TOML = "population = 'digits'\nstrategy = 'planting'\nlearner = 'sgd'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a b",
            "Expected {file} to be TOML, got: Expected '=' after a key in a key/value pair (at ",
        ),
        ("a = ", "Expected {file} to be TOML, got: Invalid value (at end of document). Mend that"),
        ("", "Expected a population, got none. Name one; quorate list populations shows them."),
        (
            "population = 'digits'\nlearner = 'sgd'",
            "Expected a strategy, got none. Name one; quorate list strategies shows them.",
        ),
        (
            STUDY_TOML + "alpha = 0.1",
            "Expected a known key of a study, got 'alpha'. Did you mean alphas? Known: alphas, ",
        ),
        (
            "[study]\n" + STUDY_TOML,
            "Expected a known key of a study, got 'study'. Known: alphas, collective, eps, ",
        ),
        (
            STUDY_TOML.replace("'sgd'", "['sgd', 'sgdd']"),
            "Expected a known learner, got 'sgdd'. Did you mean sgd? Known: ",
        ),
        (
            STUDY_TOML.replace("'sgd'", "{name = 'sgd', epochs = 'x'}"),
            "Expected epochs to be a whole number, got 'x'. Write epochs=VALUE with such a value.",
        ),
        (
            STUDY_TOML.replace("'sgd'", "{epochs = 5}"),
            "Expected learner to be named among its parameters, got none. ",
        ),
        (
            STUDY_TOML.replace("'sgd'", "5"),
            "Expected a method's name or its parameters, got 5. Write name:key=value.",
        ),
        (
            STUDY_TOML.replace("'planting'", "{name = 'planting', signal = 5}"),
            "Expected a method's name or its parameters, got 5. Write name:key=value.",
        ),
        (STUDY_TOML + "alphas = ['x']", "Expected numbers in alphas, got ['x']. Write lo:hi:count"),
        (STUDY_TOML + "alphas = [[0.1]]", "Expected numbers in alphas, got [[0.1]]. Write lo:hi:"),
        (
            STUDY_TOML + "alphas = [0.1, 2]",
            "Expected alpha=2 in [0, 1]. To act with everyone, use ",
        ),
        (STUDY_TOML + "seeds = []", "Expected at least one of seeds, got none. Name one."),
        (
            STUDY_TOML + "seeds = ['a']",
            "Expected seeds to be a whole number, got 'a'. Write seeds=",
        ),
        (
            STUDY_TOML + "seeds = [-1]",
            "Expected seed=-1 to be at least 0. Use a non-negative whole",
        ),
        (
            STUDY_TOML + "seeds = true",
            "Expected seeds to be a number of seeds or a list, got True.",
        ),
        (
            STUDY_TOML + "target = 'high'",
            "Expected target to be a number, got 'high'. Write target",
        ),
        (
            STUDY_TOML + "title = [5]",
            "Expected title to be text, got [5]. Write title=VALUE with such ",
        ),
        (
            STUDY_TOML + "reading = 'x'",
            "Expected a known value of reading, got 'x'. Known: huber, ",
        ),
    ],
)
def test_a_study_file_that_is_none(
    text: str,
    message: str,
    run_refused: Callable[..., str],
    out: Path,
    stored: Callable[[], list[Outcome]],
    tmp_path: Path,
) -> None:
    file = tmp_path / "study.toml"
    file.write_text(text)
    before = stored()
    got = run_refused("run", file, "--out", out, "--json")
    assert got.startswith(message.format(file=file))
    assert stored() == before


def test_a_study_file_that_is_not_there(
    run_refused: Callable[..., str], out: Path, tmp_path: Path
) -> None:
    none = tmp_path / "none.toml"
    assert run_refused("run", none, "--out", out, "--json") == (
        f"Expected a study file at {none}, got: No such file or directory. Give a TOML file."
    )
    assert run_refused("run", tmp_path, "--out", out) == (
        f"Expected a study file at {tmp_path}, got: Is a directory. Give a TOML file."
    )
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    message = run_refused("run", binary, "--out", out)
    assert message.startswith(f"Expected {binary} to be TOML, got: 'utf-8' codec can't decode byte")
