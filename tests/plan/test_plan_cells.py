"""Counting in cells, against dictionaries of written-out rows."""

import collections
import itertools

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.planning.cells import (
    erasing_counts,
    joint_keys,
    parse_signal,
    signal_codes,
    signal_counts,
)
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members


def random_members(rng: np.random.Generator, n: int, sizes: list[int], k: int = 3) -> Members:
    codes = np.stack([rng.integers(0, size, n) for size in sizes], axis=1).astype(np.int32)
    columns = tuple(
        MemberColumn(f"c{j}", tuple(f"v{v}" for v in range(s))) for j, s in enumerate(sizes)
    )
    labels = rng.integers(0, k, n).astype(np.int32)
    return Members(codes, labels, columns, tuple(f"y{y}" for y in range(k)))


@pytest.mark.parametrize("size", [3, 5000])
def test_keys_are_equal_where_rows_are(size: int) -> None:
    """Twelve columns of 5,000 values are more cells than 64 bits can number."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 3, (400, 12)) * (size // 3)
    codes[200:] = codes[:200]
    keys = joint_keys(codes, [size] * 12)
    rows = {tuple(row): key for row, key in zip(codes.tolist(), keys.tolist(), strict=True)}
    assert [rows[tuple(row)] for row in codes.tolist()] == keys.tolist()
    assert len(set(rows.values())) == len(rows) >= 195
    assert joint_keys(codes[:, :0], []).tolist() == [0] * 400


def test_keys_do_not_wrap_around() -> None:
    """2¹⁶ values in each of five columns: the first one's digit would be worth 2⁶⁴, which is 0."""
    codes = np.array([[0, 1, 1, 1, 1], [1, 1, 1, 1, 1]])
    first, second = joint_keys(codes, [2**16] * 5)
    assert first != second


def test_counts_by_hand() -> None:
    # Columns channel (phone, web) and age (young, old); the signal is channel=web.
    members = Members(
        np.array([[0, 0], [1, 0], [1, 1], [0, 1], [1, 0]], dtype=np.int32),
        np.array([0, 1, 0, 1, 0], dtype=np.int32),
        (MemberColumn("channel", ("phone", "web")), MemberColumn("age", ("young", "old"))),
        ("no", "yes"),
    )
    signal = signal_codes(members, parse_signal("channel=web"))
    assert signal == {0: 1}
    counts = signal_counts(members, signal)
    assert counts.honest.tolist() == [[1, 1], [1, 0]]  # web and young: no, yes; web and old: no
    assert counts.planted.tolist() == counts.weights.tolist() == [3, 2]
    assert (counts.members, counts.signal_cells) == (5, 3)  # and an age that no member has
    assert counts.open_ended
    assert not counts.all_seen
    only = signal_counts(members, signal, planted_by=1)
    assert only.planted.tolist() == [1, 1]
    assert only.weights.tolist() == [3, 2]
    honest, image, cells, signal_cells = erasing_counts(members, signal)
    # Seen: phone-young, phone-old, web-young, web-old; the first two go to the last two.
    assert honest.tolist() == [[1, 0], [0, 1], [1, 1], [1, 0]]
    assert image.tolist() == [2, 3, 2, 3]
    assert (cells, signal_cells) == (9, 3)  # of three values a column, one of them unseen


def test_counts_against_dictionaries() -> None:
    rng = np.random.default_rng(2)
    for _ in range(100):
        sizes = rng.integers(2, 5, 4).tolist()
        members = random_members(rng, int(rng.integers(1, 80)), sizes)
        chosen = rng.choice(4, int(rng.integers(1, 5)), replace=False).tolist()
        signal = {j: int(rng.integers(0, sizes[j] + 1)) for j in chosen}  # perhaps a new value
        rest = [j for j in range(4) if j not in signal]
        moved: collections.Counter = collections.Counter()
        honest: collections.Counter = collections.Counter()
        for row, label in zip(members.codes.tolist(), members.labels.tolist(), strict=True):
            cell = tuple(row[j] for j in rest)
            moved[cell] += 1
            if all(row[j] == code for j, code in signal.items()):
                honest[cell, label] += 1
        counts = signal_counts(members, signal)
        cells = sorted(moved)
        assert counts.weights.tolist() == [moved[cell] for cell in cells]
        assert counts.honest.tolist() == [[honest[cell, y] for y in range(3)] for cell in cells]
        assert counts.signal_cells == np.prod([sizes[j] + 1 for j in rest], dtype=int)
        assert counts.open_ended == bool(rest)


def test_erasing_counts_against_dictionaries() -> None:
    rng = np.random.default_rng(3)
    unseen = 0
    for _ in range(100):
        sizes = rng.integers(2, 4, 3).tolist()
        members = random_members(rng, int(rng.integers(1, 40)), sizes)
        signal = {j: int(rng.integers(0, sizes[j] + 1)) for j in range(int(rng.integers(1, 3)))}
        rows = sorted({tuple(row) for row in members.codes.tolist()})
        image = [tuple(signal.get(j, code) for j, code in enumerate(row)) for row in rows]
        honest, found, cells, signal_cells = erasing_counts(members, signal)
        assert [rows[i] if i >= 0 else None for i in found] == [
            row if row in rows else None for row in image
        ]
        assert honest.sum(axis=1).tolist() == [
            members.codes.tolist().count(list(row)) for row in rows
        ]
        grown = [max(s, signal.get(j, 0) + 1) + 1 for j, s in enumerate(sizes)]
        assert cells == np.prod(grown)
        assert signal_cells == sum(
            all(x[j] == c for j, c in signal.items()) for x in itertools.product(*map(range, grown))
        )
        unseen += (found < 0).any()
    assert unseen > 20


@pytest.mark.parametrize("text", ["", "a", "a=", "=b", "a=1,", "a=1,a=2"])
def test_a_signal_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InputError, match="signal"):
        parse_signal(text)


def test_a_signal_of_unknown_names() -> None:
    members = random_members(np.random.default_rng(0), 5, [2, 2])
    with pytest.raises(InputError, match="Did you mean c0"):
        signal_codes(members, {"cc0": "v0"})
    with pytest.raises(InputError, match="value of column 'c0'"):
        signal_codes(members, {"c0": "v7"})
    assert signal_codes(members, {"c0": "v7"}, new_values=True) == {0: 2}
    with pytest.raises(InputError, match="COLUMN=VALUE"):
        signal_codes(members, {})
