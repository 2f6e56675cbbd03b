"""Signatures of published changes: Ed25519 over what was published, for whom, and when in the log.

What is signed is the text ``quorate change`` and a line of JSON with sorted keys: the campaign's
id, the SHA-256 of the change's file, that of the report's JSON, and the digest of the last entry
of the campaign's log before the change was published. So a change cannot be passed off as another
campaign's, nor its report exchanged, nor the log's beginning written anew without notice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from quorate.collective import chain
from quorate.errors import InputError
from quorate.printable import one_line

PREFIX = b"quorate change\n"
HEX = {"change": 64, "report": 64, "head": 64, "public_key": 64, "signature": 128}


@dataclass(frozen=True)
class SignedChange:
    """What is signed, and the signature.

    Args:
        campaign: id of the campaign.
        change: SHA-256 of the change's file, 64 hex digits.
        report: SHA-256 of the report's JSON, as ``digest_of_report`` gives it.
        head: digest of the log's last entry before the change was published.
        public_key: of the server, 64 hex digits.
        signature: of all above but the key, 128 hex digits.

    Raises:
        InputError: a field is not of that form.
    """

    campaign: str
    change: str
    report: str
    head: str
    public_key: str
    signature: str

    def __post_init__(self) -> None:
        for name, length in HEX.items():
            value = getattr(self, name)
            if not isinstance(value, str) or len(value) != length or set(value) - set(_DIGITS):
                raise InputError(
                    f"Expected {name} of a signature as {length} hex digits, got "
                    f"{one_line(repr(value), 80)}. Download the signature again."
                )
        if not isinstance(self.campaign, str):
            raise InputError("Expected the campaign of a signature as text, got something else.")

    def to_plain(self) -> dict[str, str]:
        """Return it as plain data."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Any) -> SignedChange:
        """Return what plain data hold.

        Raises:
            InputError: they hold no signature.
        """
        if not isinstance(plain, Mapping) or set(plain) != set(SIGNED):
            raise InputError(
                f"Expected a signature with {', '.join(SIGNED)}, got "
                f"{one_line(json.dumps(plain, default=repr), 80)}. Give the file that the page of "
                "the campaign offers."
            )
        return cls(**plain)

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        signed = {name: getattr(self, name) for name in ("campaign", "change", "report", "head")}
        return PREFIX + json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()


SIGNED = tuple(one.name for one in fields(SignedChange))
_DIGITS = "0123456789abcdef"


def digest_of_file(content: bytes) -> str:
    """Return the SHA-256 of a file, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of_report(report: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a report's JSON with sorted keys and without spaces, 64 hex digits."""
    text = json.dumps(report, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def public_key_of(signing_key: bytes) -> str:
    """Return the public key that belongs to a server's signing key, 64 hex digits.

    >>> public_key_of(bytes(32))[:16]
    '3b6a27bcceb6a42d'
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw().hex()


def sign(
    signing_key: bytes, campaign: str, npz: bytes, report: Mapping[str, Any], head: str
) -> SignedChange:
    """Return the signature of a change that is published.

    Args:
        signing_key: of the server, 32 bytes.
        campaign: id of the campaign.
        npz: the change's file.
        report: its report as plain data.
        head: digest of the log's last entry before the change is published.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    facts = (campaign, digest_of_file(npz), digest_of_report(report), head)
    unsigned = SignedChange(*facts, public_key_of(signing_key), "0" * HEX["signature"])
    key = Ed25519PrivateKey.from_private_bytes(signing_key)
    return SignedChange(*facts, unsigned.public_key, key.sign(unsigned.message).hex())


def verify_change(
    npz: bytes,
    report: Mapping[str, Any],
    signed: SignedChange,
    public_key: str | None = None,
    log: Iterable[chain.Entry] | None = None,
) -> None:
    """Check that a change and its report are those that a server has published.

    Without a public key that was had from elsewhere this shows that nothing was exchanged since,
    not who published it.

    Args:
        npz: the change's file.
        report: its report as plain data.
        signed: the signature.
        public_key: the server's, as it was known before; None takes that of the signature.
        log: the campaign's log, verified; None does not look.

    Raises:
        InputError: something is not as it was signed; the message says what.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    got = {"change": digest_of_file(npz), "report": digest_of_report(report)}
    for name, digest in got.items():
        if digest != getattr(signed, name):
            raise InputError(
                f"Expected the {name} that was signed, with the SHA-256 {getattr(signed, name)}, "
                f"got {digest}. Download it again; if it stays so, do not use the change."
            )
    if public_key is not None and public_key.lower() != signed.public_key:
        raise InputError(
            f"Expected a change signed by the server whose key is {one_line(public_key, 80)}, got "
            f"one by {signed.public_key}. Do not use it."
        )
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
        key.verify(bytes.fromhex(signed.signature), signed.message)
    except (InvalidSignature, ValueError):
        raise InputError(
            "Expected a signature that fits the change, got one that does not. Download it again; "
            "if it stays so, do not use the change."
        ) from None
    if log is not None:
        _check_log(signed, log)


def _check_log(signed: SignedChange, log: Iterable[chain.Entry]) -> None:
    """Raise InputError unless the log says that this change was published, after this head."""
    for entry in log:
        facts = {name: entry.facts.get(name) for name in ("change", "report", "signature")}
        if entry.kind == "published" and facts == {name: getattr(signed, name) for name in facts}:
            if entry.previous == signed.head:
                return
            break
    raise InputError(
        "Expected a log with an entry that publishes this change where it was signed, got one "
        "without. Give the log of the same campaign, downloaded after the change was published."
    )
