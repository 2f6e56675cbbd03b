"""What one person can do alone: searches, run side by side under a hard budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_platform import LinearPlatform

from quorate.catalog import BUILT_IN, CATALOG, build
from quorate.errors import InputError
from quorate.spec import describe, parameters
from quorate.test_time.attacks import hopskipjump
from quorate.test_time.attacks.attack import Attack, Case, Feedback, Search
from quorate.test_time.attacks.boundary import Boundary
from quorate.test_time.attacks.dither import Dither
from quorate.test_time.attacks.hopskipjump import HopSkipJump
from quorate.test_time.attacks.nes import NES
from quorate.test_time.attacks.outcome import AttackOutcome
from quorate.test_time.attacks.simba import SimBA, cosine
from quorate.test_time.attacks.square import Square
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Gives, Pixels

EVERY: tuple[Attack, ...] = (
    *(CATALOG["attacks"][name]() for name in BUILT_IN["attacks"]),
    SimBA(basis="dct"),
    NES(pairs=2),
    HopSkipJump(probes=4),
    Boundary(every=1),
)
SHAPE = (1, 8, 8)


def run(
    attack: Attack,
    platform: LinearPlatform,
    x: Pixels,
    epsilon: int,
    budget: int,
    seed: int = 0,
    starts: Pixels | None = None,
    keys: Sequence[str] | None = None,
) -> AttackOutcome:
    """Everyone's label is 1."""
    meter = Meter(platform, budget, keys or [f"p{i}" for i in range(len(x))])
    y = np.ones(len(x), np.int64)
    return attack.run(meter, x, y, epsilon, np.random.default_rng(seed), starts)


def needs_start(attack: Attack, starts: Pixels) -> Pixels | None:
    return starts if attack.needs_start else None


def misread(
    gives: Gives, n: int, seed: int, epsilon: int, share: float = 1.0
) -> tuple[LinearPlatform, Pixels, Pixels]:
    """Return a platform, n images below its threshold, and n far above it.

    The image nearest to it needs to move by ``share`` of what ε allows.
    """
    rng = np.random.default_rng(seed)
    weights = rng.choice([-2, -1, 1, 2], size=SHAPE)
    near = rng.integers(0, 248, size=SHAPE)
    x = (near + rng.integers(8, size=(n, *SHAPE))).astype(np.uint8)
    levels = (x * weights).sum(axis=(1, 2, 3))
    helps = rng.random(x.shape) < 0.8  # in a fifth of the pixels the start is worse than x
    starts = np.where((weights > 0) == helps, 255, 0).astype(np.uint8)
    read = (starts * weights).sum(axis=(1, 2, 3))
    threshold = min(levels.max() + int(share * epsilon * np.abs(weights).sum()), read.min() - 1)
    assert threshold >= levels.max()
    return LinearPlatform(weights, int(threshold), gives), x, starts


# ---------------------------------------------------------------------------------- every attack


@settings(max_examples=60)
@given(
    st.sampled_from(EVERY),
    st.integers(1, 60),
    st.integers(1, 4),
    st.integers(1, 30),
    st.sampled_from([0.01, 0.1, 0.3, 1.0]),
    st.integers(0, 10**6),
)
def test_budget_epsilon_and_success_are_what_was_asked(
    attack: Attack, budget: int, n: int, epsilon: int, share: float, seed: int
) -> None:
    platform, x, starts = misread(attack.needs, n, seed, epsilon, share)
    before = x.copy()
    meter = Meter(platform, budget, [f"p{i}" for i in range(n)])
    y, rng = np.ones(n, np.int64), np.random.default_rng(seed)
    attempt = attack.run(meter, x, y, epsilon, rng, needs_start(attack, starts))
    assert (x == before).all()
    assert (meter.used <= budget).all()
    for i in range(n):
        questions = platform.asked_by(f"p{i}")
        assert meter.used[i] == attempt.queries[i] == len(questions)  # to the row
        mine = x[i].reshape(-1).tolist()
        near = [max(abs(a - b) for a, b in zip(q, mine, strict=True)) <= epsilon for q in questions]
        read = [np.dot(q, platform.weights.reshape(-1)) > platform.threshold for q in questions]
        found = [a and b for a, b in zip(near, read, strict=True)]
        assert attempt.corrected[i] == any(found)
        if attempt.corrected[i]:
            assert found.index(True) == len(questions) - 1  # who is corrected stops asking
            assert attempt.x_adv[i].reshape(-1).tolist() == questions[-1]
        else:
            assert len(questions) == budget or attack.name == "edits"  # which may run out of them
            assert (attempt.x_adv[i] == x[i]).all()
        if not attack.needs_start:
            assert all(near)


