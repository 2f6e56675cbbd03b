"""A published change is signed: whatever is exchanged or changed afterwards is found."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from quorate.collective.chain import FIRST, Entry, chain
from quorate.collective.publishing.signing import (
    SignedChange,
    digest_of_report,
    public_key_of,
    sign,
    verify_change,
)
from quorate.errors import InputError

KEY = bytes(range(32))
NPZ, REPORT = b"a file", {"gap_closed": 0.5, "é": [1, None]}


def signed() -> tuple[SignedChange, list[Entry]]:
    """Return a signature, and the log of its campaign."""
    first = chain(1, 1.0, "created", {}, FIRST)
    found = sign(KEY, "abc", NPZ, REPORT, first.digest)
    facts = {key: value for key, value in found.to_plain().items() if key != "campaign"}
    return found, [first, chain(2, 2.0, "published", facts, first.digest)]


def test_the_signature_is_that_of_ed25519_over_a_stated_text() -> None:
    found, _ = signed()
    text = (
        'quorate change\n{"campaign":"abc","change":"' + found.change + '",'
        f'"head":"{found.head}","report":"{found.report}"}}'
    )
    key = Ed25519PrivateKey.from_private_bytes(KEY)
    assert bytes.fromhex(found.signature) == key.sign(text.encode())
    assert bytes.fromhex(found.public_key) == key.public_key().public_bytes_raw()
    # RFC 8032, section 7.1, test 1
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert public_key_of(secret) == public


def test_what_was_published_is_verified_after_a_trip_as_json() -> None:
    found, log = signed()
    again = SignedChange.from_plain(json.loads(json.dumps(found.to_plain())))
    report = json.loads(json.dumps(REPORT, indent=2))
    verify_change(NPZ, report, again, public_key_of(KEY).upper(), log)
    assert digest_of_report(report) == again.report


@pytest.mark.parametrize(
    ("npz", "report", "changes", "key", "message"),
    [
        (b"other", REPORT, {}, None, "Expected the change that was signed"),
        (NPZ, {"gap_closed": 0.9}, {}, None, "Expected the report that was signed"),
        (NPZ, REPORT, {"campaign": "abd"}, None, "a signature that fits the change"),
        (NPZ, REPORT, {"head": "1" * 64}, None, "a signature that fits the change"),
        (NPZ, REPORT, {"signature": "0" * 128}, None, "a signature that fits the change"),
        (NPZ, REPORT, {"public_key": "f" * 64}, None, "a signature that fits the change"),
        (NPZ, REPORT, {}, public_key_of(bytes(32)), "signed by the server whose key is"),
    ],
)
def test_whatever_is_exchanged_is_found(
    npz: bytes, report: dict[str, Any], changes: dict[str, str], key: str | None, message: str
) -> None:
    found, _ = signed()
    with pytest.raises(InputError, match=message):
        verify_change(npz, report, replace(found, **changes), key)


def test_a_log_that_publishes_something_else_or_nothing_is_found() -> None:
    found, (first, published) = signed()
    moved = replace(published, previous=FIRST)
    other = replace(published, facts={**published.facts, "report": "0" * 64})
    for log in ([first], [first, moved], [first, other], []):
        with pytest.raises(InputError, match="an entry that publishes this change"):
            verify_change(NPZ, REPORT, found, log=log)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {**signed()[0].to_plain(), "more": 1},
        {**signed()[0].to_plain(), "signature": "x" * 128},
        {**signed()[0].to_plain(), "head": "0" * 63},
        {**signed()[0].to_plain(), "change": 3},
        {**signed()[0].to_plain(), "campaign": 3},
    ],
)
def test_what_is_no_signature_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"Expected .* of a signature|Expected a signature with"):
        SignedChange.from_plain(wrong)
