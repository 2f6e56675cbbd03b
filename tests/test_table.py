"""Tables of people, their columns, and what a platform receives from them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.table import Column, Submission, Table

AGE = Column("age", 0, mean=40.0, scale=10.0)
CHANNEL = Column("channel", 1, ("phone", "web"))


def people(n: int = 4) -> Table:
    """n people with an age, a channel, labels no and yes in turn, and one group."""
    x = np.zeros((n, 3), np.float32)  # (n, d)
    x[:, 0] = np.arange(n)
    x[:, 1] = 1
    y = np.arange(n) % 2
    return Table(x, y, ("no", "yes"), np.zeros(n, np.int64), ("north",), (AGE, CHANNEL))


# ----------------------------------------------------------------------------------------- columns


def test_a_number_is_encoded_on_the_scale_of_the_table() -> None:
    # (65 - 40) / 10 = 2.5, exact in float32
    assert AGE.encode(65).tolist() == [2.5]
    assert AGE.encode("65").tolist() == [2.5]
    assert AGE.encode(65).dtype == np.float32


def test_a_value_of_an_alphabet_is_one_hot() -> None:
    assert CHANNEL.encode("phone").tolist() == [1, 0]
    assert CHANNEL.encode("web").tolist() == [0, 1]
    assert Column("rooms", 0, ("1", "2")).encode(2).tolist() == [0, 1]


def test_a_column_spans_its_alphabet_or_one_feature() -> None:
    assert (AGE.start, AGE.stop) == (0, 1)
    assert (CHANNEL.start, CHANNEL.stop) == (1, 3)


def test_an_unknown_value_is_answered_with_the_alphabet() -> None:
    message = r"value of column 'channel', got 'wed'. Did you mean web\? Known: phone, web\."
    with pytest.raises(InputError, match=message):
        CHANNEL.encode("wed")


@pytest.mark.parametrize("value", ["old", None, [1], "nan", "inf", float("nan"), 1e300, "-1e300"])
def test_a_value_that_is_no_finite_number_is_refused(value: object) -> None:
    with pytest.raises(
        InputError, match=r"Expected a finite number for column 'age', got .*age=40"
    ):
        AGE.encode(value)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------ tables


def test_a_table_knows_its_size_and_kind() -> None:
    table = people()
    assert (len(table), table.k, table.is_image) == (4, 2, False)
    image = Table(np.zeros((2, 1, 3, 3), np.float32), np.array([0, 1]), ("cat", "dog"))
    assert (len(image), image.k, image.is_image) == (2, 2, True)


def test_take_keeps_the_order_asked_for() -> None:
    table = replace(people(), group=np.array([0, 1, 2, 0]), groups=("a", "b", "c"))
    taken = table.take(np.array([2, 0]))
    assert taken.x[:, 0].tolist() == [2, 0]
    assert taken.y.tolist() == [0, 0]
    assert taken.group is not None
    assert taken.group.tolist() == [2, 0]
    assert (taken.classes, taken.groups, taken.columns) == (
        table.classes,
        table.groups,
        table.columns,
    )


def test_take_by_a_mask_keeps_row_order() -> None:
    assert people().take(np.array([False, True, False, True])).x[:, 0].tolist() == [1, 3]


def test_take_of_people_without_groups_has_none() -> None:
    table = Table(np.zeros((2, 1), np.float32), np.array([0, 0]), ("no",))
    assert table.take(np.array([1])).group is None


def test_a_label_is_found_by_name_and_the_last_is_the_default() -> None:
    table = people()
    assert (table.label("no"), table.label("yes"), table.label(None)) == (0, 1, 1)
    with pytest.raises(InputError, match=r"Expected a known label, got 'Yes'. Did you mean yes"):
        table.label("Yes")


def test_a_column_is_found_by_name() -> None:
    assert people().column("channel") is CHANNEL
    with pytest.raises(
        InputError, match=r"Expected a known column, got 'job'. Known: age, channel"
    ):
        people().column("job")


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), (3, 1, 2, 2, 2)])
def test_features_are_rows_or_images(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"Expected features of shape \(n, d\) or images"):
        Table(np.zeros(shape, np.float32), np.zeros(3, np.int64), ("no",))


@pytest.mark.parametrize("y", [[0], [0, 0, 0], [[0], [0]]])
def test_there_is_one_label_per_person(y: list[int]) -> None:
    with pytest.raises(InputError, match=r"Expected one label per person, \(2,\), got"):
        Table(np.zeros((2, 1), np.float32), np.array(y), ("no",))


def test_there_is_one_group_per_person() -> None:
    with pytest.raises(InputError, match=r"Expected one group per person, \(2,\), got \(1,\)"):
        Table(np.zeros((2, 1), np.float32), np.zeros(2, int), ("no",), np.zeros(1, int), ("a",))


@pytest.mark.parametrize("code", [-1, 2])
def test_a_label_or_group_outside_the_names_is_refused(code: int) -> None:
    x, codes, zeros = np.zeros((2, 1), np.float32), np.array([0, code]), np.zeros(2, np.int64)
    with pytest.raises(InputError, match=r"Expected label indices in \[0, 1\] for the 2 label"):
        Table(x, codes, ("no", "yes"))
    with pytest.raises(InputError, match=r"Expected group indices in \[0, 1\] for the 2 group"):
        Table(x, zeros, ("no",), codes, ("a", "b"))


def test_nobody_is_a_table_too() -> None:
    assert len(people().take(np.zeros(4, bool))) == 0


def test_the_first_nan_is_named_with_its_column_and_row() -> None:
    x = people().x.copy()
    x[2, 1] = np.nan
    x[3, 0] = np.nan
    message = (
        r"Expected finite features, got nan in column 'channel' of row 2 "
        r"\(2 of 4 rows are affected\). Fill or drop these rows first."
    )
    with pytest.raises(InputError, match=message):
        replace(people(), x=x)


def test_a_nan_pixel_is_named_by_its_place() -> None:
    x = np.zeros((2, 1, 2, 2), np.float32)
    x[1, 0, 1, 0] = np.nan
    with pytest.raises(InputError, match=r"got nan in feature \[0, 1, 0\] of row 1 \(1 of 2 rows"):
        Table(x, np.array([0, 0]), ("cat",))


def test_infinities_that_cancel_are_found() -> None:
    x = np.array([[1, np.inf], [1, -np.inf]], np.float32)
    with pytest.raises(InputError, match=r"got inf in feature \[1\] of row 0 \(2 of 2 rows"):
        Table(x, np.array([0, 0]), ("no",))


def test_large_finite_features_are_not_taken_for_infinite() -> None:
    largest = np.finfo(np.float32).max  # a sum in float32 would overflow
    Table(np.full((3, 2), largest, np.float32), np.zeros(3, np.int64), ("no",))


# --------------------------------------------------------------------------- groups of the labels


def birds() -> Table:
    """Land birds and water birds on land and on water: everyone once, then a land bird again."""
    return Table(
        np.arange(5, dtype=np.float32)[:, None],
        np.array([0, 0, 1, 1, 0]),
        ("land", "water"),
        np.array([0, 1, 2, 3, 1]),
        ("land on land", "land on water", "water on land", "water on water"),
        groups_by_label=True,
    )


def test_who_claims_another_label_is_seen_in_its_group_with_their_attribute() -> None:
    claiming = birds().relabelled(np.array([1, 1, 0, 1, 0]))
    assert claiming.y.tolist() == [1, 1, 0, 1, 0]
    assert claiming.group is not None
    assert claiming.group.tolist() == [2, 3, 0, 3, 1]
    assert claiming.x.tolist() == birds().x.tolist()
    assert claiming.groups_by_label
    back = claiming.relabelled(birds().y)
    assert back.group is not None
    assert back.group.tolist() == [0, 1, 2, 3, 1]


def test_three_labels_with_two_attributes() -> None:
    y, names = np.array([2, 0]), ("a0", "a1", "b0", "b1", "c0", "c1")
    table = Table(
        np.zeros((2, 1), np.float32),
        y,
        ("a", "b", "c"),
        np.array([5, 0]),
        names,
        groups_by_label=True,
    )
    claiming = table.relabelled(np.array([1, 2]))
    assert claiming.group is not None
    assert claiming.group.tolist() == [3, 4]  # b1, c0


def test_other_groups_stay_whatever_is_claimed() -> None:
    table = people()
    claiming = table.relabelled(np.array([1, 1, 1, 1]))
    assert claiming.y.tolist() == [1, 1, 1, 1]
    assert claiming.group is table.group
    assert not claiming.groups_by_label
    nobody_knows = replace(table, group=None, groups=())
    assert nobody_knows.relabelled(np.array([1, 1, 1, 1])).group is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.array([1, 0, 1, 1, 0])}, r"got label 'water' in group 'land on land' in row 0"),
        ({"groups": ("a", "b", "c", "d", "e")}, "each of the 2 labels to have as many groups"),
        ({"group": None}, "as many groups as the others, got no groups"),
        ({"group": np.array([0, 1, 2, 3, 4])}, r"Expected group indices in \[0, 3\]"),
    ],
)
def test_groups_that_are_not_of_the_labels(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(birds(), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("y", [np.array([0, 1]), np.array([0, 0, 1, 2, 0])])
def test_labels_that_nobody_can_claim(y: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"one label per person, \(5,\)|label indices in \[0, 1\]"):
        birds().relabelled(y)


def test_the_platform_sees_members_in_the_group_that_they_claim() -> None:
    honest, member = birds(), np.array([True, False, True, False, False])
    changed = honest.take(member).relabelled(np.array([1, 0]))
    mixed = Submission(honest, changed, member).mixed()
    assert mixed.group is not None
    assert mixed.group.tolist() == [2, 1, 0, 3, 1]
    assert mixed.y.tolist() == [1, 0, 0, 1, 0]
    ungrouped = replace(changed, group=None, groups=(), groups_by_label=False)
    with pytest.raises(InputError, match=r"groups of the labels that they claim.*relabelled\(y\)"):
        Submission(honest, ungrouped, member)


# ------------------------------------------------------------------------------------- submissions


def test_a_submission_mixes_changed_rows_in_their_places() -> None:
    honest = Table(
        np.array([[0], [1], [2]], np.float32),
        np.array([0, 0, 1]),
        ("no", "yes"),
        np.array([0, 1, 1]),
        ("a", "b"),
    )
    changed = Table(
        np.array([[10], [12]], np.float32),
        np.array([1, 1]),
        ("no", "yes"),
        np.array([1, 0]),
        ("a", "b"),
    )
    submission = Submission(honest, changed, np.array([True, False, True]))
    mixed = submission.mixed()
    assert mixed.x.ravel().tolist() == [10, 1, 12]
    assert mixed.y.tolist() == [1, 0, 1]
    assert mixed.group is not None
    assert mixed.group.tolist() == [1, 1, 0]
    assert submission.alpha == pytest.approx(2 / 3, abs=1e-15)  # one rounding of a division
    assert honest.x.ravel().tolist() == [0, 1, 2]
    assert honest.y.tolist() == [0, 0, 1]


def test_without_a_collective_the_platform_sees_honest_rows() -> None:
    submission = Submission.without_collective(people())
    assert submission.alpha == 0
    assert len(submission.changed) == 0
    assert submission.mixed() is submission.honest


@pytest.mark.parametrize(
    ("members", "changed"), [([True, True, False, False], 1), ([True], 1), ([False] * 4, 1)]
)
def test_there_is_one_changed_row_per_member(members: list[bool], changed: int) -> None:
    with pytest.raises(
        InputError, match="Expected a membership mask over 4 people and one changed"
    ):
        Submission(people(), people(changed), np.array(members))


@given(st.data())
def test_mixed_agrees_with_a_loop_over_people(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 30))
    member = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    honest = people(n)
    changed = replace(honest, x=honest.x + 100, y=1 - honest.y).take(member)
    mixed = Submission(honest, changed, member).mixed()

    rows, labels, waiting = [], [], list(range(len(changed)))
    for i in range(n):
        source, j = (changed, waiting.pop(0)) if member[i] else (honest, i)
        rows.append(source.x[j].tolist())
        labels.append(int(source.y[j]))
    assert mixed.x.tolist() == rows
    assert mixed.y.tolist() == labels


def test_some_people_of_a_submission() -> None:
    honest = people(5)
    member = np.array([False, True, False, True, True])
    changed = replace(honest.take(member), y=np.array([1, 0, 1]))
    data = Submission(honest, changed, member)
    for rows in (np.array([4, 0, 1]), np.array([True, True, False, False, True])):
        some = data.take(rows)
        np.testing.assert_array_equal(some.mixed().x, data.mixed().take(rows).x)
        np.testing.assert_array_equal(some.mixed().y, data.mixed().take(rows).y)
        np.testing.assert_array_equal(some.member, member[rows])
        np.testing.assert_array_equal(some.honest.y, honest.y[rows])
    # row 4 is the third member, who claims 1; row 1 the first, who claims 1 as well
    assert data.take(np.array([4, 0, 1])).changed.y.tolist() == [1, 1]
    nobody = data.take(np.zeros(5, dtype=bool))
    assert (len(nobody.honest), len(nobody.changed)) == (0, 0)
