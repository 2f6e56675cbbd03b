"""Archives of arrays: what is no array of numbers or text, or unpacks to much, is refused."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.membership_inference.cell import ARRAYS, MembershipOutcome
from quorate.runs.cell import Record
from quorate.runs.digests import is_whole
from quorate.runtime.archives import ArrayArchive, read_arrays
from quorate.test_time.study.examples import ExamplePictures


def saved(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def packed(members: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def array(shape: tuple[int, ...], dtype: str, size: int) -> bytes:
    """Zeros behind a header that says what they are."""
    buffer = io.BytesIO()
    head = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, head)
    return buffer.getvalue() + bytes(size)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<i2", ">f4", "<f8", "?", "<U5", "|u1"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4), (2, 1, 3)])
def test_arrays_come_back_to_the_bit(shape: tuple[int, ...], dtype: str, order: str) -> None:
    values = np.random.default_rng(0).integers(0, 9, shape)
    given = np.asarray(values.astype(dtype), order=order)  # type: ignore[call-overload]
    (read,) = read_arrays(saved(a=given, b=np.zeros(3)), ("a",), "it")
    assert (read.dtype, read.shape) == (given.dtype, given.shape)
    np.testing.assert_array_equal(read, given)
    assert read.flags.writeable


BOMBS: dict[str, bytes] = {
    "claims more than there is": packed({"a.npy": array((10**9,), "<f8", 100)}),
    "claims more than can be": packed({"a.npy": array((2**62, 2**62), "<f8", 100)}),
    "less than nothing": packed({"a.npy": array((-8,), "<f8", 100)}),
    "objects": packed({"a.npy": array((1,), "|O", 8)}),
    "dates": packed({"a.npy": array((1,), "<M8[s]", 8)}),
    "rows": packed({"a.npy": array((1,), "|V8", 8)}),
    "complex numbers": packed({"a.npy": array((1,), "<c16", 16)}),
    "another kind of packing": packed({"a.npy": array((8,), "|u1", 8)}, zipfile.ZIP_BZIP2),
    "very many": packed({f"{i}.npy": array((8,), "|u1", 8) for i in range(99)}),
    "two of one name": packed({"a.npy": array((8,), "|u1", 8), "a": array((8,), "|u1", 8)}),
    "no array": packed({"a.npy": b"words"}),
    "nothing": b"",
    "words": b"PK words",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_what_is_refused(kind: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"^Expected the arrays a in it, got a damaged file: "):
            read_arrays(BOMBS[kind], ("a",), "it")
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_what_unpacks_to_more_than_is_allowed() -> None:
    zeros = saved(a=np.zeros(10**5, np.uint8))
    assert len(zeros) < 1000
    with pytest.raises(ValueError, match="more than 99,999 bytes"):
        ArrayArchive(zeros, most_bytes=99_999)
    assert ArrayArchive(zeros).read("a").sum() == 0


def test_a_flipped_bit_is_noticed() -> None:
    whole = bytearray(saved(a=np.arange(1000)))
    whole[len(whole) // 2] ^= 1
    assert not is_whole("a.npz", bytes(whole))
    with pytest.raises(InputError, match="got a damaged file"):
        read_arrays(bytes(whole), ("a",), "it")


@pytest.mark.parametrize(
    "read",
    [
        ExamplePictures.from_bytes,
        lambda content: MembershipOutcome.from_record(Record("7", {}, {ARRAYS: content})),
    ],
)
def test_stored_arrays_of_a_stranger_are_refused(read: Callable[[bytes], object]) -> None:
    names = ("person", "y", "x", "average", "phi", "member", "acts")
    for content in (
        b"",
        saved(a=np.zeros(3)),
        packed({f"{name}.npy": array((1,), "|O", 8) for name in names}),
        packed({f"{name}.npy": array((10**12,), "<f8", 8) for name in names}),
    ):
        with pytest.raises(InputError, match="Expected the arrays"):
            read(content)
