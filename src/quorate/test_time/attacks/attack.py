"""What a query-based black-box attack is: one person's search, run for n people side by side.

A search yields an image and is sent what the platform said of it. It sees neither the meter nor the
other people: queries are counted, and success is measured, on the images that were really asked.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.runtime.seeds import stream
from quorate.table import Labels, Mask, Probabilities, Rng
from quorate.test_time.attacks.outcome import AttackOutcome
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Answers, Gives, Pixels
from quorate.validate import in_interval

Levels = npt.NDArray[np.float32]  # images between the levels 0 and 255, before they are rounded
TINY = 1e-30  # stands for a score that was rounded to zero


class Feedback(NamedTuple):
    """What the platform says of one image, about the person's own label y.

    Args:
        right: whether it says y.
        log_probability: log p_y; NaN where the platform gives labels only.
        margin: max log p_j over j ≠ y, less log p_y: below 0 where y leads; NaN likewise.
    """

    right: bool
    log_probability: float
    margin: float


Search = Generator[Pixels, Feedback, None]


@dataclass(frozen=True, eq=False)
class Case:
    """One person's task.

    Args:
        x: their image, (c, h, w).
        epsilon: largest change of each pixel, in levels of 1/255.
        budget: queries they have.
        start: an image that should be read as y, (c, h, w), where one was given.
    """

    x: Pixels
    epsilon: int
    budget: int
    start: Pixels | None = None

    @property
    def low(self) -> Pixels:
        """The darkest image within ε, (c, h, w)."""
        return np.maximum(self.x.astype(np.int16) - self.epsilon, 0).astype(np.uint8)

    @property
    def high(self) -> Pixels:
        """The brightest image within ε, (c, h, w)."""
        return np.minimum(self.x.astype(np.int16) + self.epsilon, 255).astype(np.uint8)


@runtime_checkable
class Attack(Protocol):
    """A query-based black-box attack: one person's search for an image within ε that is read as y.

    It is written as if the person were alone, and targeted at their own true label.
    """

    name: ClassVar[str]
    needs: ClassVar[Gives]  # the least that the platform must give
    needs_start: ClassVar[bool] = False

    @abstractmethod
    def search(self, case: Case, rng: Rng) -> Search:
        """Yield images to be asked, one at a time, and be sent what the platform says of each.

        It is ended from outside, when its budget is spent or an image within ε is read as y; it may
        end itself earlier. What it yields is copied: it may change the array afterwards.
        """

    def run(
        self,
        meter: Meter,
        x: Pixels,
        y: Labels,
        epsilon: int,
        rng: Rng,
        starts: Pixels | None = None,
    ) -> AttackOutcome:
        """Search for n people side by side, one query each a round, until all are done.

        Each draws from a stream of their own, which hangs on ``rng`` and their key: what they ask
        does not depend on who stands beside them, nor in which order.

        Args:
            meter: for the n people, with what is left of their budgets.
            x: their images, (n, c, h, w), 8 bits.
            y: index of their true label among the platform's classes, (n,).
            epsilon: largest change of each pixel, a whole number of levels of 1/255.
            rng: drawn from once.
            starts: an image for each that should be read as y, (n, c, h, w), for attacks that begin
                at one. To ask whether it is costs a query; where it is not, the person gives up.

        Raises:
            InputError: ε is not a whole number in [1, 255], shapes disagree, the attack needs
                scores and the platform gives labels, or it needs starts and has none.
            PlatformError: the platform refused or failed.
        """
        self._check(meter, x, y, epsilon, starts)
        root = rng.integers(2**32, size=4).tolist()
        budgets, before = meter.left, meter.used
        searches: dict[int, Search] = {}
        questions: dict[int, Pixels] = {}
        for i in np.flatnonzero(budgets).tolist():
            start = None if starts is None else starts[i]
            case = Case(x[i], int(epsilon), int(budgets[i]), start)
            searches[i] = self.search(case, _rng_of(root, meter.keys[i]))
            questions[i] = next(searches[i])
        corrected, x_adv = np.zeros(len(x), dtype=bool), x.copy()  # (n,), (n, c, h, w)
        while questions:
            who = np.fromiter(questions, dtype=np.int64)  # (m,)
            rows = np.concatenate(list(questions.values()))  # half of what np.stack takes
            asked = rows.reshape(len(who), *x.shape[1:])  # (m, c, h, w)
            answers = meter.ask(asked, who)
            done = _within(asked, x, who, epsilon, answers.labels == y[who])
            corrected[who[done]], x_adv[who[done]] = True, asked[done]
            stop = done | (meter.left[who] == 0)
            readings = _readings(answers, y[who])
            questions = {}
            for i, reading, stopped in zip(who.tolist(), readings, stop.tolist(), strict=True):
                question = None if stopped else _next_question(searches[i], reading)
                if question is None:
                    searches.pop(i).close()
                else:
                    questions[i] = question
        return AttackOutcome(corrected, meter.used - before, x_adv)

    def _check(
        self, meter: Meter, x: Pixels, y: Labels, epsilon: int, starts: Pixels | None
    ) -> None:
        in_interval("epsilon", epsilon, 1, 255, "A pixel moves by 1 to 255 levels, such as 8.")
        if epsilon != int(epsilon):
            raise InputError(
                f"Expected epsilon in whole levels of 1/255, got {epsilon}. Use 8 for 8/255."
            )
        card = meter.card
        if self.needs == "scores" and card.gives == "labels":
            raise InputError(
                f"Expected a platform that gives scores for the attack {self.name!r}, got one that "
                "gives labels only. Use hopskipjump or boundary."
            )
        if self.needs_start and starts is None:
            raise InputError(
                f"Expected starts for the attack {self.name!r}: for each person an image of their "
                "label that the platform reads right. Give somebody else's."
            )
        if len(y) != len(x) or len(meter) != len(x):
            raise InputError(
                f"Expected one label and one key per image, {len(x)}, got {len(y)} labels and "
                f"{len(meter)} keys. Give y and the meter the rows of x."
            )
        if len(y) and not 0 <= y.min() <= y.max() < len(card.classes):
            raise InputError(
                f"Expected labels in [0, {len(card.classes) - 1}], got {y.min()} to {y.max()}. "
                "Use indices of the platform's classes."
            )
        for images in (x,) if starts is None else (x, starts):
            if images.dtype != np.uint8 or images.shape != (len(x), *card.shape):
                raise InputError(
                    f"Expected 8-bit images of shape {(len(x), *card.shape)}, got {images.dtype} "
                    f"of shape {images.shape}. Resize or convert them first."
                )


def _rng_of(root: list[int], key: str) -> Rng:
    """Return the generator of the person with this key: a stream of ``root``."""
    digest = hashlib.sha256(key.encode()).digest()[:16]
    return np.random.default_rng(stream(root, *np.frombuffer(digest, dtype="<u4").tolist()))


def _next_question(search: Search, reading: Feedback) -> Pixels | None:
    try:
        return search.send(reading)
    except StopIteration:
        return None


def _within(asked: Pixels, x: Pixels, who: Labels, epsilon: int, right: Mask) -> Mask:
    """Return which of the images that were read right lie within ε of the person's own, (m,)."""
    done = right.copy()  # (m,)
    if not right.any():
        return done
    moved = np.abs(asked[right].astype(np.int16) - x[who[right]])
    done[right] = moved.max(axis=(1, 2, 3), initial=0) <= epsilon
    return done


def _readings(answers: Answers, y: Labels) -> list[Feedback]:
    """Return what each answer says about each person's label, m of them."""
    rows = np.arange(len(y))
    log_p, margin = np.full((2, len(y)), np.nan)  # (m,) each
    if answers.probabilities is not None:
        logs: Probabilities = np.log(np.maximum(answers.probabilities, TINY))  # (m, k)
        log_p = logs[rows, y]
        logs[rows, y] = -np.inf
        margin = logs.max(axis=1) - log_p
    right = answers.labels == y
    return list(map(Feedback, right.tolist(), log_p.tolist(), margin.tolist()))
