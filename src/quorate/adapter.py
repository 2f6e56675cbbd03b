"""Where methods of one's own meet the project: what they return is looked at once, and named.

Quorate's own methods are tested; those from outside the package may return anything. Each function
here calls one method, and raises InputError where what comes back is not what its role promises.
What a method from outside is handed is a copy: it may write into it, and nobody else sees that.
"""

from __future__ import annotations

import contextlib
import copy
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from quorate import spec
from quorate.bring_your_own.holding import HoldsObject
from quorate.errors import FitFailedError, InputError, QuorateError
from quorate.knowledge import Knowledge
from quorate.protocols import (
    Classifier,
    Goal,
    Learner,
    Population,
    Signal,
    StackedLearner,
    Strategy,
    Subgroup,
)
from quorate.table import Array, Labels, Mask, Probabilities, Rng, Split, Submission, Table

T = TypeVar("T")
SUM_AGREES = 1e-3  # probabilities in single precision sum to 1 up to their rounding
DEEPEST = 20  # levels of a record
TRY = "quorate.check(METHOD) tries a method on a few people."


# ------------------------------------------------------------------------------------- learners


def fit_model(learner: Learner, data: Submission, rng: Rng) -> Classifier:
    """Return the model that a learner makes of a submission; its answers are checked as they come.

    Raises:
        InputError: as the learner, or it returns no model, or its model no answers as it should.
        FitFailedError: training diverged.
    """
    with _called(learner, "fit"):
        model = learner.fit(_lent(learner, data), rng)
    return _checked(model, learner, data)


def fit_models(
    learner: StackedLearner, data: Sequence[Submission], rngs: Sequence[Rng]
) -> list[Classifier | FitFailedError]:
    """Return one model per submission, or why its training failed; checked as by ``fit_model``."""
    with _called(learner, "fit_many"):
        models = learner.fit_many(_lent(learner, data), rngs)
    if not isinstance(models, list | tuple) or len(models) != len(data):
        many = len(models) if isinstance(models, list | tuple) else _shown(models)
        raise _wrong(learner, "fit_many", f"a list of {len(data)} models", many)
    return [
        model if isinstance(model, FitFailedError) else _checked(model, learner, one)
        for model, one in zip(models, data, strict=True)
    ]


def _checked(model: Any, learner: Learner, data: Submission) -> Classifier:
    """Return a model; one of a class from outside the package behind what checks its answers."""
    if not _is_theirs(learner) and not spec.is_own(type(model)):
        return model  # type: ignore[no-any-return]
    who = f"the learner {spec.text(learner)}"
    if not callable(getattr(model, "predict", None)):
        raise _wrong(
            learner, "fit", "a model with predict(x)", _shown(model), "Return the fitted model."
        )
    record = _plain_record(model, who)
    if not spec.is_own(type(model)):
        return model  # type: ignore[no-any-return]
    kind = CheckedScores if callable(getattr(model, "probabilities", None)) else CheckedClassifier
    return kind(model, record, who, data.honest.classes)


@dataclass(frozen=True, eq=False)
class CheckedClassifier:
    """A model from outside the package, whose answers are checked as they come.

    Args:
        model: the model.
        record: its own, as plain data.
        who: has fitted it, in words.
        classes: the k label names.
    """

    model: Any
    record: Mapping[str, Any]
    who: str
    classes: tuple[str, ...]

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""
        with _explained(f"predict of the model of {self.who}"):
            answers = self.model.predict(x.copy())
        return check_labels(answers, len(x), self.classes, self.who)


@dataclass(frozen=True, eq=False)
class CheckedScores(CheckedClassifier):
    """The same for a model that gives probabilities."""

    def probabilities(self, x: Array) -> Probabilities:
        """Return the probability of each of the k labels, (n, k)."""
        with _explained(f"probabilities of the model of {self.who}"):
            scores = self.model.probabilities(x.copy())
        return check_probabilities(scores, len(x), len(self.classes), self.who)


