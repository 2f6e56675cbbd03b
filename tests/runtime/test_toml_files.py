"""TOML files as editors save them: with a byte order mark, or in another encoding."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quorate.errors import InputError
from quorate.studies.study import read_study
from quorate.test_time.http.api import read_api
from quorate.test_time.study.settings import read_correction

FILES = [
    (read_study, 'population = "digits"\r\nstrategy = "planting"\r\nlearner = "sgd"\r\n'),
    (read_api, 'model_path = "/model"\n'),
    (read_correction, 'population = "digits"\nsubgroup = "low_light"\nplatform = "sgd"\n'),
]


@pytest.mark.parametrize(("read", "text"), FILES)
def test_a_byte_order_mark_does_not_count(
    read: Callable[[Path], Any], text: str, tmp_path: Path
) -> None:
    for name, encoding in (("with.toml", "utf-8-sig"), ("without.toml", "utf-8")):
        (tmp_path / name).write_bytes(text.encode(encoding))
    assert read(tmp_path / "with.toml") == read(tmp_path / "without.toml")


@pytest.mark.parametrize(("read", "text"), FILES)
@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_another_encoding_is_named(
    read: Callable[[Path], Any], text: str, encoding: str, tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_bytes(f"# é\n{text}".encode(encoding))
    with pytest.raises(InputError, match=r"'utf-8' codec can't decode .*\. Save it as UTF-8\."):
        read(tmp_path / "a.toml")
