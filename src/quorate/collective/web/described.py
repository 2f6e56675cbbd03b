"""How the API describes itself in OpenAPI: what it takes, answers and refuses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from quorate.test_time.http.described import TEXT, WHOLE, record

Schema = dict[str, Any]

REFUSED = {
    400: "the request's head cannot be read",
    401: "no secret was sent that is right",
    403: "the secret is of another role",
    404: "there is no such campaign, or no such thing in it",
    408: "the body takes too long",
    409: "not possible in the state that the campaign is in, or the key was used before",
    413: "the body is too large",
    422: "something is missing, or not as expected",
    429: "too many requests, with Retry-After",
    503: "the coordinator cannot store anything now",
}
NUMBER: Schema = {"type": "number"}
YES: Schema = {"type": "boolean"}
ID: Schema = {"type": "string", "pattern": "^[a-z2-7]{16}$"}
STATE: Schema = {
    "type": "string",
    "enum": ["open", "acting", "crafting", "measuring", "published", "lapsed", "ended"],
}
# Text that is not empty and holds no control character but tabs and ends of lines.
SOME_TEXT: Schema = {
    "type": "string",
    "maxLength": 10_000,
    "pattern": "^[^{0}]*[^{0}\\s][^{0}]*$".format(r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f"),
}
ANY: Schema = {"type": "object"}
HEALTH = record(status={"type": "string", "enum": ["ok"]})
SERVER = record(version=TEXT, public_key=TEXT)
LIVE: dict[str, Schema] = {
    "state": STATE,
    "pledges": WHOLE,
    "quorum": WHOLE,
    "members": WHOLE,
    "deadline": NUMBER,
    "entries": WHOLE,
    "head": TEXT,
}
INVITATION = record(id=ID, cap=WHOLE, used=WHOLE, revoked=YES, created=NUMBER)
PLEDGED: Schema = {
    "type": "object",
    "required": ["pledged", "pledges", "state"],
    "properties": {"pledged": YES, "pledges": WHOLE, "state": STATE, "entry": WHOLE},
}


def answered(
    schema: Schema | None, *statuses: int, media: str = "application/json", status: int = 200
) -> dict[int | str, dict[str, Any]]:
    """Return what an operation answers: its own answer, and the refusals of these statuses."""
    told: dict[int | str, dict[str, Any]] = {
        status: {"description": "as asked", "content": {media: {"schema": schema or {}}}}
    }
    refusal = record(
        error={
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": TEXT, "message": TEXT},
        }
    )
    for one in sorted({*statuses, 429, 503}):
        told[one] = {
            "description": REFUSED[one],
            "content": {"application/json": {"schema": refusal}},
        }
    return told


def many(schema: Schema, most: int | None = None) -> Schema:
    """Return the schema of a list."""
    found: Schema = {"type": "array", "items": schema}
    return found if most is None else {**found, "maxItems": most}


def taken(fields: Mapping[str, Schema], optional: Collection[str] = ()) -> dict[str, Any]:
    """Return what a writing operation takes: the fields of its body, and a key for repeating it."""
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "pattern": "^[!-~]{16,128}$"},
        "description": "random text, new for each request: whoever repeats a request with the same "
        "key gets the first answer, and nothing is done twice",
    }
    told: dict[str, Any] = {"parameters": [key]}
    if fields:
        schema = {
            "type": "object",
            "required": [name for name in fields if name not in optional],
            "properties": dict(fields),
            "additionalProperties": False,
        }
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        told["requestBody"] = body
    return told