@pytest.mark.parametrize("attack", EVERY, ids=str)
def test_what_a_person_asks_does_not_depend_on_who_stands_beside_them(attack: Attack) -> None:
    platform, x, starts = misread(attack.needs, 5, 3, epsilon=12, share=0.6)
    x[2] = starts[2]  # read right as it is
    keys = list("abcde")
    run(attack, platform, x, 12, 80, 0, needs_start(attack, starts), keys)
    together = {key: platform.asked_by(key) for key in keys}
    assert len(together["c"]) < len(together["a"])  # somebody stopped before the others
    for rows in ([4, 2, 0], [1], [3]):
        platform.asked = []
        some = [keys[i] for i in rows]
        run(attack, platform, x[rows], 12, 80, 0, needs_start(attack, starts[rows]), some)
        assert {key: platform.asked_by(key) for key in some} == {k: together[k] for k in some}


@pytest.mark.parametrize("attack", EVERY, ids=str)
def test_the_seed_decides_and_people_differ(attack: Attack) -> None:
    asked = []
    for seed in (0, 0, 1):
        platform, x, starts = misread(attack.needs, 2, 5, epsilon=8)
        same = np.repeat(x[:1], 2, axis=0)
        run(attack, platform, same, 4, 60, seed, needs_start(attack, starts))
        asked.append(platform.asked_by("p0"))
        assert asked[-1] != platform.asked_by("p1")  # two people of one image
    assert asked[0] == asked[1] != asked[2]


@pytest.mark.parametrize("attack", EVERY, ids=str)
def test_an_attack_survives_as_plain_data(attack: Attack) -> None:
    assert build("attacks", describe(attack)) == attack


@pytest.mark.parametrize("name", BUILT_IN["attacks"])
def test_every_parameter_says_what_it_is(name: str) -> None:
    found = parameters(CATALOG["attacks"][name])
    assert all(field.metadata["help"] for field in found.values())


def test_the_names_are_those_of_the_papers() -> None:
    papers = ["square", "nes", "simba", "hopskipjump", "boundary"]
    assert [*BUILT_IN["attacks"]] == [*papers, "edits"]


@pytest.mark.parametrize("attack", EVERY, ids=str)
def test_nobody_asks_nothing(attack: Attack) -> None:
    platform, x, starts = misread(attack.needs, 1, 0, epsilon=4)
    attempt = run(attack, platform, x[:0], 4, 9, 0, needs_start(attack, starts[:0]))
    assert len(attempt) == 0
    assert not platform.asked
    assert math.isnan(attempt.mean_queries)
    assert np.isnan(attempt.curve([1, 2])).all()


def test_a_spent_budget_asks_nothing_and_a_part_is_used_up() -> None:
    platform, x, _ = misread("scores", 2, 0, epsilon=1)
    platform.threshold = 10**6
    meter = Meter(platform, 5, ["a", "b"])
    meter.ask(np.repeat(x[:1], 7, axis=0), np.array([0, 0, 0, 0, 0, 1, 1]))
    attempt = Square().run(meter, x, np.ones(2, np.int64), 1, np.random.default_rng(0))
    assert attempt.queries.tolist() == [0, 3]
    assert platform.counts == {"a": 5, "b": 5}


@dataclass(frozen=True)
class Boaster(Attack):
    """Asks about the start, which is read right but far away, then spoils what it yielded."""

    name: ClassVar[str] = "boaster"
    needs: ClassVar[Gives] = "labels"
    needs_start: ClassVar[bool] = True

    def search(self, case: Case, rng: np.random.Generator) -> Search:
        assert case.start is not None
        image = case.start.copy()
        reading = yield image
        assert reading.right
        image[:] = case.x
        image[0, 0, 0] += 3
        yield image
        image[:] = 7


