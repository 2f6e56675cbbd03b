"""How the served platform describes itself in OpenAPI: what it takes, answers and refuses."""

from __future__ import annotations

from typing import Any

from quorate.test_time.platforms.platform import Card

Schema = dict[str, Any]

ERRORS = {
    400: "the request's head cannot be read",
    401: "no key was sent",
    403: "the key is not known",
    408: "the body takes too long",
    413: "the body is too large, or holds too many images",
    422: "not JSON, or not images of the model's shape",
    429: "rate_limited, with Retry-After; or budget_exhausted, without: spent queries do not come "
    "back",
    500: "the model failed; nothing is counted",
    503: "the server cannot store answers now, or has too many requests",
}
WHOLE: Schema = {"type": "integer", "minimum": 0}
TEXT: Schema = {"type": "string"}


def record(**fields: Schema) -> Schema:
    """Return the schema of an object with these fields and no others."""
    return {
        "type": "object",
        "required": list(fields),
        "properties": fields,
        "additionalProperties": False,
    }


def or_null(schema: Schema) -> Schema:
    """Return the schema of a value that may be missing."""
    return {"anyOf": [schema, {"type": "null"}]}


def described(answer: Schema, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what an operation answers: its own answer, and the errors of these statuses."""
    error = record(
        error={
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": TEXT, "message": TEXT},
        }
    )
    told: dict[int | str, dict[str, Any]] = {200: _content("as asked", answer)}
    for status in statuses:
        told[status] = _content(ERRORS[status], error)
    if 401 in told:
        told[401]["headers"] = {"WWW-Authenticate": {"schema": TEXT, "required": True}}
    for status in {429, 503} & told.keys():
        told[status]["headers"] = {"Retry-After": {"schema": WHOLE, "description": "seconds"}}
    return told


def _content(what: str, schema: Schema) -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": schema}}}


def health() -> Schema:
    """Return the schema of whether the server is up."""
    return record(status={"type": "string", "enum": ["ok"]})


def meter() -> Schema:
    """Return the schema of a key's meter."""
    return record(key=TEXT, spent=WHOLE, left=or_null(WHOLE), budget=or_null(WHOLE))


def about() -> Schema:
    """Return the schema of what the model takes and gives."""
    return record(
        id=TEXT,
        classes={"type": "array", "items": TEXT},
        shape={"type": "array", "items": {"type": "integer", "minimum": 1}},
        gives={"type": "string", "enum": ["labels", "scores"]},
        images_at_once={"type": "integer", "minimum": 1},
    )


def predicted(card: Card) -> Schema:
    """Return the schema of the answers to images."""
    k = len(card.classes)
    one: dict[str, Schema] = {
        "index": {"type": "integer", "minimum": 0, "maximum": k - 1},
        "label": {"type": "string", "enum": list(card.classes)},
    }
    if card.gives == "scores":
        scores = {"type": "number", "minimum": 0, "maximum": 1.01}  # APIs round theirs
        one["scores"] = {"type": "array", "items": scores, "minItems": k, "maxItems": k}
    return record(
        model=TEXT,
        predictions={"type": "array", "items": record(**one), "minItems": 1},
        usage=meter(),
    )


def json_body(card: Card, images_at_once: int) -> dict[str, Any]:
    """Return the request of images in JSON."""
    image = {
        "type": "string",
        "format": "byte",
        "contentEncoding": "base64",
        "contentMediaType": "image/png",
        "description": f"{_picture(card)}, in base64",
    }
    # Not as maxItems: too many are refused with 413, as a body that is too large, not with 422.
    most = f"at most {images_at_once}"
    images = {"type": "array", "items": image, "minItems": 1, "description": most}
    schema = {"type": "object", "required": ["images"], "properties": {"images": images}}
    return _request("application/json", {"schema": schema})


def form_body(card: Card) -> dict[str, Any]:
    """Return the request of one file in a form."""
    image = {"type": "string", "format": "binary", "description": _picture(card)}
    schema = {"type": "object", "required": ["image"], "properties": {"image": image}}
    encoding = {"image": {"contentType": "image/png"}}
    return _request("multipart/form-data", {"schema": schema, "encoding": encoding})


def _picture(card: Card) -> str:
    c, h, w = card.shape
    return f"PNG, 8 bits, {'grey' if c == 1 else 'RGB'}, {w} wide and {h} high"


def _request(media: str, content: dict[str, Any]) -> dict[str, Any]:
    repeated = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": TEXT,
        "description": "any text: says that the request may be a repeat, so that what the key has "
        "paid for is answered although its budget is spent",
    }
    return {
        "requestBody": {"required": True, "content": {media: content}},
        "parameters": [repeated],
    }
