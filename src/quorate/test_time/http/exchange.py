"""Questions as an API takes them, and its answers as the library does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quorate.errors import PlatformError
from quorate.printable import one_line, printable
from quorate.table import Probabilities
from quorate.test_time.http.api import API, find, place
from quorate.test_time.platforms.answers import check_answers
from quorate.test_time.platforms.encoding import to_base64, to_png
from quorate.test_time.platforms.platform import Answers, Card, Pixels

LONGEST_NAME = 200  # characters of an id or a class
AXES = {"hwc": (0, 2, 3, 1), "chw": (0, 1, 2, 3)}


def encode(api: API, x: Pixels) -> dict[str, Any]:
    """Return the body of a request about images, (n, c, h, w), as httpx takes it."""
    if api.encoding == "multipart":
        files = [
            (api.image_at, (f"image-{i}.png", to_png(one), "image/png")) for i, one in enumerate(x)
        ]
        return {"files": files, "data": {name: str(value) for name, value in api.extra.items()}}
    images: list[Any]
    if api.encoding == "png-base64":
        images = [api.prefix + to_base64(to_png(one)) for one in x]
    else:
        images = (x[:, 0] if api.layout == "hw" else x.transpose(AXES[api.layout])).tolist()
    return {"json": {**api.extra, **place(api.image_at, images)}}


def read_card(document: Any, url: str) -> Card:
    """Return the card that a quorate platform shows of itself.

    Raises:
        PlatformError: it is no such card.
    """
    plain = document if isinstance(document, dict) else {}
    id_, gives = plain.get("id"), plain.get("gives")
    classes, shape = plain.get("classes"), plain.get("shape")
    fine = (
        _is_name(id_)
        and isinstance(classes, list)
        and all(_is_name(name) for name in classes)
        and 0 < len(classes) == len(set(classes))
        and isinstance(shape, list)
        and [type(axis) for axis in shape] == [int, int, int]
        and min(shape) > 0
        and gives in ("labels", "scores")
    )
    if not fine:
        raise PlatformError(
            f"Expected a model's id, classes, shape and gives from {url}, got "
            f"{one_line(str(document), 80)!r}. For another API, set model_path to nothing, and "
            "classes and shape."
        )
    assert isinstance(shape, list)
    c, h, w = shape
    return Card(
        str(id_), tuple(classes or ()), (c, h, w), "scores" if gives == "scores" else "labels"
    )


def _is_name(value: Any) -> bool:
    """Whether something can be shown as a name: text of some length, without control characters."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and printable(value) == value


def read_answers(api: API, document: Any, n: int, card: Card) -> Answers:
    """Return the answers to n images.

    Raises:
        PlatformError: something is missing, there are not n, or a label is not of the known ones.
    """
    values = find(api.label_at, document)
    if len(values) != n:
        raise PlatformError(
            f"Expected {n} labels at {api.label_at} of the answer, got {len(values)}. Mend that "
            "place in the API's description, or set images_at_once=1."
        )
    labels = np.array(_indices(api, values, card), dtype=np.int64)
    scores = None
    if card.gives == "scores":
        rows = [_scores(row, card) for row in find(api.scores_at, document)]
        if len({len(row) for row in rows}) > 1:
            raise PlatformError(
                f"Expected a score per label, {len(card.classes)}, for each image, got several "
                "lengths. Ask the operator, or leave scores_at out."
            )
        scores = _numbers(rows)
    return check_answers(Answers(labels, scores), n, card)


def _indices(api: API, values: Sequence[Any], card: Card) -> list[int]:
    if api.label_as == "index":
        known: dict[Any, int] = {i: i for i in range(len(card.classes))}
    else:
        known = {name: i for i, name in enumerate(card.classes)}
    kind = int if api.label_as == "index" else str
    outside = [value for value in values if type(value) is not kind or value not in known]
    if outside:
        shown = ", ".join(dict.fromkeys(repr(value)[:40] for value in outside[:8]))
        names = ", ".join(map(repr, list(known)[:20])) + (", ..." if len(known) > 20 else "")
        raise PlatformError(
            f"Expected labels among {names} from {card.id}, got {shown}. Give all its classes, or "
            f"set label_as (now {api.label_as})."
        )
    return [known[value] for value in values]


def _scores(row: Any, card: Card) -> list[Any]:
    if isinstance(row, dict):
        missing = [name for name in card.classes if name not in row]
        if missing:
            raise PlatformError(
                f"Expected a score for every label from {card.id}, got none for "
                f"{', '.join(missing[:8])}. Leave scores_at out to use labels only."
            )
        return [row[name] for name in card.classes]
    if isinstance(row, list):
        return row
    raise PlatformError(
        f"Expected scores as a list or by label from {card.id}, got {str(row)[:40]!r}. Mend "
        "scores_at."
    )


def _numbers(rows: list[list[Any]]) -> Probabilities:
    for row in rows:
        for value in row:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise PlatformError(
                    f"Expected numbers as scores, got {str(value)[:40]!r}. Mend scores_at."
                )
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        raise PlatformError(
            "Expected probabilities as scores, got a number beyond all floats. Ask its operator."
        ) from None