def test_a_result_cannot_overstate_itself() -> None:
    weights = np.zeros(SHAPE, np.int64)
    weights[0, 0, 0] = 1
    x = np.full((1, *SHAPE), 10, np.uint8)
    for epsilon, corrected, queries in ((2, False, 2), (3, True, 2)):
        platform = LinearPlatform(weights, 12, "labels")
        attempt = run(Boaster(), platform, x, epsilon, 9, starts=np.full_like(x, 255))
        assert attempt.corrected.tolist() == [corrected]
        assert attempt.queries.tolist() == [queries]  # it ended itself with 7 queries left
        assert attempt.x_adv[0, 0, 0, :2].tolist() == ([13, 10] if corrected else [10, 10])


# ------------------------------------------------------------------------------------ by hand


@pytest.mark.parametrize("seed", range(5))
def test_simba_on_four_pixels(seed: int) -> None:
    # w·x = 40; at best 3·2 + 1·2 + 2·2 more = 52, with the last pixel left as it is
    x = np.full((1, 1, 2, 2), 10, np.uint8)
    platform = LinearPlatform([[[3, -1], [2, 0]]], threshold=60)
    # itself; +; + and −; +; + and −: seven queries in whatever order the pixels come
    attempt = run(SimBA(), platform, x, epsilon=2, budget=7, seed=seed)
    assert attempt.corrected.tolist() == [False]
    asked = platform.asked_by("p0")
    assert asked[0] == [10, 10, 10, 10]
    assert len({tuple(q) for q in asked}) == 7  # no question twice
    best = max(asked, key=lambda q: np.dot(q, [3, -1, 2, 0]))
    assert best[:3] == [12, 8, 12]

    platform = LinearPlatform([[[3, -1], [2, 0]]], threshold=51)
    attempt = run(SimBA(), platform, x, epsilon=2, budget=7, seed=seed)
    assert attempt.corrected.tolist() == [True]
    assert attempt.x_adv[0].reshape(-1).tolist() == [12, 8, 12, 10]


def test_simba_spends_one_query_a_pixel_the_second_time() -> None:
    x = np.full((1, 1, 1, 2), 10, np.uint8)
    platform = LinearPlatform([[[1, 1]]], threshold=10**6)
    run(SimBA(), platform, x, epsilon=1, budget=7)
    asked = platform.asked_by("p0")
    assert asked[2] == [11, 11]  # both went up at once: from now on only down is new
    assert sorted(asked[3:5]) == sorted(asked[5:7]) == [[10 - 1, 11], [11, 10 - 1]]


def test_simba_keeps_to_pixels_that_exist() -> None:
    x = np.array([[[[0, 255]]]], np.uint8)
    platform = LinearPlatform([[[-1, 1]]], threshold=10**6)  # no pixel can get better
    run(SimBA(), platform, x, epsilon=9, budget=5)
    assert {tuple(q) for q in platform.asked_by("p0")} == {(0, 255), (9, 255), (0, 246)}


def test_cosines_are_orthogonal_and_one_at_most() -> None:
    waves = [cosine(4, 6, u, v) for u in range(4) for v in range(6)]
    assert all(np.abs(wave).max() == pytest.approx(1) for wave in waves)
    products = np.array([[(a * b).sum() for a in waves] for b in waves])
    off_diagonal = products[~np.eye(24, dtype=bool)]
    assert np.abs(off_diagonal).max() < 1e-5  # float32
    assert cosine(2, 1, 1, 0)[:, 0].tolist() == [1, -1]


