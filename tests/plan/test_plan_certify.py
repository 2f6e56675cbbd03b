"""What members can be sure of: by hand, against the certificates themselves, and in words."""

import json
import math

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.planning.cells import erasing_counts, signal_counts
from quorate.planning.certify import (
    RADII,
    Certification,
    Objective,
    certifier,
    certify,
    drawn_aside,
)
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members
from quorate.theory.certificates.counts import AssumedPlatform, SignalCounts
from quorate.theory.certificates.erasing import erasing_certificate
from quorate.theory.certificates.planting import planting_certificate
from quorate.theory.certificates.unplanting import (
    adaptive_unplanting_certificate,
    naive_unplanting_certificate,
)


def members_of(n: int, k: int, seed: int = 1) -> Members:
    """Return people with a channel (phone, web; a tenth web), an age in three, and k labels."""
    rng = np.random.default_rng(seed)
    codes = np.c_[rng.random(n) < 0.1, rng.integers(0, 3, n)].astype(np.int32)
    labels = rng.choice(k, p=np.arange(k, 0, -1) / (k * (k + 1) / 2), size=n).astype(np.int32)
    columns = (MemberColumn("channel", ("phone", "web")), MemberColumn("age", ("a", "b", "c")))
    return Members(codes, labels, columns, tuple("nyz"[:k]))


WEB = {"channel": "web"}
TWO, THREE = members_of(4000, 2), members_of(4000, 3)
SIZE = 12_000


def test_by_hand() -> None:
    """Only age is left, in one of whose three cells all plant: nobody else has channel=fax."""
    members = Members(
        np.zeros((100, 1), dtype=np.int32),
        np.zeros(100, dtype=np.int32),
        (MemberColumn("channel", ("phone",)),),
        ("no", "yes"),
    )
    objective = Objective({"channel": "fax"}, "yes", 1000, new_values=True)
    plan = certify(members, objective)
    # X* is one cell. Of n members 0 have the signal: of the others at most h, and n > h wins.
    # (1 − n/1000)^h-like: the n with others_limit(0, n, 1000 − n, .05/3) < n.
    assert plan.by_radius[2].success == 1
    needed = plan.by_radius[2].n_for_target
    assert needed is not None
    # h of 1000 − n others and none of n members has probability C(1000 − h, n)/C(1000, n).
    none_of = [math.comb(1000 - n, n) / math.comb(1000, n) for n in (needed - 1, needed)]
    assert none_of[0] > 0.05 >= none_of[1]
    assert plan.carrying == 0
    assert "No member has the signal's value of channel yet" in plan.notes[1]


@pytest.mark.parametrize("goal", ["plant", "plant-feature-only", "unplant", "erase"])
@pytest.mark.parametrize("members", [TWO, THREE], ids=["two labels", "three"])
def test_rows_are_those_of_the_certificates(goal: str, members: Members) -> None:
    target = None if goal == "erase" else "y"
    objective = Objective(WEB, target, SIZE, goal=goal, confidence=0.9, eps=0.001)  # type: ignore[arg-type]
    plan = certify(members, objective, eps_range=(0.0, 0.01))
    at = [row.radius for row in plan.by_radius]
    assert at == [r for r in RADII if goal != "erase" or r != "aggregate"]
    for row in plan.by_radius:
        assert row.success == direct(members, goal, row.radius, 0.001)
    for row in plan.by_eps:
        assert row.success == direct(members, goal, "tightest", row.eps)
    assert plan.by_eps[0].success >= plan.by_eps[1].success
    assert plan.best == plan.by_radius[-1]
    assert plan.carrying == int((members.codes[:, 0] == 1).sum())


def direct(members: Members, goal: str, radius: str, eps: float) -> float:
    """Return the certificate of the right kind, from counts by the signal channel=web."""
    platform, signal = AssumedPlatform(SIZE, eps), {0: 1}
    if goal == "erase":
        return erasing_certificate(*erasing_counts(members, signal), platform, 0.9, radius)[
            1
        ].success
    counts = signal_counts(members, signal, 1 if goal == "plant-feature-only" else None)
    if goal != "unplant":
        return planting_certificate(counts, 1, platform, 0.9, radius).success
    if members.k == 2:
        return naive_unplanting_certificate(counts, 1, platform, 0.9, radius)[1].success
    at = drawn_aside(members)
    fifth = Members(members.codes[at], members.labels[at], members.columns, members.classes)
    some = signal_counts(fifth, signal)
    assert some.honest.shape == counts.honest.shape  # all three cells are seen by both
    aside = SignalCounts(some.honest, some.planted, some.members, some.signal_cells)
    return adaptive_unplanting_certificate(counts, aside, 1, platform, 0.9, radius)[1].success


def test_who_is_set_aside_does_not_tell_of_the_others_in_a_sorted_table() -> None:
    """Of every fifth row of a sorted table, each label has just a fifth: that is no sample."""
    some, shares = members_of(500, 3), []
    for seed in range(12):
        rows = np.random.default_rng(seed).permutation(500)[:400]
        rows = rows[np.argsort(some.labels[rows], kind="stable")]
        members = Members(some.codes[rows], some.labels[rows], some.columns, some.classes)
        at = drawn_aside(members)
        assert len(np.unique(at)) == 80
        assert (at == drawn_aside(members)).all()
        shares.append((members.labels[at] == 0).sum() - (members.labels == 0).sum() / 5)
    assert np.std(shares) > 2  # as if drawn: √(80·p(1−p)·.8), 3.8 for an even p


