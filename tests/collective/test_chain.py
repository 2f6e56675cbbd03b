"""The record of a campaign: whatever is changed in a log is found."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.collective.chain import FIRST, chain, verify
from quorate.errors import InputError


def log(n: int) -> list[dict[str, Any]]:
    """Return a log of n entries, as it is downloaded."""
    entries: list[dict[str, Any]] = []
    previous = FIRST
    for number in range(1, n + 1):
        entry = chain(number, 1.5 * number, "pledged", {"pledges": number, "é": ["x"]}, previous)
        previous = entry.digest
        entries.append(json.loads(json.dumps(entry.to_plain())))
    return entries


def test_a_digest_is_that_of_the_whole_entry() -> None:
    text = '{"at":2.5,"facts":{"a":1},"kind":"pledged","number":1,"previous":"' + FIRST + '"}'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert chain(1, 2.5, "pledged", {"a": 1}, FIRST).digest == expected


@given(st.integers(0, 6))
def test_a_whole_log_is_verified(n: int) -> None:
    assert [entry.to_plain() for entry in verify(log(n))] == log(n)


CHANGES: dict[str, Any] = {
    "number": 9,
    "at": 0.25,
    "kind": "left",
    "facts": {"pledges": 100},
    "previous": "1" * 64,
    "digest": "1" * 64,
}


@given(st.integers(0, 4), st.sampled_from(sorted(CHANGES)))
def test_a_changed_entry_is_named(place: int, key: str) -> None:
    entries = log(5)
    entries[place][key] = CHANGES[key]
    with pytest.raises(InputError, match=f"Expected entry {place + 1} of the log to follow"):
        verify(entries)


@given(st.integers(0, 3), st.integers(0, 3))
def test_entries_that_are_missing_doubled_or_moved_are_found(one: int, other: int) -> None:
    entries = log(5)
    for wrong in (
        entries[:one] + entries[one + 1 :],
        [*entries[: one + 1], *entries[one:]],
        [*entries[1:], entries[0]],
    ):
        with pytest.raises(InputError, match="to follow from those before it"):
            verify(wrong)
    # Whoever changes one entry, and its digest with it, breaks the next.
    entries = log(6)
    changed = chain(one + 1, 0.0, "left", {"other": other}, entries[one]["previous"])
    entries[one] = changed.to_plain()
    with pytest.raises(InputError, match=f"Expected entry {one + 2} of the log"):
        verify(entries)


@pytest.mark.parametrize(
    "wrong",
    [{}, [], 3, None, "text", {**log(1)[0], "number": True}, {**log(1)[0], "more": 1}],
)
def test_what_is_no_entry_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="Expected entry 1 of a log with number, at"):
        verify([wrong])
