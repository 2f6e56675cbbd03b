"""How an image API is spoken to: where the key, the image and the answer stand. Data only."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import unquote

from quorate.errors import InputError, PlatformError
from quorate.printable import one_line, printable
from quorate.runtime.files import read_toml
from quorate.test_time.platforms.platform import Card
from quorate.validate import unknown

KeyIn = Literal["header", "query"]
Encoding = Literal["png-base64", "multipart", "pixels"]
Layout = Literal["hwc", "chw", "hw"]
LabelAs = Literal["index", "name"]
CHOICES = {
    "key_in": get_args(KeyIn),
    "encoding": get_args(Encoding),
    "layout": get_args(Layout),
    "label_as": get_args(LabelAs),
}


@dataclass(frozen=True)
class API:
    """An image API. Places in JSON are dotted, ``results.0.label``; ``*`` stands for each image.

    Args:
        predict_path: path beneath the address that images are posted to.
        model_path: where a quorate platform's card is; empty where the API has none, and then
            ``classes`` and ``shape`` are needed.
        key_in, key_name, key_format: the header or query parameter of the key, and its text.
        encoding: png-base64 and pixels go in JSON, multipart is a form with a PNG file.
        image_at: place of the images in JSON, or the form's field.
        prefix: text before the base64, such as data:image/png;base64, (with its comma).
        layout: axes of pixels, values 0 to 255.
        images_at_once: images in one request.
        extra: more fields of the JSON or the form.
        label_at, label_as: place of the label, and whether it is an index or a name.
        scores_at: place of the scores, a list in the order of the classes or a mapping by name;
            empty where there are none.
        exhausted_status, exhausted_code: the answer that says a key's queries are spent for good:
            status, and text that its body holds. Status 402 always says so.
        id, classes, shape: the card, where there is no ``model_path``; id is else the address.
    """

    predict_path: str = "/v1/predict"
    model_path: str = "/v1/model"
    key_in: KeyIn = "header"
    key_name: str = "Authorization"
    key_format: str = "Bearer {key}"
    encoding: Encoding = "png-base64"
    image_at: str = "images.*"
    prefix: str = ""
    layout: Layout = "hwc"
    images_at_once: int = 16
    extra: Mapping[str, Any] = field(default_factory=dict)
    label_at: str = "predictions.*.index"
    label_as: LabelAs = "index"
    scores_at: str = "predictions.*.scores"
    exhausted_status: int = 429
    exhausted_code: str = "budget_exhausted"
    id: str = ""
    classes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        wrong = [*self._wrong_values(), *self._wrong_places()]
        if wrong:
            raise InputError(
                "Expected an API that can be spoken to, got: " + "; ".join(wrong) + ". Mend these."
            )

    def _wrong_values(self) -> list[str]:
        wrong = [
            f"{name}={getattr(self, name)!r} (one of {', '.join(choices)})"
            for name, choices in CHOICES.items()
            if getattr(self, name) not in choices
        ]
        if "{key}" not in self.key_format:
            wrong.append(f"key_format={self.key_format!r} (write {{key}} where the key stands)")
        for name in ("predict_path", "model_path"):
            path = getattr(self, name)
            if (path or name == "predict_path") and not is_path(path):
                wrong.append(f"{name}={path!r} (a path beneath the address, such as /v1/predict)")
        if self.images_at_once < 1:
            wrong.append(f"images_at_once={self.images_at_once} (at least 1)")
        if not self.model_path:
            if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
                wrong.append("classes (two or more distinct names, as there is no model_path)")
            if len(self.shape) != 3 or min(self.shape, default=0) < 1:
                wrong.append("shape ([c, h, w], as there is no model_path)")
            if self.layout == "hw" and self.encoding == "pixels" and self.shape[:1] != (1,):
                wrong.append('layout="hw" (for one channel only)')
        return wrong

    def _wrong_places(self) -> list[str]:
        wrong = []
        many = self.images_at_once > 1
        places = {"label_at": self.label_at, "scores_at": self.scores_at}
        if self.encoding != "multipart":
            places["image_at"] = self.image_at
        for name, place in places.items():
            parts = place.split(".")
            if (not place and name != "scores_at") or (place and "" in parts):
                wrong.append(f"{name}={place!r} (dotted names, such as results.*.label)")
            elif place and (parts.count("*") > 1 or (many and "*" not in parts)):
                wrong.append(f"{name}={place!r} (one * for several images; or images_at_once=1)")
        if not self.image_at:
            wrong.append("image_at='' (the field of the image)")
        return wrong

    def card(self, url: str) -> Card:
        """Return the card of an API that has no page with one."""
        c, h, w = self.shape
        gives: Literal["labels", "scores"] = "scores" if self.scores_at else "labels"
        return Card(self.id or url, self.classes, (c, h, w), gives)


def is_path(text: str) -> bool:
    """Whether text is a path beneath an address, and can lead nowhere else.

    >>> [is_path(text) for text in ("/v1/predict", "https://else.org/", "//else.org/", "/../x")]
    [True, False, False, False]
    """
    plain = text
    for _ in range(3):  # %252e is %2e is a dot
        plain = unquote(plain)
    segments = plain.partition("?")[0].split("/")
    return (
        text.startswith("/")
        and text.isascii()
        and printable(plain) == plain
        and not re.search(r"[\\\s#]", plain)
        and not any(segment in ("", ".", "..") for segment in segments[1:-1])
        and segments[-1] not in (".", "..")
    )


QUORATE_API = API()


def read_api(path: str | Path) -> API:
    """Return the API that a TOML file describes, by the fields of ``API``.

    Raises:
        InputError: the file is not there or is not TOML, or fields are unknown or wrong: all are
            listed.
    """
    plain = read_toml(path, "an API file")
    defaults = {f.name: getattr(QUORATE_API, f.name) for f in dataclasses.fields(API)}
    wrong = [str(unknown("field", name, defaults)) for name in plain.keys() - defaults.keys()]
    for name in plain.keys() & defaults.keys():
        expected = _wrong_type(plain[name], defaults[name], name)
        if expected:
            wrong.append(f"Expected {name} to be {expected}, got {plain[name]!r}.")
    if wrong:
        raise InputError(f"{path}: " + " ".join(sorted(wrong)))
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in plain.items()
    }
    try:
        return API(**values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _wrong_type(value: object, default: object, name: str) -> str:
    """Return what a field should have been, or nothing where it is that."""
    if isinstance(default, tuple):
        kind = int if name == "shape" else str
        fine = isinstance(value, list) and all(type(one) is kind for one in value)
        return "" if fine else f"a list of {'whole numbers' if kind is int else 'texts'}"
    names = {str: "text", int: "a whole number", dict: "a table"}
    return "" if type(value) is type(default) else names[type(default)]


# ------------------------------------------------------------------------------- places in JSON


def place(at: str, values: Sequence[Any]) -> Any:
    """Return JSON with the values at a dotted place.

    >>> place("instances.*.image", ["a", "b"])
    {'instances': [{'image': 'a'}, {'image': 'b'}]}
    >>> place("input.image", ["a"])
    {'input': {'image': 'a'}}
    """
    built: list[Any] = list(values)
    head, star, tail = _parts(at)
    built = [_wrapped(tail, value) for value in built]
    return _wrapped(head, built if star else built[0])


def find(at: str, document: Any) -> list[Any]:
    """Return the values at a dotted place of a JSON document, one for each ``*``.

    >>> find("results.*.label", {"results": [{"label": "cat"}, {"label": "dog"}]})
    ['cat', 'dog']
    >>> find("predictions.0.label", {"predictions": [{"label": "cat"}]})
    ['cat']

    Raises:
        PlatformError: there is nothing in that place.
    """
    head, star, tail = _parts(at)
    top = _followed(head, document, at)
    if not star:
        return [top]
    if not isinstance(top, list):
        raise PlatformError(
            f"Expected a list at {'.'.join(head) or 'the top'} of the answer, got {_shown(top)}. "
            "Mend that place in the API's description."
        )
    return [_followed(tail, one, at) for one in top]


def _parts(at: str) -> tuple[list[str], bool, list[str]]:
    parts = at.split(".")
    if "*" not in parts:
        return parts, False, []
    star = parts.index("*")
    return parts[:star], True, parts[star + 1 :]


def _wrapped(parts: Sequence[str], value: Any) -> Any:
    for part in reversed(parts):
        value = {part: value}
    return value


def _followed(parts: Sequence[str], document: Any, at: str) -> Any:
    for part in parts:
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        elif isinstance(document, dict) and part in document:
            document = document[part]
        else:
            raise PlatformError(
                f"Expected {part!r} of {at} in the answer, got {_shown(document)}. Mend that "
                "place in the API's description, or ask the operator."
            )
    return document


def _shown(document: Any) -> str:
    named = isinstance(document, dict) and len(document) > 0
    text = f"only {', '.join(map(str, document))}" if named else repr(document)
    return one_line(text, 80)
