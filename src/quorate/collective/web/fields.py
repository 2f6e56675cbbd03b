"""What a form or a JSON body holds: read within limits, and free of what nothing can store."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import anyio.to_thread

from quorate.collective.secrets import new_nonce
from quorate.printable import one_line
from quorate.test_time.http.bodies import read_body, size_of
from quorate.test_time.http.service import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

FORM_BYTES = 64 * 1024
JSON_BYTES = 64 * 1024
UPLOAD_BYTES = 24 * 1024 * 1024
MOST_TEXT = 10_000  # letters of one text
MOST_FIELDS = 64
MOST_FILES = 512
DEPTH = 24  # of objects and lists within each other
LARGEST = 2**53  # whole numbers that every program reads alike
# Visible ASCII. New secrets follow from it: nobody may hit upon the key of another by chance.
KEY = re.compile(r"[!-~]{16,128}")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, eq=False)
class Fields:
    """What was sent.

    Args:
        values: fields of a form by name, or the object of a JSON body.
        files: uploaded files, name and content, by field.
        key: the request's idempotency key.
    """

    values: Mapping[str, Any]
    key: str
    files: Mapping[str, list[tuple[str, bytes]]] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Return a field's text, without space around it."""
        return str(self.values.get(name, default)).strip()

    def whole(self, name: str, what: str) -> int:
        """Return a field's whole number.

        Raises:
            RefusedError: it is none.
        """
        return int(self._number(name, what, r"[+-]?[0-9][0-9,_ ]*", "a whole number, such as 100"))

    def number(self, name: str, what: str) -> float:
        """Return a field's number.

        Raises:
            RefusedError: it is none.
        """
        return self._number(name, what, r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", "a number, such as 0.5")

    def plain_whole(self, name: str, low: int = -LARGEST, high: int = LARGEST) -> int:
        """Return a whole number of a JSON body, from one limit to another.

        Raises:
            RefusedError: it is none.
        """
        value = self.values.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # 1.0, which JSON holds to be whole
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            between = "" if low == -LARGEST else f" from {low} to {high}"
            raise not_expected(f"a whole number{between}", name, value)
        return value

    def plain_text(self, name: str) -> str:
        """Return a text of a JSON body, which is not empty.

        Raises:
            RefusedError: it is none.
        """
        value = self.values.get(name)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= MOST_TEXT:
            raise not_expected("a text", name, value)
        return value.strip()

    def plain_list(self, name: str, most: int) -> list[Any]:
        """Return a list of a JSON body.

        Raises:
            RefusedError: it is none, or too long.
        """
        value = self.values.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise not_expected(f"a list of at most {most}", name, value)
        return value

    def _number(self, name: str, what: str, form: str, expected: str) -> float:
        text = self.text(name)
        if len(text) > 20 or not re.fullmatch(form, text, re.ASCII):
            got = one_line(text)[:40] or "nothing"
            raise RefusedError(
                422, name, f"Expected {expected}, as {what}, got {got}. Go back and mend it."
            )
        found = float(re.sub("[,_ ]", "", text))
        check_storable(int(found))
        return found


def check_names(
    values: Mapping[str, Any], known: Collection[str], optional: Collection[str]
) -> None:
    """Check that a JSON body has the fields that are taken, and no others.

    Raises:
        RefusedError: one is missing, or unknown.
    """
    strange = [one_line(name)[:40] for name in values if name not in known]
    missing = [name for name in known if name not in values and name not in optional]
    if strange or missing:
        got = f"also {', '.join(strange[:5])}" if strange else f"no {', '.join(missing)}"
        raise RefusedError(
            422,
            "fields",
            f"Expected {', '.join(known) or 'nothing'} in the body, got {got}. /docs says what is "
            "taken.",
        )


def not_expected(expected: str, name: str, value: Any) -> RefusedError:
    """Return the refusal of a JSON body in which a field is missing or not what it should be."""
    got = f"{len(value)} of them" if isinstance(value, list) else one_line(repr(value))[:40]
    return RefusedError(
        422,
        name,
        f"Expected {expected} under {name!r}, got {'nothing' if value is None else got}. "
        "/docs says what is taken.",
    )


async def read_form(request: Request, limit: int = FORM_BYTES) -> Fields:
    """Return the fields and files of a form.

    Raises:
        RefusedError: it is too large, too slow, or no form.
    """
    size_of(request, limit)
    body = await read_body(request, limit)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    files: dict[str, list[tuple[str, bytes]]] = {}
    if kind == "application/x-www-form-urlencoded" or not body:
        try:
            pairs = parse_qsl(
                body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
            )
        except ValueError:
            raise _no_form() from None
        values: dict[str, Any] = dict(pairs)
    elif kind == "multipart/form-data":
        values, files = await _parts(request, body)
    else:
        raise _no_form()
    values = {name: str(value).replace("\r\n", "\n") for name, value in values.items()}
    check_storable(values)
    return Fields(values, key_of(values.pop("key", None)), files)


async def _parts(
    request: Request, body: bytes
) -> tuple[dict[str, str], dict[str, list[tuple[str, bytes]]]]:
    from starlette.datastructures import UploadFile
    from starlette.exceptions import HTTPException
    from starlette.requests import Request as Replayed

    async def once() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    values: dict[str, str] = {}
    files: dict[str, list[tuple[str, bytes]]] = {}
    try:
        async with Replayed(request.scope, once).form(
            max_files=MOST_FILES, max_fields=MOST_FIELDS
        ) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    content = await value.read()
                    if value.filename or content:
                        files.setdefault(name, []).append((value.filename or "", content))
                else:
                    values[name] = value
    except (HTTPException, ValueError, LookupError):
        raise _no_form() from None
    return values, files


async def read_json(request: Request, limit: int = JSON_BYTES) -> Fields:
    """Return the object of a JSON body; an empty body is an empty object.

    Raises:
        RefusedError: it is too large, too slow, or no JSON object.
    """
    size_of(request, limit)
    body = await read_body(request, limit)
    key = key_of(request.headers.get("idempotency-key"))
    if not body.strip():
        return Fields({}, key)
    if len(body) <= JSON_BYTES:
        plain = parse_json(body)
    else:  # which takes seconds, in which others want to be answered
        plain = await anyio.to_thread.run_sync(parse_json, body)
    if not isinstance(plain, dict):
        raise RefusedError(
            422,
            "not_an_object",
            f"Expected one JSON object, got {type(plain).__name__}. Put {{ }} around it.",
        )
    return Fields(plain, key)


def parse_json(body: bytes) -> Any:
    """Return what JSON says.

    Raises:
        RefusedError: it is no JSON, nested too deep, or holds what cannot be stored.
    """
    try:
        plain = json.loads(body, parse_constant=_no_constant)
        check_storable(plain)
    except (ValueError, RecursionError) as error:
        said = one_line(str(error))[:80]
        raise RefusedError(422, "not_json", f"Expected JSON, got: {said}. Mend it.") from None
    return plain


def _no_constant(name: str) -> None:
    raise ValueError(f"{name}, which is no number")


def key_of(key: str | None) -> str:
    """Return an idempotency key; a new one where none was sent.

    Raises:
        RefusedError: it is something else.
    """
    if key is None:
        return new_nonce()
    if not KEY.fullmatch(key):
        raise RefusedError(
            422,
            "bad_key",
            "Expected an Idempotency-Key of 16 to 128 visible ASCII characters, got another one. "
            "Make a random one, such as a UUID, for each request.",
        )
    return key


def check_storable(plain: Any, depth: int = 0) -> None:
    """Check plain data for what a database cannot hold.

    Raises:
        RefusedError: there is such a thing.
    """
    wrong = ""
    if depth > DEPTH:
        wrong = f"lists and objects within each other more than {DEPTH} deep"
    elif isinstance(plain, str):
        wrong = "a control character in a text" if _FORBIDDEN.search(plain) else ""
    elif isinstance(plain, float):
        wrong = "" if math.isfinite(plain) else "a number without end"
    elif isinstance(plain, int):
        wrong = "a number that is too large" if abs(plain) > LARGEST else ""
    elif isinstance(plain, dict):
        for name, value in plain.items():
            check_storable(name)
            check_storable(value, depth + 1)
    elif isinstance(plain, list):
        for value in plain:
            check_storable(value, depth + 1)
    if wrong:
        raise RefusedError(
            422, "not_storable", f"Expected plain text and numbers, got {wrong}. Take it out."
        )


def _no_form() -> RefusedError:
    return RefusedError(
        422,
        "not_a_form",
        "Expected the fields of the form on the page, got something else. Open the page again, and "
        "send its form.",
    )
