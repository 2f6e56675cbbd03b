"""Secrets of members and organisers: made once, never stored, compared in constant time.

A secret is ``ID.RANDOM``: the part before the dot finds the row, the part after it is 32 random
bytes. Only the SHA-256 of the whole is stored; with 256 random bits, nothing slower is needed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_SHORT = 10  # bytes of an id: 80 bits cannot be guessed over a network


def new_id() -> str:
    """Return an id that nobody can guess: 16 lower-case letters and digits."""
    return base64.b32encode(secrets.token_bytes(_SHORT)).decode().lower()


def new_nonce() -> str:
    """Return 32 random bytes, in 43 letters that an address can hold."""
    return secrets.token_urlsafe(32)


def derive_secret(server_key: bytes, purpose: str, key: str) -> str:
    """Return the random part of a secret, which is the same whenever a request is repeated.

    So the answer to a repeated request needs no stored secret: whoever repeats it holds the key.

    Args:
        server_key: known to this server alone.
        purpose: what the secret is for, and whose.
        key: the request's idempotency key, a random text that only the sender knows.
    """
    found = hmac.digest(server_key, f"{purpose}\0{key}".encode(), "sha256")
    return base64.urlsafe_b64encode(found).decode().rstrip("=")


def hash_secret(secret: str) -> str:
    """Return what is stored of a secret, or of any text: its SHA-256, 64 hex digits."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def matches(secret: str, stored: str) -> bool:
    """Return whether a secret is the one whose hash is stored, in constant time."""
    return hmac.compare_digest(hash_secret(secret), stored)


def id_of(secret: str) -> str:
    """Return the part of a secret that finds its row; empty if there is none.

    >>> id_of("abc.def"), id_of("abc")
    ('abc', '')
    """
    before, dot, _ = secret.partition(".")
    return before if dot else ""
