"""Archives of arrays (.npz) from strangers: unpacked once their sizes and types are known."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError

MOST_BYTES = 2**29  # of all arrays together, unpacked: 512 MiB
MOST_MEMBERS = 64
MEMBER = b"PK\x01\x02"  # begins each line of a ZIP's directory
KINDS = "biufU"  # of arrays: truth values, numbers, text; no objects, which would run code
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
CHUNK = 2**20  # bytes unpacked at once
ENDING = ".npy"


@dataclass(frozen=True)
class ArrayHeader:
    """What an array of an archive says of itself, which its size in the archive agrees with.

    Args:
        shape, dtype: of the array.
        columns_first: whether it is stored in Fortran's order.
        begins: byte of the member at which its values begin.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns_first: bool
    begins: int

    @property
    def bytes(self) -> int:
        """How many bytes its values take."""
        return math.prod(self.shape) * self.dtype.itemsize


class ArrayArchive:
    """An archive of arrays in memory, whose arrays are read one by one.

    Args:
        content: of the file.
        most_bytes: of all arrays together, unpacked.

    Raises:
        ValueError: it is no archive of plain arrays, or unpacks to more. What is damaged raises
            whatever its damage leads to.
    """

    def __init__(self, content: bytes, most_bytes: int = MOST_BYTES) -> None:
        if content.count(MEMBER) > MOST_MEMBERS:
            raise ValueError(f"more than {MOST_MEMBERS} arrays")
        self._zip = zipfile.ZipFile(io.BytesIO(content))
        self._members = {one.filename.removesuffix(ENDING): one for one in self._zip.infolist()}
        if len(self._members) < len(self._zip.infolist()):
            raise ValueError("two arrays of one name")
        if sum(one.file_size for one in self._members.values()) > most_bytes:
            raise ValueError(f"arrays of more than {most_bytes:,} bytes")
        if any(one.compress_type not in PACKED for one in self._members.values()):
            raise ValueError("an unusual compression")

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        return list(self._members)

    def is_whole(self) -> bool:
        """Whether every array has the check sum that it came with."""
        return self._zip.testzip() is None

    @cached_property
    def headers(self) -> Mapping[str, ArrayHeader]:
        """What each array says of itself."""
        return {name: self._header(name) for name in self._members}

    def _header(self, name: str) -> ArrayHeader:
        member = self._members[name]
        with self._zip.open(member) as file:
            version = np.lib.format.read_magic(file)
            if version == (1, 0):
                shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file)
            elif version == (2, 0):
                shape, columns_first, dtype = np.lib.format.read_array_header_2_0(file)
            else:
                raise ValueError(f"the array {name} in an unknown format")
            header = ArrayHeader(shape, dtype, columns_first, file.tell())
        if dtype.kind not in KINDS or min(shape, default=0) < 0:
            raise ValueError(f"the array {name} of type {dtype}")
        if header.begins + header.bytes != member.file_size:
            raise ValueError(f"the array {name} of another size than it says")
        return header

    def read(self, name: str) -> npt.NDArray[Any]:
        """Return one array."""
        header = self.headers[name]
        plain = np.empty(header.bytes, np.uint8)  # as many bytes as the file says
        with self._zip.open(self._members[name]) as file:
            file.read(header.begins)
            _fill(plain, file)
            if file.read(1):  # at its end the check sum is compared
                raise ValueError(f"the array {name} of another size than it says")
        array: npt.NDArray[Any] = np.ndarray(
            header.shape, header.dtype, plain, order="F" if header.columns_first else "C"
        )
        return array


def read_arrays(content: bytes, names: Sequence[str], where: str) -> list[npt.NDArray[Any]]:
    """Return the arrays of an archive by their names; any other it may hold are left alone.

    Raises:
        InputError: it is damaged, lacks one, or holds what is no array of numbers.
    """
    try:
        archive = ArrayArchive(content)
        return [archive.read(name) for name in names]
    except Exception as error:  # a damaged archive raises whatever its damage leads to
        raise InputError(
            f"Expected the arrays {', '.join(names)} in {where}, got a damaged file: "
            f"{str(error).strip().rstrip('.') or type(error).__name__}. Take another copy "
            "of the folder, or run the command again in a new one."
        ) from error


def _fill(into: npt.NDArray[np.uint8], file: IO[bytes]) -> None:
    at = 0
    while at < len(into):
        got = file.read(min(CHUNK, len(into) - at))
        if not got:
            raise ValueError("an array that ends too early")
        into[at : at + len(got)] = np.frombuffer(got, np.uint8)
        at += len(got)