def check_labels(answers: Any, n: int, classes: Sequence[str], who: str) -> Labels:
    """Return what a model has answered as indices of labels, (n,).

    >>> check_labels([1, 0], 2, ("no", "yes"), "a learner").tolist()
    [1, 0]

    Raises:
        InputError: it is anything but one whole number in [0, k − 1] for each person.
    """
    found, k = _array(answers), len(classes)
    if found.ndim == 1 and found.dtype.kind in "biu" and len(found) == n:
        if not n or (found.min() >= 0 and found.max() < k):
            return found.astype(np.int64)
        got, fix = f"{found.min()} to {found.max()}", "Count labels from 0, as data.honest.y does."
    elif found.dtype.kind in "USO" and found.ndim == 1 and found.size and _is_text(found):
        got = f"text such as {str(found[0])[:30]!r}"
        fix = "Return the index of each name: data.honest.classes.index(name)."
    elif found.shape == (n, k):
        got, fix = f"scores of shape {found.shape}", "Return scores.argmax(axis=1)."
    elif found.dtype.kind == "f" and found.shape == (n,):
        got, fix = f"numbers of type {found.dtype}", "Return answers.astype(int)."
    else:
        got = f"{len(found)}" if found.ndim == 1 and found.dtype.kind in "biu" else _shown(answers)
        fix = "Return an array with one index for each row of x."
    raise InputError(
        f"Expected predict of the model of {who} to return one index of a label for each of {n} "
        f"people, whole numbers from 0 to {k - 1}, got {got}. {fix}"
    )


def check_probabilities(scores: Any, n: int, k: int, who: str) -> Probabilities:
    """Return a model's scores as the probability of each label, (n, k).

    Raises:
        InputError: they have another shape, are no numbers from 0 to 1, or sum to something else.
    """
    found = _array(scores)
    if found.shape == (n, k) and found.dtype.kind in "fbiu":
        plain: Probabilities = found.astype(np.float64)
        sums = plain.sum(axis=1)
        if bool((plain >= 0).all()) and bool((np.abs(sums - 1) <= SUM_AGREES).all()):
            return plain
        got = f"numbers from {plain.min():.3g} to {plain.max():.3g}" if n else "none"
        got += f" whose rows sum to {sums.min():.3g} to {sums.max():.3g}" if n else ""
    else:
        got = _shown(scores)
    raise InputError(
        f"Expected probabilities of the model of {who} to return {n} rows of {k} numbers from 0 to "
        f"1 that sum to 1, got {got}. Return a softmax of the scores, with a column a label."
    )


def _plain_record(model: Any, who: str) -> dict[str, Any]:
    """Return what a model's training says of itself as plain data."""
    with _explained(f"the record of the model of {who}"):
        record = getattr(model, "record", None)
    if not isinstance(record, Mapping):
        raise InputError(
            f"Expected the model of {who} to have a record, a mapping of plain data about its "
            f"training, got {_shown(record)}. Write record = {{}} into its class."
        )
    plain: dict[str, Any] = _plain(record, "record", who)
    epsilon = plain.get("epsilon")
    if epsilon is not None and not _is_budget(epsilon):
        raise _no_record("epsilon", "a number from 0 on, the privacy budget", epsilon, who)
    shares = plain.get("alpha_effective")
    if shares is not None and not (
        isinstance(shares, list)
        and all(one is None or isinstance(one, int | float) for one in shares)
    ):
        raise _no_record("alpha_effective", "a list of numbers, one an epoch", shares, who)
    return plain


def _plain(value: Any, where: str, who: str, depth: int = 0) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth > DEEPEST:
        raise InputError(
            f"Expected the record of the model of {who} to have at most {DEEPEST} levels, got "
            "more, or a record that holds itself. Leave out what is further inside."
        )
    if isinstance(value, list | tuple):
        return [_plain(one, f"{where}[{i}]", who, depth + 1) for i, one in enumerate(value)]
    if isinstance(value, Mapping):
        plain = {str(k): _plain(v, f"{where}[{k!r}]", who, depth + 1) for k, v in value.items()}
        if len(plain) < len(value):
            raise InputError(
                f"Expected names in {where} of the model of {who} that differ as text, got "
                f"{list(value)}. Use text for each."
            )
        return plain
    raise InputError(
        f"Expected {where} of the model of {who} to be plain data (numbers, text, lists, "
        f"mappings), got {_shown(value)}. Write array.tolist(), or leave it out."
    )


