"""What members ask: their photos first, then variants, whoever else is in the collective."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.test_time.extraction.questions import SHADE, key_of, make_questions, photos_per_member


def photos_held(n: int, shape: tuple[int, int, int] = (1, 8, 8), seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, size=(n, *shape), dtype=np.uint8)


def test_photos_first_then_variants_of_them_in_turn() -> None:
    photos = photos_held(6)
    questions = make_questions(photos, members=2, each=3, queries=7, seed=1)
    assert len(questions) == 14
    assert questions.x.shape == (14, 1, 8, 8)
    assert questions.x.dtype == np.uint8
    assert questions.member.tolist() == [0] * 7 + [1] * 7
    assert questions.photo.tolist() == [0, 1, 2, 0, 1, 2, 0, 3, 4, 5, 3, 4, 5, 3]
    assert (questions.x[:3] == photos[:3]).all()
    assert (questions.x[7:10] == photos[3:]).all()
    for j in (3, 4, 5, 6, 10, 11, 12, 13):
        assert (questions.x[j] != photos[questions.photo[j]]).any()
    assert (questions.x[3] != questions.x[6]).any()  # two variants of one photo
    assert questions.keys() == ["member-0001"] * 7 + ["member-0002"] * 7


def test_fewer_queries_than_photos_ask_about_the_first_ones() -> None:
    photos = photos_held(6)
    questions = make_questions(photos, members=2, each=3, queries=2, seed=1)
    assert (questions.x == photos[[0, 1, 3, 4]]).all()
    assert questions.photo.tolist() == [0, 1, 3, 4]


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 9), st.integers(0, 99))
def test_questions_are_nested(members: int, each: int, queries: int, seed: int) -> None:
    photos = photos_held(15)
    before = photos.copy()
    small = make_questions(photos, members, each, queries, seed)
    large = make_questions(photos, members + 1, each, queries + 2, seed)
    assert (photos == before).all()
    assert (
        large.x.reshape(members + 1, queries + 2, 1, 8, 8)[:members, :queries]
        == small.x.reshape(members, queries, 1, 8, 8)
    ).all()
    asked = large.photo.reshape(members + 1, queries + 2)[:members, :queries]
    assert (asked.reshape(-1) == small.photo).all()
    again = make_questions(photos, members, each, queries, seed)
    assert (again.x == small.x).all()


def test_the_seed_decides_the_variants_and_members_differ() -> None:
    photos = np.repeat(photos_held(1), 2, axis=0)
    one, other = (make_questions(photos, 2, 1, 9, seed).x for seed in (0, 1))
    assert (one[[0, 9]] == other[[0, 9]]).all()
    assert (one[1:9] != other[1:9]).any()
    assert (one[1:9] != one[10:]).any()  # two people with the same photo


@given(st.sampled_from([(1, 8, 8), (3, 16, 9), (1, 5, 5)]), st.integers(0, 10**6))
def test_a_variant_is_shifted_mirrored_and_shaded_within_bounds(
    shape: tuple[int, int, int], seed: int
) -> None:
    photos = photos_held(1, shape, seed)
    variants = make_questions(photos, 1, 1, 6, seed).x[1:]
    assert all(is_variant(photos[0].astype(float), variant) for variant in variants)


def is_variant(photo: np.ndarray, variant: np.ndarray) -> bool:
    """Whether some shift by up to an eighth, mirrored (colour alone), has one factor in bounds."""
    c, h, w = photo.shape
    down, right = max(1, h // 8), max(1, w // 8)
    wide = np.pad(photo, ((0, 0), (down,) * 2, (right,) * 2), mode="edge")
    for i in range(2 * down + 1):
        for j in range(2 * right + 1):
            moved = wide[:, i : i + h, j : j + w]
            for image in (moved, moved[:, :, ::-1]) if c > 1 else (moved,):
                if one_factor(image, variant.astype(float)):
                    return True
    return False


def one_factor(image: np.ndarray, variant: np.ndarray) -> bool:
    """Whether variant = round(f·image), cut at 255, for one f in [1 − SHADE, 1 + SHADE]."""
    low, high = 1 - SHADE, 1 + SHADE
    for a, b in zip(image.reshape(-1), variant.reshape(-1), strict=True):
        if a == 0:
            if b != 0:
                return False
            continue
        low = max(low, (b - 0.5) / a)
        high = min(high, np.inf if b == 255 else (b + 0.5) / a)
    return bool(low <= high + 1e-12)  # rounding of the quotients


def test_grey_pictures_are_never_mirrored_and_colour_ones_are_half_the_time() -> None:
    ramp = np.broadcast_to(np.arange(16, dtype=np.uint8) * 12, (1, 1, 16, 16))
    grey = make_questions(np.ascontiguousarray(ramp), 1, 1, 400, 0).x[1:]
    assert (grey[:, 0, 8, 12] > grey[:, 0, 8, 4]).all()
    colour = make_questions(np.repeat(ramp, 3, axis=1), 1, 1, 401, 0).x[1:]
    mirrored = (colour[:, 0, 8, 12] < colour[:, 0, 8, 4]).mean()
    assert 0.35 < mirrored < 0.65  # six standard deviations of 0.025 around a half


def test_how_many_photos_each_member_holds() -> None:
    assert photos_per_member(100, 10, None) == 10
    assert photos_per_member(1000, 10, None) == 10  # no more than ten
    assert photos_per_member(39, 10, None) == 3
    assert photos_per_member(39, 10, 2) == 2
    assert photos_per_member(1000, 10, 50) == 50
    with pytest.raises(InputError, match="Expected 4 photos for each of 10 members, got 39 photos"):
        photos_per_member(39, 10, 4)
    with pytest.raises(InputError, match="Expected 1 photos for each of 10 members, got 9 photos"):
        photos_per_member(9, 10, None)


def test_keys_are_those_that_a_server_makes() -> None:
    from quorate.test_time.http.server import make_keys

    assert [key_of(i) for i in range(12)] == list(make_keys(12))[:-1]
    assert key_of(np.int64(12345)) == "member-12346"
