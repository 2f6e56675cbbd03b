"""The demonstration: two campaigns, played by the operations of real ones; and what members see."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from served_coordinator import Served, served_coordinator

from quorate.collective import chain
from quorate.collective.client.access import Access
from quorate.collective.client.record import Record, check_record, fetch_record
from quorate.collective.demonstration.filling import fill
from quorate.collective.demonstration.loans import STILL_MISSING
from quorate.collective.demonstration.shown import Shown
from quorate.collective.service import campaigns, record
from quorate.errors import InputError

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, tuple[Shown, ...]]]:
    database = tmp_path_factory.mktemp("played") / "coordinator.sqlite"
    shown = fill(str(database), NOW)
    with pytest.raises(InputError, match="Leave --demo out"):
        fill(str(database), NOW)
    with served_coordinator(database) as served:
        yield served, shown


Found = tuple[Served, tuple[Shown, ...]]


def test_a_campaign_of_each_kind_is_as_far_as_it_says(played: Found) -> None:
    served, (loans, digits) = played
    with served.coordinator.database.read() as connection:
        one, other = (campaigns.find(connection, shown.campaign) for shown in (loans, digits))
        logs = [record.entries(connection, shown.campaign) for shown in (loans, digits)]
    assert (one.kind, one.state) == ("training", "open")
    assert one.pledges == one.quorum - STILL_MISSING
    assert one.deadline > NOW
    assert (other.kind, other.state) == ("test", "published")
    for entries in logs:
        assert chain.verify([entry.to_plain() for entry in entries])
        times = [entry.at for entry in entries]
        assert times == sorted(times)
        assert times[-1] <= NOW


def test_a_member_and_an_organiser_are_known(
    played: Found, quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, shown = played
    monkeypatch.chdir(tmp_path)
    for one in shown:
        one.write(served.url, tmp_path)
        lines = one.lines(served.url, tmp_path)
        assert lines[1].endswith(f"{served.url}/c/{one.campaign}/join/{one.token}")
        for role, command in (("organiser", "collective"), ("member", "member")):
            file = one.file(tmp_path, role)
            assert file.stat().st_mode & 0o777 == 0o600
            assert str(file) in "".join(lines)
            code, out, _ = quorate(command, "status", f"--{role}", file, "--json")
            assert (code, json.loads(out)["title"]) == (0, one.title)


@pytest.fixture
def member(played: Found, tmp_path: Path) -> Path:
    """The file of a member of the campaign whose change is published."""
    served, (_, digits) = played
    digits.write(served.url, tmp_path)
    return digits.file(tmp_path, "member")


def test_the_change_is_applied_as_quorate_apply_does(
    member: Path, quorate: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "digit.png"
    levels = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(levels).save(picture)
    words = ("member", "apply", picture, tmp_path / "a.png", "--label", "3", "--member", member)
    code, out, err = quorate(*words, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["change"] == str(member.with_suffix(".npz"))
    code, *_ = quorate("apply", told["change"], picture, tmp_path / "b.png", "--label", "3")
    assert code == 0
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert np.array_equal(np.array(one), np.array(other))
        assert not np.array_equal(np.array(one), levels)
    assert quorate(*words, "--key", told["signed_by"])[0] == 0
    code, _, err = quorate(*words, "--key", "0" * 64)
    assert code == 2
    assert "Expected a change signed by the server whose key is 0000" in err


def test_nothing_is_applied_before_it_is_published(
    played: Found, quorate: Any, tmp_path: Path
) -> None:
    served, (loans, _) = played
    loans.write(served.url, tmp_path)
    member = loans.file(tmp_path, "member")
    words = ("member", "apply", "a.png", "b.png", "--label", "3", "--member", member)
    code, _, err = quorate(*words)
    assert (code, "Expected a published change, got none yet" in err) == (2, True)
    code, _, err = quorate("member", "act", member, tmp_path / "b.csv", "--member", member)
    assert (code, "got one that is open" in err) == (2, True)


def test_a_record_is_kept_and_verified(member: Path, quorate: Any, tmp_path: Path) -> None:
    code, out, _ = quorate("member", "record", tmp_path / "kept", "--member", member, "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["holds"], told["kinds"]["published"]) == (True, 1)
    assert len(told["out"]) == 4
    code, out, _ = quorate("collective", "verify", tmp_path / "kept", "--key", told["signed_by"])
    assert code == 0
    assert f"Signed by the key {told['signed_by']}" in out
    assert quorate("collective", "verify", tmp_path / "kept", "--key", "0" * 64)[0] == 1
    (tmp_path / "kept" / "report.json").unlink()
    assert "together" in quorate("collective", "verify", tmp_path / "kept")[1]


def changed(content: bytes | None, old: str, new: str) -> bytes:
    assert content is not None
    assert content.count(old.encode()) >= 1
    return content.replace(old.encode(), new.encode())


TAMPERED: list[Callable[[Record], Record]] = [
    lambda one: replace(one, change=(one.change or b"") + b"x"),
    lambda one: replace(one, report=changed(one.report, "Digits", "digits")),
    lambda one: replace(one, signature=changed(one.signature, '"head":"', '"head":"0')),
    lambda one: replace(one, signature=b"[]"),
    lambda one: replace(one, signature=None),
    lambda one: replace(one, campaign="another"),
]


def test_whatever_is_exchanged_does_not_hold(played: Found, tmp_path: Path) -> None:
    served, (loans, digits) = played
    whole = fetch_record(Access("member", served.url, digits.campaign))
    assert check_record(whole).holds
    for tamper in TAMPERED:
        found = check_record(tamper(whole))
        assert not found.holds
        assert found.broken.startswith("Expected")
    other = fetch_record(Access("member", served.url, loans.campaign))
    assert check_record(other).holds
    assert not check_record(replace(whole, log=other.log)).holds


def test_the_command_plays_it_and_says_what_opens_it(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: Found
) -> None:
    shown, seen = played[1], []

    def serve(database: str, *_: Any, announce: Callable[[str], list[str]]) -> None:
        seen.append(Path(database))
        print("\n".join(announce("http://127.0.0.1:8000")))

    monkeypatch.setattr("quorate.collective.demonstration.filling.fill", lambda *_: shown)
    monkeypatch.setattr("quorate.collective.serving.serve", serve)
    code, out, _ = quorate("collective", "serve", "--demo")
    assert code == 0
    assert out.startswith("Refused online")
    assert out.count("http://127.0.0.1:8000/c/") == 6
    assert not seen[0].parent.exists()  # a temporary folder
    database = tmp_path / "new" / "demo.sqlite"
    assert quorate("collective", "serve", "--demo", "--database", database)[0] == 0
    assert seen[1] == database
    assert len(list(database.parent.glob("*.json"))) == 4