def _is_budget(epsilon: Any) -> bool:
    """Whether ε is a number from 0 on; infinite where nothing is promised."""
    is_number = isinstance(epsilon, int | float) and not isinstance(epsilon, bool)
    return is_number and (0 <= epsilon <= sys.float_info.max or epsilon == math.inf)


def _no_record(key: str, expected: str, got: Any, who: str) -> InputError:
    return InputError(
        f"Expected record[{key!r}] of the model of {who} to be {expected}, got {got!r}. Write it "
        "so, or give it another name."
    )


# --------------------------------------------------------------------- people, strategies, goals


def draw_split(population: Population, rng: Rng) -> Split:
    """Return the people of a population, to learn from and held out.

    Raises:
        InputError: as the population, or what it returns is no such people.
    """
    with _called(population, "split"):
        split = population.split(rng)
    if spec.is_own(type(population)):
        if not isinstance(split, Split):
            raise _wrong(population, "split", "a Split(train, held_out)", _shown(split))
        for name, people in vars(split).items():
            _check_people(people, population, f"split, its {name},", split.train)
    return split


def apply_strategy(strategy: Strategy, members: Table, known: Knowledge, rng: Rng) -> Table:
    """Return members' rows as they hand them in.

    Raises:
        InputError: as the strategy, or what it returns is not one row of theirs a person.
    """
    with _called(strategy, "apply"):
        changed = strategy.apply(*_lent(strategy, (members, known)), rng)
    if _is_theirs(strategy):
        _check_people(changed, strategy, "apply", members, len(members))
    return changed


def refuse_withholding(strategy: Strategy, where: str) -> None:
    """Raise InputError where members would hand in nothing, and each of them needs a row.

    Args:
        strategy: what members do.
        where: what needs their rows, in words.
    """
    if strategy.withholds:
        raise InputError(
            f"Expected members who hand in a row each for {where}, got {spec.text(strategy)}, in "
            "which they withhold it. Measure it by quorate curve or quorate audit."
        )


def learn_of(strategy: Strategy, people: Table, member: Mask, rng: Rng) -> Knowledge:
    """Return what a collective knows.

    Raises:
        InputError: as the strategy, or what it returns is no knowledge of the members.
    """
    with _called(strategy, "learn"):
        known = strategy.learn(*_lent(strategy, (people, member)), rng)
    if _is_theirs(strategy) and not (
        isinstance(known, Knowledge) and len(known.own) == int(member.sum())
    ):
        expected = f"the Knowledge of {int(member.sum())} members"
        raise _wrong(strategy, "learn", expected, _shown(known), "Return Knowledge.of(...).")
    return known


def find_who_can(strategy: Strategy, people: Table) -> Mask | None:
    """Return who can be a member by a strategy, (n,); None means anyone.

    Raises:
        InputError: as the strategy, or what it returns is neither.
    """
    with _called(strategy, "eligible"):
        found = strategy.eligible(_lent(strategy, people))
    if found is None or not _is_theirs(strategy):
        return found
    mask = _array(found)
    if mask.dtype != bool or mask.shape != (len(people),):
        expected = f"None, or a mask of {len(people)} truth values"
        raise _wrong(strategy, "eligible", expected, _shown(found), "Return condition, (n,).")
    return mask


def measure_success(goal: Goal, model: Classifier, held_out: Table, rng: Rng) -> float:
    """Return a collective's success, in [0, 1].

    Raises:
        InputError: as the goal, or what it returns is no such number.
    """
    with _called(goal, "success"):
        success = goal.success(model, _lent(goal, held_out), rng)
    if not _is_theirs(goal):
        return success
    found = _array(success)
    if found.shape == () and found.dtype.kind in "fiub" and 0 <= float(found) <= 1:
        return float(found)
    shown = repr(success) if found.shape == () else _shown(success)
    fix = "Return a share of people, as in float((said == target).mean())."
    raise _wrong(goal, "success", "one number from 0 to 1", shown, fix)


def plant_signal(signal: Signal, people: Table) -> Array:
    """Return people's features with a signal, in the shape of ``people.x``.

    Raises:
        InputError: as the signal, or what it returns has another shape or is no numbers.
    """
    with _called(signal, "plant"):
        planted = signal.plant(_lent(signal, people))
    if not _is_theirs(signal):
        return planted
    found = _array(planted)
    if found.shape != people.x.shape or found.dtype.kind not in "fiub":
        expected = f"an array of numbers in the shape of people.x, {people.x.shape}"
        raise _wrong(signal, "plant", expected, _shown(planted))
    return found.astype(people.x.dtype, copy=False)


