"""The platform that a member asks, under a key of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from quorate.collective.client.asking import KEY
from quorate.errors import InputError
from quorate.test_time.http.api import QUORATE_API, read_api
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.http.server import read_keys


def open_platform(
    url: str, api: Path | None, key_file: Path | None, name: str | None, rate: str | None
) -> HTTPPlatform:
    """Return a platform at an address, asked under a member's own key.

    Args:
        url: its address.
        api: file that describes its API; None is that of a quorate platform.
        key_file: file of the key.
        name: of the key, where the file has several.
        rate: questions at most, such as 10/min; None is without end.

    Raises:
        InputError: a file cannot be used, or it is not clear which key is the member's.
    """
    if key_file is None:
        raise InputError(
            "Expected your own key for the platform, got none. Write a line with a name and the "
            "secret into a file, and give --key-file FILE."
        )
    keys = read_keys(key_file)
    if name is None and len(keys) == 1:
        (name,) = keys
    if name not in keys:
        got = f"{len(keys)} keys" if name is None else f"none called {name}"
        raise InputError(
            f"Expected your own key in {key_file}, got {got}. Say which is yours: --key NAME, such "
            f"as {next(iter(keys))}."
        )
    spoken = QUORATE_API if api is None else read_api(api)
    if rate is not None:  # which counts questions, not requests
        spoken = replace(spoken, images_at_once=1)
    return HTTPPlatform(url, {KEY: keys[name]}, spoken, rate)
