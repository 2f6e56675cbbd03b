"""People are known again by what is in their rows, in another table or another form."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from quorate.populations.digits import Digits
from quorate.populations.own_table import OwnTable
from quorate.populations.same_people import KnownRows
from quorate.table import Array, Column, Labels, Table

Numbers = npt.NDArray[np.float64]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def plain(x: Array) -> Table:
    return Table(x.astype(np.float32), np.zeros(len(x), np.int64), ("a", "b"))


def naive(people: Table, others: Table) -> list[bool]:
    """Whose row is, byte by byte, one of the others'."""
    rows = {row.tobytes() for row in others.x}
    return [row.tobytes() in rows for row in people.x]


def test_rows_that_are_the_same_byte_by_byte_are_the_same_people() -> None:
    for seed in range(3):
        one, two = (Digits(n=200).split(rng(10 * seed + i)).train for i in range(2))
        found = KnownRows.of(one).among(two).tolist()
        assert found == naive(two, one)
        assert 0 < sum(found) < 200


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x / 2,  # darker
        lambda x: 0.25 + x / 4,  # paler, and brighter
        lambda x: x[:, :, :, ::-1],  # in the mirror
        lambda x: x.transpose(0, 1, 3, 2),  # on its side
    ],
)
def test_a_picture_is_known_in_other_light_and_turned(change: object) -> None:
    people = Digits(n=200).split(rng()).train
    other = dataclasses.replace(people, x=np.ascontiguousarray(change(people.x)))  # type: ignore[operator]
    assert KnownRows.of(other).among(people).all()
    strangers = Digits().split(rng()).held_out  # of the same split: nobody is on both sides
    assert not KnownRows.of(other).among(strangers).any()


def test_features_without_names_are_known_when_standardised_or_in_another_order() -> None:
    x = rng().normal(5, [1, 10, 0.1], size=(300, 3))
    people = plain(x)
    for other in (x[:, ::-1], (x - x.mean(axis=0)) / x.std(axis=0), (3 * x + 7)[:, [2, 0, 1]]):
        # single precision may put a number on the other side of a rounding: 3 of 1,000 expected
        assert KnownRows.of(plain(other)).among(people).sum() >= 295
    assert not KnownRows.of(plain(rng(1).normal(size=(300, 3)))).among(people).any()


def test_sorting_is_left_out_where_different_people_would_look_alike() -> None:
    one, two = plain(np.eye(5)[[0, 1]]), plain(np.eye(5)[[2, 3]])  # one value each, of five
    assert not KnownRows.of(one).among(two).any()


def write(path: Path, rows: list[tuple[float, str, str]], order: tuple[int, ...]) -> OwnTable:
    names = "pay", "job", "label"
    lines = [",".join(names[i] for i in order)]
    lines += [",".join(str(row[i]) for i in order) for row in rows]
    path.write_text("\n".join(lines))
    return OwnTable(path=str(path), label="label")


def test_a_file_is_known_under_another_name_in_part_and_with_columns_moved(tmp_path: Path) -> None:
    draws = rng(2)
    rows = [
        (round(float(draws.lognormal(3, 1)), 2), "ab"[i % 2], "yn"[int(draws.integers(2))])
        for i in range(300)
    ]
    whole = write(tmp_path / "whole.csv", rows, (0, 1, 2)).split(rng()).train
    part = write(tmp_path / "part.csv", rows[:120], (1, 2, 0)).split(rng(5)).train
    pays = {(row[0], row[1]) for row in rows[:120]}
    column = {one.name: one for one in whole.columns}
    pay, job = column["pay"], column["job"]
    decoded = whole.x[:, pay.start] * pay.scale + pay.mean
    of_part = part.x[:, part.column("pay").start] * part.column("pay").scale
    of_part = of_part + part.column("pay").mean
    known = KnownRows.of(part).among(whole)
    jobs = whole.x[:, job.start : job.stop].argmax(axis=1)
    expected = [
        (round(float(p), 2), job.values[j]) in pays
        and bool(np.isclose(of_part, p, atol=1e-3).any())
        for p, j in zip(decoded, jobs, strict=True)
    ]
    assert known.tolist() == expected
    assert 40 < known.sum() < 100  # of the 120, those on both training sides


def test_pictures_and_tables_are_never_the_same() -> None:
    people = Digits(n=50).split(rng()).train
    flat = plain(people.x.reshape(50, -1))
    assert not KnownRows.of(people).among(flat).any()
    assert not KnownRows.of(flat).among(people).any()


def test_renamed_columns_are_compared_where_rows_tell_people_apart() -> None:
    def named(x: Array, *names: str) -> Table:
        columns = tuple(Column(name, j) for j, name in enumerate(names))
        return dataclasses.replace(plain(x), columns=columns)

    fine, coarse = rng().normal(size=(200, 2)), rng().integers(2, size=(200, 2))
    assert KnownRows.of(named(fine, "a", "b")).among(named(fine[50:], "c", "d")).all()
    assert not KnownRows.of(named(coarse, "a", "b")).among(named(coarse, "c", "d")).any()
    assert KnownRows.of(named(coarse, "a", "b")).among(named(coarse, "a", "b")).all()
    moved = named(coarse[:, ::-1], "b", "a")
    assert KnownRows.of(named(coarse, "a", "b")).among(moved).all()


def standardised(raw: Numbers, on: Labels) -> Table:
    """A table of numbers, standardised in single precision on some of its people."""
    x = raw.astype(np.float32)
    mean, scale = x[on].mean(axis=0), x[on].std(axis=0)
    columns = tuple(
        Column(f"c{j}", j, mean=float(mean[j]), scale=float(scale[j])) for j in range(x.shape[1])
    )
    return dataclasses.replace(
        Table((x - mean) / scale, np.zeros(len(x), np.int64), ("a", "b")), columns=columns
    )


@pytest.mark.parametrize(("unit", "middle", "spread"), [(1, 4.2, 2), (0.01, 0.2, 2)])
def test_nobody_far_out_hides_when_another_split_is_standardised_anew(
    unit: float, middle: float, spread: float
) -> None:
    """Single precision errs most for the largest numbers, at 30 deviations from the mean."""
    draws = rng(3)
    raw = np.rint(draws.lognormal(middle, spread, size=(2000, 20)) / unit) * unit
    one, two = (standardised(raw, draws.permutation(2000)[:1500]) for _ in range(2))
    assert KnownRows.of(one).among(two).all()
    stranger = raw + unit * (np.arange(20) == 2)  # one number is one unit larger
    assert not KnownRows.of(one).among(standardised(stranger, np.arange(2000))).any()


def test_numbers_of_any_precision_are_known_but_for_one_in_a_hundred() -> None:
    draws = rng(4)
    raw = draws.normal(5, 2, size=(2000, 20))
    one, two = (standardised(raw, draws.permutation(2000)[:1500]) for _ in range(2))
    assert KnownRows.of(one).among(two).mean() > 0.98  # .91 with one rounding
    assert not KnownRows.of(one).among(standardised(raw + 1e-3, np.arange(2000))).any()
