"""Whole campaigns from a terminal, against a real coordinator: all that its pages do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity_platform import CLASSES, SHAPE, images, parity
from served_coordinator import Served, served_coordinator
from stub_platform import Asked, http, predictions, serving

from quorate.collective.client.access import Access
from quorate.collective.client.organising import publish, wait_for
from quorate.errors import CoordinatorError

TRAINING = """
title = "Ours"
why = "Because."
quorum = 2
deadline = "9d"

[plan]
kind = "training"
strategy = "planting"
signal = "channel=web"
label = "decision"
target = "yes"
platform_size = 4000
"""
TEST = f"""
title = "Ours"
why = "Because."
quorum = 2
deadline = "9d"

[plan]
kind = "test"
platform = "P"
subgroup = "S"
classes = {list(CLASSES)}
shape = {list(SHAPE)}
queries = 50
epsilon = "8/255"
doubled = 0
"""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.chdir(tmp_path)
    with served_coordinator(tmp_path / "coordinator.sqlite") as found:
        yield found


class Terminal:
    """Runs commands that succeed, and returns what they print as JSON."""

    def __init__(self, quorate: Any) -> None:
        self.quorate = quorate

    def __call__(self, *words: Any) -> Any:
        code, out, err = self.quorate(*words, "--json")
        assert code == 0, err
        assert "SECRET" not in out
        return json.loads(out)

    def fails(self, *words: Any) -> str:
        code, out, err = self.quorate(*words)
        assert (code, out) == (2, "")
        return str(err)


@pytest.fixture
def run(quorate: Any) -> Terminal:
    return Terminal(quorate)


def set_up(run: Terminal, served: Served, text: str, members: int) -> list[tuple[str, Path]]:
    """Set up a campaign with members who have pledged; return the option of each."""
    Path("campaign.toml").write_text(text)
    made = run("collective", "new", "--setup", served.setup, "--file", "campaign.toml")
    assert made["url"] == f"{served.url}/c/{made['campaign']}"
    link = run("collective", "invite", "--cap", members)["link"]
    who = []
    for place in range(members):
        option = ("--member", Path(f"me-{place}.json"))
        run("member", "join", link, *option)
        run("member", "pledge", *option)
        who.append(option)
    return who


def test_a_campaign_at_training_time(served: Served, run: Terminal, tmp_path: Path) -> None:
    first, second = set_up(run, served, TRAINING, 2)
    standing = run("member", "status", *first)
    assert (standing["state"], standing["pledges"], standing["members"]) == ("acting", 2, 2)
    assert "Members act now: quorate member act" in run.quorate("collective", "status")[1]
    assert "after it" in run.fails("member", "withdraw", *first)

    Path("rows.csv").write_bytes(b"channel,decision\r\nphone,no\r\nweb,yes\r\n")
    done = run("member", "act", "rows.csv", "changed.csv", *first)
    assert Path("changed.csv").read_bytes() == b"channel,decision\r\nweb,yes\r\nweb,yes\r\n"
    assert Path("rows.csv").read_bytes() == b"channel,decision\r\nphone,no\r\nweb,yes\r\n"
    assert done["rows"] == 1
    assert "there already" in run.fails("member", "act", "rows.csv", "changed.csv", *first)
    assert run("member", "confirm", "--rows", 1, *first) == {"confirmed": 1, "rows": 1}

    assert run("member", "report", "yes", "no", "YES", *second) == {"reported": 3, "yours": 3}
    assert "Expected yes or no" in run.fails("member", "report", "maybe", *second)
    assert run("collective", "outcomes", "outcomes.csv")["outcomes"] == 1  # the first of the day
    assert run("watch", "outcomes.csv", "--out", "watched")["outcomes"] == 1

    stored = run("member", "me", *second)
    assert len(stored["outcomes"]) == 3
    assert "delete" in run.quorate("member", "me", *second)[1]
    assert "no --yes" in run.fails("member", "delete", *second)
    assert run("member", "delete", "--yes", *second)["deleted"] is True
    assert "Expected the secret of a member" in run.fails("member", "me", *second)
    assert run("member", "status", *first)["members"] == 1

    run("collective", "end", "--reason", "Enough.")
    record = run("member", "record", "campaign", *first)
    assert record["holds"]
    assert record["kinds"]["pledged"] == 2
    assert record["out"] == ["campaign/log.jsonl"]
    verified = run("collective", "verify", "campaign")
    assert run("collective", "verify", "campaign/log.jsonl") == verified
    assert verified["head"] == run("member", "status", *first)["head"]
    assert run("collective", "verify", f"{served.url}/c/{stored['campaign']}") == verified


def test_invitations_are_listed_and_taken_back(served: Served, run: Terminal) -> None:
    set_up(run, served, TRAINING, 1)
    one = run("collective", "invite")
    (unused, used) = run("collective", "invitations")["invitations"]
    assert (used["used"], unused["used"]) == (1, 0)
    assert "used by 0 of 1" in run.quorate("collective", "invitations")[1]
    run("collective", "revoke", one["invitation"])
    said = run.fails("member", "join", one["link"], "--member", "late.json")
    assert "Ask the organiser for a new link" in said
    assert not Path("late.json").exists()


def test_a_campaign_at_test_time_as_far_as_its_pool(served: Served, run: Terminal) -> None:
    who = set_up(run, served, TEST, 2)
    x = images(40)
    np.savez(
        "photos.npz", x=x, y=parity(x), classes=np.array(CLASSES), in_subgroup=np.arange(40) % 3 > 0
    )
    assert run("collective", "questions", "photos.npz") == {"added": 40, "known": 0}
    assert run("collective", "questions", "photos.npz") == {"added": 0, "known": 40}
    Path("key.txt").write_text("mine PLATFORM-KEY\n")
    with serving(predictions) as platform:
        ask = ("member", "ask", "--platform", platform.url, "--key-file", "key.txt")
        assert run(*ask, "--count", 10, *who[0])["answered"] == 10
        answered = [run(*ask, *one)["answered"] for one in who]
    assert 10 + sum(answered) == 40
    with served.coordinator.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT question.label, answer.label FROM answer JOIN question "
            "ON answer.question = question.id"
        ).all()
    assert len(rows) == 40
    assert all(true == said for true, said in rows)
    assert run("collective", "craft")["state"] == "crafting"


def test_strangers_get_a_sentence(served: Served, run: Terminal, tmp_path: Path) -> None:
    (first,) = set_up(run, served, TRAINING, 1)
    kept = json.loads(first[1].read_text())
    first[1].write_text(json.dumps(kept | {"secret": "x" * 16 + ".SECRET"}))
    for words in (("me",), ("pledge",), ("confirm", "--rows", "1"), ("record", "a")):
        code, _, err = run.quorate("member", *words, *first)
        assert "SECRET" not in err
        assert code == (0 if words[0] == "record" else 2)
    assert "organiser" in run.fails("collective", "status", "--organiser", first[1])
    said = run.fails(
        "collective",
        "new",
        "--setup",
        f"{served.url}/new/SECRET",
        "--file",
        "campaign.toml",
        "--organiser",
        "other.json",
    )
    assert "SECRET" not in said
    assert not Path("other.json").exists()


def test_a_folder_of_pictures_or_a_population_is_brought(
    served: Served, run: Terminal, tmp_path: Path
) -> None:
    text = TEST.replace(str(list(CLASSES)), str(list("0123456789"))).replace(
        "[1, 2, 3]", "[1, 8, 8]"
    )
    set_up(run, served, text, 1)
    digits = ("collective", "questions", "--population", "digits", "--subgroup", "low_light")
    assert run(*digits, "--count", 30) == {"added": 30, "known": 0}
    with served.coordinator.database.read() as connection:
        inside = connection.exec_driver_sql("SELECT sum(in_subgroup) FROM question").scalar()
    assert inside == 20
    for words, said in (
        ((), "Expected a folder, a file .npz or --population, got neither"),
        (("missing.npz",), "Expected pictures at missing.npz"),
        (("campaign.toml", "--subgroup", "low_light"), "campaign.toml"),
        (("--population", "digits"), "Expected --subgroup"),
        (("--population", "adult", "--subgroup", "low_light"), "images"),
    ):
        assert said in run.fails("collective", "questions", *words)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["crafting", "crafting", "measuring"], ""),
        (["published"], ""),
        (["crafting", "acting"], "got one that is acting"),
        (["ended"], "got one that is ended"),
    ],
)
def test_who_waits_is_told_how_it_ends(states: list[str], said: str) -> None:
    left, slept = list(states), []
    with serving(lambda _: http(200, {"state": left.pop(0)})) as stub:
        access = Access("organiser", stub.url, "abc", "abc.SECRET")
        if said:
            with pytest.raises(CoordinatorError, match=said):
                wait_for(access, "measuring", "Crafting", slept.append)
        else:
            assert wait_for(access, "measuring", "Crafting", slept.append)["state"] == states[-1]
    assert len(slept) == len(states) - 1


def test_who_publishes_what_is_published_is_told_so() -> None:
    refused = http(409, {"error": {"code": "not_now", "message": "Expected measuring, got else."}})

    def answer(asked: Asked) -> bytes:
        return refused if asked.method == "POST" else http(200, {"state": "published"})

    with serving(answer) as stub:
        told = publish(Access("organiser", stub.url, "abc", "abc.SECRET"))
    assert told == {"state": "published"}
