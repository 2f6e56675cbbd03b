"""Plain data with arrays as bytes, in the format of safetensors: nothing runs when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError

Bytes = npt.NDArray[np.uint8]
MOST_HEADER = 2**27  # bytes of the text at the beginning of a file
TREE = "tree"  # the key of the file's metadata under which the data stand, arrays left out
TYPES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}


class Packing:
    """Turns nested values into plain data, and keeps their arrays by number.

    Args:
        encode: returns what it can turn into a mapping of plain values; None for all else.
    """

    def __init__(self, encode: Callable[[Any], dict[str, Any] | None] = lambda _: None) -> None:
        self._encode = encode
        self.arrays: dict[str, npt.NDArray[Any]] = {}

    def plain(self, value: Any) -> Any:
        """Return a value as plain data; a mapping of one key says what it stands for.

        Raises:
            InputError: it holds something that is no plain data, no array, and not encoded either.
        """
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            name = str(len(self.arrays))
            self.arrays[name] = np.ascontiguousarray(value).reshape(value.shape)
            return {"array": name}
        if isinstance(value, np.bool_ | np.number):
            return value.item()
        if isinstance(value, bytes):
            return {"bytes": value.hex()}
        if isinstance(value, list):
            return [self.plain(one) for one in value]
        if isinstance(value, tuple):
            return {"tuple": [self.plain(one) for one in value]}
        if isinstance(value, Mapping):
            return {"map": [[self.plain(key), self.plain(one)] for key, one in value.items()]}
        encoded = self._encode(value)
        if encoded is None:
            cls = type(value)
            raise InputError(
                f"Expected plain data, arrays and models of quorate or scikit-learn, got "
                f"{cls.__module__}.{cls.__qualname__}. Return a model that is made of these."
            )
        return {key: self.plain(one) for key, one in encoded.items()}


def pack(value: Any, encode: Callable[[Any], dict[str, Any] | None] = lambda _: None) -> bytes:
    """Return plain data with arrays as the bytes of a safetensors file.

    Args:
        value: numbers, text, None, bytes and arrays, in lists, tuples and mappings.
        encode: returns what it can turn into a mapping of such values, of more than one key or of
            a key of its own; None for all else.

    Raises:
        InputError: it holds something else.
    """
    from safetensors.numpy import save

    packing = Packing(encode)
    tree = json.dumps(packing.plain(value), ensure_ascii=False)
    return bytes(save(packing.arrays, {TREE: tree}))


def unpack(content: bytes | Bytes, decode: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Return what ``pack`` has made bytes of. Arrays are views into them, and cannot be changed.

    Args:
        content: the bytes, which may be mapped into memory.
        decode: returns what a mapping, whose values are unpacked, was encoded from.

    Raises:
        ValueError, KeyError, TypeError, IndexError, RecursionError: they are no such bytes.
    """
    raw = np.frombuffer(content, np.uint8) if isinstance(content, bytes) else content
    start = 8 + int.from_bytes(raw[:8].tobytes(), "little")
    if start > MOST_HEADER:
        raise ValueError("a header that is too long")
    header, left = json.loads(raw[8:start].tobytes()), len(raw) - start

    def array(name: str) -> npt.NDArray[Any]:
        nonlocal left
        facts = header[name]
        low, high = facts["data_offsets"]
        left -= high - low  # no byte is read twice, or a small file could become a large model
        if not 0 <= low <= high <= len(raw) - start or left < 0:
            raise ValueError(f"an array {name} that is not all there")
        view: npt.NDArray[Any] = raw[start + low : start + high].view(TYPES[facts["dtype"]])
        return view.reshape(facts["shape"])

    def read(plain: Any) -> Any:
        if isinstance(plain, list):
            return [read(one) for one in plain]
        if not isinstance(plain, dict):
            return plain
        if len(plain) == 1:
            ((kind, value),) = plain.items()
            if kind == "array":
                return array(value)
            if kind == "bytes":
                return bytes.fromhex(value)
            if kind == "tuple":
                return tuple(read(value))
            if kind == "map":
                return {read(key): read(one) for key, one in value}
        if decode is None:
            raise ValueError(f"something that is no plain data: {', '.join(plain)}")
        return decode({key: read(one) for key, one in plain.items()})

    return read(json.loads(header["__metadata__"][TREE]))