def test_simba_by_cosines_lifts_a_whole_image_at_once() -> None:
    x = np.full((1, *SHAPE), 10, np.uint8)
    platform = LinearPlatform(np.ones(SHAPE, int), threshold=64 * 13)
    attempt = run(SimBA(basis="dct", frequencies=0.1), platform, x, epsilon=4, budget=3)
    assert attempt.queries.tolist() == [2]  # one frequency, the constant one
    assert attempt.x_adv.tolist() == np.full_like(x, 14).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_square_reaches_the_optimum_of_a_linear_model(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.choice([-2, -1, 1, 2], size=(2, 3, 3))
    x = rng.integers(20, 200, size=(1, 2, 3, 3), dtype=np.uint8)
    optimum = (x * weights).sum() + 5 * np.abs(weights).sum()
    attempt = run(
        Square(), LinearPlatform(weights, optimum - 1), x, epsilon=5, budget=1500, seed=seed
    )
    assert attempt.corrected.all()
    assert (attempt.x_adv[0] == x[0] + 5 * np.sign(weights)).all()
    attempt = run(Square(), LinearPlatform(weights, optimum), x, epsilon=5, budget=300)
    assert attempt.queries.tolist() == [300]


def test_square_begins_with_stripes_and_then_sets_squares() -> None:
    x = np.full((1, 3, 8, 8), 100, np.uint8)
    platform = LinearPlatform(np.zeros((3, 8, 8), int), threshold=1)  # nothing helps
    run(Square(), platform, x, epsilon=8, budget=200)
    first, *later = (np.array(q).reshape(3, 8, 8) for q in platform.asked_by("p0"))
    assert set(first.reshape(-1).tolist()) == {92, 108}
    assert (first == first[:, :1]).all()  # each column of each channel is of one value
    for i, question in enumerate(later):
        assert set(question.reshape(-1).tolist()) == {92, 108}
        rows, columns = np.nonzero((question != first).any(axis=0))
        s = Square().side(i, 200, 8, 8)
        assert 1 <= np.ptp(rows) + 1 <= s
        assert 1 <= np.ptp(columns) + 1 <= s


def test_the_schedule_of_squares_by_hand() -> None:
    # √(0.8·64) = 7.2; then p is halved after 10, 50, 200, 500, ... of 10,000 queries
    sides = [Square().side(i, 10_000, 8, 8) for i in (0, 10, 11, 50, 51, 200, 201, 9999)]
    assert sides == [7, 7, 5, 5, 4, 4, 3, 1]
    assert [Square().side(i, 1000, 8, 8) for i in (1, 2, 5, 6)] == [7, 5, 5, 4]
    assert Square(p=1).side(0, 10, 8, 4) == 4  # no larger than the image


def test_nes_follows_the_gradient() -> None:
    rng = np.random.default_rng(0)
    weights = rng.choice([-2, -1, 1, 2], size=SHAPE)
    x = rng.integers(20, 200, size=(3, *SHAPE), dtype=np.uint8)
    reach = 10 * np.abs(weights).sum()
    for share, budget, expected in ((0.6, 1500, True), (1.0, 200, False)):
        attempts = [
            run(
                NES(),
                LinearPlatform(weights, (one * weights).sum() + share * reach),
                one[None],
                epsilon=10,
                budget=budget,
            )
            for one in x
        ]
        assert [bool(a.corrected[0]) for a in attempts] == [expected] * 3


def test_nes_asks_pairs_on_either_side_and_then_the_step() -> None:
    x = np.full((1, *SHAPE), 100, np.uint8)
    platform = LinearPlatform(np.ones(SHAPE, int), threshold=10**6)
    run(NES(pairs=2, sigma=3, step=0.5, momentum=0), platform, x, epsilon=100, budget=5)
    up, down, _, _, step = (np.array(q) - 100 for q in platform.asked_by("p0"))
    assert (up == -down).all()  # nothing is cut off by a ball so large
    assert np.abs(up).max() > 3
    assert set(np.abs(step).tolist()) <= {0, 50}
    assert step.sum() > 0


def test_hopskipjump_tries_the_ball_before_it_bisects() -> None:
    x = np.zeros((1, *SHAPE), np.uint8)
    start = np.full_like(x, 200)
    for epsilon, corrected, queries in ((11, True, 2), (10, False, 300)):
        platform = LinearPlatform(np.ones(SHAPE, int), 10.5 * 64, "labels")
        attempt = run(HopSkipJump(), platform, x, epsilon, 300, starts=start)
        assert attempt.corrected.tolist() == [corrected]
        assert attempt.queries.tolist() == [queries]
        assert platform.asked_by("p0")[1] == [epsilon] * 64


@pytest.mark.parametrize(
    ("probes", "reach", "all_alike"), [(32, 1, False), (16, 300, False), (7, 3, True)]
)
def test_hopskipjump_estimates_the_direction_probe_by_probe(
    probes: int, reach: int, all_alike: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Σ (φ − mean φ) Δ, or Σ φ Δ where all are alike; the mean is exact at 16 and 32 probes."""
    monkeypatch.setattr(hopskipjump, "BLOCK", 5 * 64)  # five probes at once
    rng = np.random.default_rng(probes)
    z = rng.integers(256, size=SHAPE).astype(np.float32)
    z[0, 0] = [0, 0, 1, 2, 253, 254, 255, 255]  # some cannot go that far
    walk = HopSkipJump(probes, reach)._direction(z, Dither(SHAPE, rng), 1, rng)
    asked, said, direction = [next(walk).copy()], [True], None
    while direction is None:
        try:
            asked.append(walk.send(Feedback(said[-1], math.nan, math.nan)).copy())
        except StopIteration as ended:
            direction = ended.value
        else:
            said.append(all_alike or bool(rng.integers(2)))
    assert len(asked) == probes
    phi = [1 if one else -1 for one in said]
    moves = [probe.astype(int) - z.astype(int) for probe in asked]
    for move in moves:
        assert np.isin(move, [np.minimum(reach, 255 - z), -np.minimum(reach, z)]).all()
    mean = 0 if all_alike else sum(phi) / probes
    expected = np.sign(sum((p - mean) * move for p, move in zip(phi, moves, strict=True)))
    assert (direction == expected).all()


def test_boundary_bisects_the_straight_line() -> None:
    x = np.zeros((1, *SHAPE), np.uint8)
    platform = LinearPlatform(np.ones(SHAPE, int), 10.5 * 64, "labels")
    attempt = run(Boundary(), platform, x, 11, 300, starts=np.full_like(x, 200))
    # 200 is read right; 100, 50, 25, 12.5 too; 6.25 and 9.375 not; 10.9375 is, and within 11
    means = [float(np.mean(q)) for q in platform.asked_by("p0")]
    expected = [200, 100, 50, 25, 12.5, 6.25, 9.375, 10.9375]
    assert means == pytest.approx(expected, abs=0.25)  # dithering: s.d. of 64 tosses below 1/16
    assert attempt.corrected.tolist() == [True]


@pytest.mark.parametrize(
    ("attack", "share"), [(HopSkipJump(), 0.8), (HopSkipJump(probes=20), 0.8), (Boundary(), 0.5)]
)
def test_labels_alone_lead_near_the_optimum(attack: Attack, share: float) -> None:
    """The nearest image that is read right is ``share`` of ε away."""
    platform, x, starts = misread("labels", 3, 0, epsilon=10, share=share)
    attempt = run(attack, platform, x, 10, 2500, starts=starts)
    assert attempt.corrected.all()
    assert (attempt.queries > 100).all()  # it was not there from the beginning
    platform.threshold += int((1 - share) * 10 * np.abs(platform.weights).sum()) + 1
    assert not run(attack, platform, x, 10, 300, starts=starts).corrected.any()


@pytest.mark.parametrize("attack", [HopSkipJump(), Boundary()], ids=str)
def test_who_starts_wrong_gives_up_after_one_query(attack: Attack) -> None:
    platform, x, starts = misread("labels", 2, 0, epsilon=4)
    starts[1] = x[1]
    attempt = run(attack, platform, x, 3, 30, starts=starts)
    assert attempt.corrected.tolist() == [False, False]
    assert attempt.queries.tolist() == [30, 1]


def test_dithering_rounds_without_bias_and_keeps_whole_levels() -> None:
    dither = Dither((1, 64, 64), np.random.default_rng(0))
    whole = np.full((1, 64, 64), 7, np.float32)
    assert (dither(whole) == 7).all()
    part = dither(whole + np.float32(0.3))
    assert set(part.reshape(-1).tolist()) == {7, 8}
    assert part.mean() == pytest.approx(7.3, abs=0.04)  # five s.d. of 4096 tosses
    assert (dither(whole + np.float32(0.4)) >= part).all()
    for level in range(256):  # no threshold lifts a whole level to the next
        assert dither(np.full((1, 64, 64), level, np.float32)).max() == level


# ------------------------------------------------------------------------------------- attempts


def test_the_curve_counts_people() -> None:
    attempt = AttackOutcome(
        corrected=np.array([True, False, True, True]),
        queries=np.array([3, 9, 1, 3]),
        x_adv=np.zeros((4, 1, 1, 1), np.uint8),
    )
    assert attempt.mean_queries == pytest.approx(7 / 3)
    assert attempt.curve([0, 1, 2, 3, 9]).tolist() == [0, 0.25, 0.25, 0.75, 0.75]
    nobody = replace(attempt, corrected=np.zeros(4, bool))
    assert math.isnan(nobody.mean_queries)
    assert nobody.curve([9]).tolist() == [0]


# -------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epsilon": 0}, r"Expected epsilon=0 in \[1, 255\]\. A pixel moves"),
        ({"epsilon": -8}, r"Expected epsilon=-8 in \[1, 255\]"),
        ({"epsilon": 8 / 255}, r"Expected epsilon=0\.0313725 in \[1, 255\]"),
        ({"epsilon": 1.5}, r"whole levels of 1/255, got 1\.5\. Use 8 for 8/255"),
        ({"x": np.zeros((2, *SHAPE), np.float32)}, r"Expected 8-bit images of .* got float32"),
        ({"x": np.zeros((2, 1, 4, 4), np.uint8)}, r"shape \(2, 1, 8, 8\), got .* \(2, 1, 4, 4\)"),
        ({"y": np.ones(3, np.int64)}, r"one label and one key per image, 2, got 3 labels and 2"),
        ({"y": np.array([0, 2])}, r"Expected labels in \[0, 1\], got 0 to 2"),
        ({"starts": np.zeros((1, *SHAPE), np.uint8)}, r"got uint8 of shape \(1, 1, 8, 8\)"),
    ],
)
def test_what_cannot_be_searched_is_answered(changed: dict[str, Any], message: str) -> None:
    platform, x, starts = misread("scores", 2, 0, epsilon=4)
    given = {"x": x, "y": np.ones(2, np.int64), "epsilon": 4, "starts": starts, **changed}
    meter = Meter(platform, 5, ["a", "b"])
    with pytest.raises(InputError, match=message):
        Square().run(meter, rng=np.random.default_rng(0), **given)
    assert not platform.asked


@pytest.mark.parametrize("attack", [Square(), NES(), SimBA()], ids=str)
def test_scores_that_are_not_given_cannot_be_used(attack: Attack) -> None:
    platform, x, _ = misread("labels", 1, 0, epsilon=4)
    with pytest.raises(InputError, match=r"gives scores for the attack .* Use hopskipjump"):
        run(attack, platform, x, 4, 9)


@pytest.mark.parametrize("attack", [HopSkipJump(), Boundary()], ids=str)
def test_a_start_is_needed(attack: Attack) -> None:
    platform, x, _ = misread("labels", 1, 0, epsilon=4)
    with pytest.raises(InputError, match=r"Expected starts for the attack .* Give somebody else"):
        run(attack, platform, x, 4, 9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Square(p=0), r"Expected p=0 in \(0, 1\]"),
        (lambda: SimBA(basis="wave"), r"Expected a known basis, got 'wave'"),
        (lambda: SimBA(frequencies=0), r"Expected frequencies=0 in \(0, 1\]"),
        (lambda: NES(pairs=0), r"Expected pairs=0 to be at least 1"),
        (lambda: NES(sigma=0), r"Expected sigma=0 to be a positive"),
        (lambda: NES(step=0), r"Expected step=0 in \(0, 2\]"),
        (lambda: NES(momentum=1), r"Expected momentum=1 in \[0, 1\)"),
        (lambda: HopSkipJump(probes=0), r"Expected probes=0 to be at least 1"),
        (lambda: HopSkipJump(reach=0), r"Expected reach=0 to be at least 1"),
        (lambda: Boundary(sideways=0), r"Expected sideways=0 to be a positive"),
        (lambda: Boundary(nearer=0), r"Expected nearer=0 to be a positive"),
        (lambda: Boundary(every=0), r"Expected every=0 to be at least 1"),
    ],
)
def test_parameters_out_of_range_are_answered(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
