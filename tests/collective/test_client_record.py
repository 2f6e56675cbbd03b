"""`quorate collective verify`: a log that was changed anywhere is found out."""

import json
from pathlib import Path
from typing import Any

import pytest
from stub_platform import Asked, http, serving

from quorate.collective.chain import FIRST, chain
from quorate.collective.client.record import Record, check_record


def log() -> list[dict[str, Any]]:
    """Return three entries, the third of which has letters of all kinds."""
    entries, previous = [], FIRST
    for number, kind in enumerate(("created", "pledged", "ended"), start=1):
        entry = chain(number, 1000.5 * number, kind, {"why": "Zoë\u2028", "pledges": 3}, previous)
        entries.append(entry.to_plain())
        previous = entry.digest
    return entries


def written(entries: list[dict[str, Any]]) -> bytes:
    """Return entries as the coordinator sends them."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in entries).encode()


def test_a_whole_log_holds() -> None:
    found = check_record(Record(written(log())))
    assert found.holds
    assert (found.entries, found.head) == (3, log()[2]["digest"])
    assert found.kinds == {"created": 1, "pledged": 1, "ended": 1}


def without(place: int) -> list[dict[str, Any]]:
    entries = log()
    del entries[place]
    return entries


def with_value(place: int, name: str, value: Any) -> list[dict[str, Any]]:
    entries = log()
    entries[place][name] = value
    return entries


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"not JSON\n",
        b"[]\n",
        b'{"number": NaN}\n',
        written(without(0)),
        written(without(1)),
        written([*log(), log()[2]]),
        written([log()[1], log()[0], log()[2]]),
        written(with_value(1, "at", 2001.5)),
        written(with_value(1, "kind", "withdrawn")),
        written(with_value(1, "facts", {"pledges": 4})),
        written(with_value(2, "previous", log()[0]["digest"])),
        written(with_value(0, "number", True)),
        written(log())[:-30],
    ],
)
def test_a_log_that_was_changed_does_not_hold(content: bytes) -> None:
    found = check_record(Record(content))
    assert not found.holds
    assert found.broken.startswith("Expected")


def test_a_log_without_its_end_holds_with_another_digest() -> None:
    """What was cut off is not to be seen in the log: hence the digest that others have kept."""
    found = check_record(Record(written(without(2))))
    assert found.holds
    assert found.head == log()[1]["digest"]


def test_the_command_has_an_exit_code(quorate: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(written(log()))
    code, out, _ = quorate("collective", "verify", tmp_path / "a.jsonl")
    assert code == 0
    assert out.startswith("Holds: 3 entries, each follows from the one before (1 created")
    (tmp_path / "b.jsonl").write_bytes(written(without(1)))
    code, out, _ = quorate("collective", "verify", tmp_path / "b.jsonl", "--json")
    assert code == 1
    assert json.loads(out)["broken"].startswith("Expected entry 2 of the log to follow")
    code, _, err = quorate("collective", "verify", tmp_path / "c.jsonl")
    assert (code, "No such file" in err) == (2, True)


def test_a_log_is_read_from_its_campaign_s_address(quorate: Any) -> None:
    none = http(404, {"error": {"code": "no_change", "message": "Expected a change, got none."}})

    def answer(asked: Asked) -> bytes:
        return http(200, written(log())) if asked.path.endswith("/log") else none

    with serving(answer) as stub:
        code, out, _ = quorate("collective", "verify", f"{stub.url}/c/abc", "--json")
    assert (code, json.loads(out)["entries"]) == (0, 3)
    assert stub.asked[-1].path == "/api/v1/campaigns/abc/log"
    assert "authorization" not in stub.asked[0].headers