def draw_subgroup(subgroup: Subgroup, people: Table, share: float | None, rng: Rng) -> Table:
    """Return people of whom a share belongs to a subgroup.

    Raises:
        InputError: as the subgroup, or what it returns are no people in two groups.
    """
    with _called(subgroup, "draw"):
        drawn = subgroup.draw(_lent(subgroup, people), share, rng)
    if spec.is_own(type(subgroup)):
        _check_people(drawn, subgroup, "draw", people)
        if drawn.group is None or len(drawn.groups) != 2:
            expected = "people in two groups, others and the subgroup"
            raise _wrong(subgroup, "draw", expected, f"groups {list(drawn.groups)}")
    return drawn


def expect_kind(method: Any, called: str, found: Any, kind: type, what: str) -> None:
    """Raise InputError unless a method has returned an object of some kind."""
    if not isinstance(found, kind):
        raise _wrong(method, called, what, _shown(found))


def _check_people(people: Any, method: Any, called: str, like: Any, n: int | None = None) -> None:
    """Raise InputError unless people have been returned, whose rows and labels are as others'."""
    if not isinstance(people, Table):
        raise _wrong(method, called, "a Table", _shown(people), "Use dataclasses.replace(people).")
    expected = ""
    if np.ma.is_masked(people.x) or np.ma.is_masked(people.y):
        expected, got = "features and labels of everyone", "a masked array"
    elif n is not None and len(people) != n:
        expected, got = f"one row for each of {n} people", f"{len(people)}"
    elif people.x.shape[1:] != like.x.shape[1:]:
        expected, got = f"rows of shape {like.x.shape[1:]}", f"{people.x.shape[1:]}"
    elif people.classes != like.classes:
        expected, got = f"the labels {list(like.classes)}", f"{list(people.classes)}"
    elif people.x.dtype.kind != "f" or people.y.dtype.kind not in "iu":
        expected = "features that are floats and labels that are whole numbers"
        got = f"{people.x.dtype} and {people.y.dtype}"
    if expected:
        raise _wrong(method, called, expected, got, "Keep them as they are.")


# ----------------------------------------------------------------------------------------- words


def _is_theirs(method: Any) -> bool:
    """Whether a method is a user's own: of a class of theirs, or around an object of theirs."""
    return spec.is_own(type(method)) or isinstance(method, HoldsObject)


def _lent(method: Any, given: T) -> T:
    """Return what a method is handed: where it is from outside, a copy that it may write into."""
    return copy.deepcopy(given) if spec.is_own(type(method)) else given


@contextlib.contextmanager
def _called(method: Any, called: str) -> Iterator[None]:
    """Say whose method it was, where one from outside the package raises what it should not."""
    if not _is_theirs(method):
        yield
        return
    with _explained(f"{called} of {spec.text(method)}"):
        yield


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except (QuorateError, MemoryError):
        raise
    except Exception as error:
        raise InputError(
            f"Expected {what} to return, got {type(error).__name__}: {error}. Mend it. {TRY}"
        ) from error


def _wrong(method: Any, called: str, expected: str, got: Any, fix: str = "") -> InputError:
    said = f"Expected {called} of {spec.text(method)} to return {expected}, got {got}."
    return InputError(f"{said} {fix or 'Mend it.'} {TRY}")


def _array(value: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """Return anything as an array; what is none, or has values that are masked, is one object."""
    try:
        if np.ma.is_masked(value):
            return np.asarray(None)
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # rows of several lengths, or on another device
        return np.asarray(None)


def _is_text(found: np.ndarray[Any, np.dtype[Any]]) -> bool:
    return all(isinstance(one, str | bytes) for one in found[:10].tolist())


def _shown(value: Any) -> str:
    """Return what something is, in few words."""
    if value is None:
        return "None"
    found = _array(value)
    if found.ndim:
        return f"{type(value).__name__} of shape {found.shape} and type {found.dtype}"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return f"{type(value).__name__}"