@pytest.mark.parametrize("goal", ["plant", "plant-feature-only", "unplant", "erase"])
def test_the_members_needed_are_enough_and_one_fewer_is_not(goal: str) -> None:
    """The number itself is what the same people, many times over, would certify."""
    target = None if goal == "erase" else "y"
    objective = Objective(WEB, target, 100_000, goal=goal, success=0.5)  # type: ignore[arg-type]
    plan = certify(members_of(5000, 2), objective, eps_range=())
    needed = 0
    for row in plan.by_radius:
        if row.n_for_target is None:
            continue
        needed += 1
        # People are whole here: round the number up to a multiple of 5,000, and down to one.
        for times, enough in (
            (-(-row.n_for_target // 5000), True),
            (row.n_for_target // 5000, False),
        ):
            if times == 0 or (not enough and times * 5000 == row.n_for_target):
                continue
            members = members_of(5000, 2)
            copies = Members(
                np.tile(members.codes, (times, 1)),
                np.tile(members.labels, times),
                members.columns,
                members.classes,
            )
            bound, _ = certifier(copies, objective, {0: 1})
            success = bound(len(copies), objective.platform(0.0), row.radius).success
            assert (success >= 0.5) == enough
    assert needed >= 2


def test_plain_data_is_json() -> None:
    plan = certify(TWO, Objective(WEB, "y", SIZE))
    plain = json.loads(json.dumps(plan.to_dict(), allow_nan=False))
    assert set(plain["certified"]) == {"success", "n_for_target", "confidence", "radius", "status"}
    assert plain["certified"]["success"] == plan.best.success
    assert plain["signal"] == WEB
    assert len(plain["by_eps"]) == 6
    assert [row["radius"] for row in plain["by_radius"]] == list(RADII)


def said(plan: Certification) -> str:
    return " ".join(plan.notes)


def test_notes() -> None:
    assert "three assumptions" in said(certify(TWO, Objective(WEB, "y", SIZE), ()))
    all_web = Members(np.ones_like(TWO.codes), TWO.labels, TWO.columns, TWO.classes)
    assert "Every member carries the signal" in said(
        certify(all_web, Objective(WEB, "y", SIZE), ())
    )
    only = Objective(WEB, "y", SIZE, goal="plant-feature-only")
    having = int((TWO.labels == 1).sum())
    assert f"Only the {having} members (of 4000) whose label is 'y'" in said(certify(TWO, only, ()))
    nobody = Members(TWO.codes, TWO.labels * 0, TWO.columns, TWO.classes)
    with pytest.raises(InputError, match="'y' to plant it by features alone, got none"):
        certify(nobody, only, ())
    few = Members(TWO.codes[:9], TWO.labels[:9], TWO.columns, TWO.classes)
    assert "lie in 3 different cells" in said(certify(few, Objective(WEB, "y", SIZE), ()))
    assert "lie in" not in said(certify(TWO, Objective(WEB, "y", SIZE), ()))
    assert "Bins were chosen" not in said(certify(TWO, Objective(WEB, "y", SIZE), ()))
    age = MemberColumn("age", ("below 3", "3 to 5", "5 or more"), (3.0, 5.0))
    binned = Members(TWO.codes, TWO.labels, (TWO.columns[0], age), TWO.classes)
    assert "Bins were chosen" in said(certify(binned, Objective(WEB, "y", SIZE), ()))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: certify(TWO, Objective(WEB, "y", 3999)), "platform size of 3999 and 4000 members"),
        (lambda: certify(TWO, Objective(WEB, "x", SIZE)), "'x'"),
        (lambda: certify(TWO, Objective({"channel": "fax"}, "y", SIZE)), "'fax'"),
        (lambda: certify(TWO, Objective({"canal": "web"}, "y", SIZE)), "'canal'"),
        (lambda: Objective(WEB, None, SIZE), "target"),
        (lambda: Objective(WEB, "y", SIZE, goal="remove"), "unplant"),  # type: ignore[arg-type]
        (lambda: Objective(WEB, "y", SIZE, confidence=1.0), "confidence=1"),
        (lambda: Objective(WEB, "y", SIZE, success=1.1), r"success=1\.1"),
        (lambda: Objective(WEB, "y", SIZE, eps=-0.1), r"eps=-0\.1"),
        (lambda: Objective(WEB, "y", 0), "size=0"),
    ],
)
def test_what_is_wrong_is_named(call, named: str) -> None:
    with pytest.raises(InputError, match=named):
        call()


def test_values_that_no_member_has_are_reckoned_with() -> None:
    """Few people, all with the signal and against the target, have a value of another column.

    None of the members is one of them in most draws, and then the platform answers them as before.
    """
    rng, rare, members_now, size = np.random.default_rng(0), 0.002, 300, 3000
    held = {True: 0, False: 0}
    draws = 200
    for _ in range(draws):
        is_rare = rng.random(members_now) < rare
        other = np.where(is_rare, 2, rng.integers(0, 2, members_now))
        channel = is_rare.astype(np.int32)  # others have none of the signal
        values = ("a", "c", "b") if is_rare.any() else ("a", "c")
        some = Members(
            np.c_[channel, other].astype(np.int32),
            rng.integers(0, 2, members_now).astype(np.int32),
            (MemberColumn("chan", ("old", "new")), MemberColumn("o", values)),
            ("no", "yes"),
        )
        some.labels[is_rare] = 0
        counts = signal_counts(some, {0: 1})
        closed = SignalCounts(counts.honest, counts.planted, members_now, len(counts.planted))
        others_rare = rng.binomial(size - members_now, rare)
        success = 1 - rare * (others_rare >= is_rare.sum())  # all of b are lost, or nobody is
        for open_ended, here in ((True, counts), (False, closed)):
            found = planting_certificate(here, 1, AssumedPlatform(size), 0.95)
            held[open_ended] += found.success <= success
    assert held[True] >= 0.95 * draws
    assert held[False] < 0.7 * draws  # without, the certificate says 1 and is wrong
