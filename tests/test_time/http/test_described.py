"""What the server says of itself in OpenAPI is so: requests by the description, right and wrong."""

import base64
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import schemathesis
from hypothesis.extra.numpy import arrays
from parity_platform import SHAPE, Parity

from quorate.test_time.http.app import app
from quorate.test_time.platforms.encoding import to_png

KEYS = {"member-0001": "spent", "member-0002": "slow", "evaluation": "free"}
OPERATIONS = (
    "GET /healthz",
    "GET /v1/model",
    "GET /v1/usage",
    "POST /v1/predict",
    "POST /v1/predict/image",
)
PNG = arrays(np.uint8, SHAPE).map(to_png)  # all that the model takes, which no schema can say
BASE64 = PNG.map(base64.b64encode).map(bytes.decode)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A server's description of itself, whose pictures are real ones."""
    path: Path = tmp_path_factory.mktemp("described") / "platform.ledger"
    schemathesis.openapi.format("byte", BASE64)
    schemathesis.openapi.media_type("image/png", PNG)
    served = app(Parity("scores"), path, KEYS, budget=2)
    strict = schemathesis.Config()  # not that of schemathesis.toml
    return schemathesis.openapi.from_asgi("/openapi.json", served, config=strict)


def test_every_page_is_described(described: schemathesis.BaseSchema) -> None:
    found = [operation.ok().label for operation in described.get_all_operations()]
    assert sorted(found) == sorted(OPERATIONS)


@pytest.mark.parametrize("secret", ["free", "spent", "unknown", None])
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_described(
    described: schemathesis.BaseSchema, label: str, secret: str | None
) -> None:
    """All of schemathesis's checks: status, type, headers and schema of each answer, no 500, ..."""
    method, path = label.split()
    operation = described[path][method]
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    right = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    wrong = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    statuses = set()

    @hypothesis.settings(max_examples=12, database=None, deadline=None, derandomize=True)
    @hypothesis.given(case=right | wrong if method == "POST" else right)
    def hold(case: schemathesis.Case) -> None:
        statuses.add(case.call_and_validate(headers=headers).status_code)

    hold()
    if method == "POST":
        expected = {"free": {200, 422}, "spent": {429}, "unknown": {403}, None: {401}}[secret]
        assert statuses & expected
