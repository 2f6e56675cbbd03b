"""A platform behind a ledger: nothing is asked twice, and every answer is on the disk at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError, PlatformError, QuotaError
from quorate.runtime.interrupts import heeded
from quorate.test_time.platforms.answers import (
    Part,
    PartialError,
    PartialQuotaError,
    PartwisePlatform,
    check_answers,
    check_stored,
)
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.ledger import Ledger, Purpose, purpose_of
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform, check_questions
from quorate.validate import at_least

Rows = npt.NDArray[np.intp]
PURPOSES: tuple[Purpose, Purpose] = ("pooled", "evaluation")
ROWS_AT_ONCE = 256


class MeteredPlatform(Platform):
    """Asks only what the ledger does not know, within a budget per key.

    Questions under the key ``evaluation`` have no budget and are counted apart.

    Args:
        platform: platform to ask.
        ledger: database of the answers. Several processes may share it: they ask in turns.
        budget: queries per key; None is without end.
        rows_at_once: rows that are reserved, asked and stored together.
        keep_pixels: store the collective's images too, for ``Ledger.kept``.
    """

    def __init__(
        self,
        platform: Platform,
        ledger: Ledger,
        budget: int | None = None,
        *,
        rows_at_once: int = ROWS_AT_ONCE,
        keep_pixels: bool = False,
    ) -> None:
        if budget is not None:
            at_least("budget", budget, 0, "Give queries per key, or None for no end.")
        at_least("rows_at_once", rows_at_once, 1, "Ask at least one row at once.")
        self.platform = platform
        self.ledger = ledger
        self.budget = budget
        self.rows_at_once = rows_at_once
        self.keep_pixels = keep_pixels

    @property
    def card(self) -> Card:
        """What the platform says of itself."""
        return self.platform.card

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return the answer to each image, from the ledger or else from the platform.

        Whatever is raised, answers that came before are stored, and asking again goes on there.

        Raises:
            InputError: the images are not of the platform's shape, or not of 8 bits.
            PartialQuotaError: keys have no queries left; all that could be afforded is answered.
            PartialError: the platform refused, failed or answered what cannot be read.
        """
        check_questions(x, keys, self.card)
        request = _Request(self, x, list(keys))
        purposes = np.array([purpose_of(key) for key in keys], dtype="U10")
        for purpose in PURPOSES:
            request.answer_rows(np.flatnonzero(purposes == purpose), purpose)
        if not request.answered.all():
            raise request.spent()
        return request.answers()


class _Request:
    """One call of ``MeteredPlatform.ask``: which of its n rows are answered so far, and how."""

    def __init__(self, metered: MeteredPlatform, x: Pixels, keys: list[str]) -> None:
        self.metered = metered
        self.card = metered.card
        self.x = x
        self.keys = keys
        self.names = digests(x)
        self.answered = np.zeros(len(x), dtype=bool)
        self.labels = np.zeros(len(x), dtype=np.int64)
        k = len(self.card.classes)
        self.scores = np.zeros((len(x), k)) if self.card.gives == "scores" else None  # (n, k)

    def answer_rows(self, rows: Rows, purpose: Purpose) -> None:
        """Answer the rows of one purpose as far as the budget goes."""
        self.look_up(rows, purpose)
        pending = rows[~self.answered[rows]]
        while len(pending):
            # Where an input stands in several rows, another row's key may afford it.
            first = {self.names[i]: i for i in pending[::-1].tolist()}
            distinct = np.array(sorted(first.values()), dtype=np.intp)
            for start in range(0, len(distinct), self.metered.rows_at_once):
                self.ask_some(distinct[start : start + self.metered.rows_at_once], purpose)
            rest = np.setdiff1d(pending, distinct)
            self.look_up(rest, purpose)
            pending = rest[~self.answered[rest]]
        self.look_up(rows[~self.answered[rows]], purpose)  # what a later row's key has paid for

    def ask_some(self, rows: Rows, purpose: Purpose) -> None:
        """Reserve, ask and store these rows, each of another input.

        What an earlier attempt has left behind is asked first, and as it was asked then: the
        platform may know it by its idempotency key.
        """
        metered, ledger, platform = self.metered, self.metered.ledger, self.card.id
        names, keys = [self.names[i] for i in rows], [self.keys[i] for i in rows]
        kept = self.x[rows] if metered.keep_pixels else None
        with ledger.asking(), heeded():
            reserved = ledger.reserve(platform, names, keys, metered.budget, kept)
            attempts: dict[str, list[int]] = {}
            for place in np.flatnonzero(reserved.ask).tolist():
                attempts.setdefault(reserved.attempts[place], []).append(place)
            fresh = attempts.pop("", [])
            try:
                for left in attempts.values():
                    self.ask_platform(rows[left], [reserved.keys[i] for i in left], fresh=False)
                begun = fresh
                fresh = []
                if begun:
                    self.ask_platform(rows[begun], [reserved.keys[i] for i in begun], fresh=True)
            finally:
                if fresh:  # they were never asked
                    ledger.release(platform, [names[i] for i in fresh], [keys[i] for i in fresh])
        self.look_up(rows[reserved.answered], purpose)

    def ask_platform(self, rows: Rows, keys: list[str], fresh: bool) -> None:
        """Ask, and store each answer as it comes.

        What was counted just now (``fresh``) and the platform surely did not meter is taken back;
        what an earlier attempt has counted may have been metered then.
        """
        ledger, platform = self.metered.ledger, self.card.id
        names = [self.names[i] for i in rows]
        refused: list[int] = []

        def take(part: Part) -> None:
            if part.answers is not None:
                places = list(part.rows)
                some = [names[i] for i in places], [keys[i] for i in places]
                self.store(rows[places], *some, check_answers(part.answers, len(places), self.card))
            refused.extend(part.refused)
            if fresh:
                release(part.refused)

        def release(places: Sequence[int]) -> None:
            ledger.release(platform, [names[i] for i in places], [keys[i] for i in places])

        try:
            _ask_in_parts(self.metered.platform, self.x[rows], keys, take)
        except QuotaError as error:
            if not refused:
                raise self.partial(error) from error
        except PlatformError as error:
            raise self.partial(error) from error
        except InputError:  # it never came to asking
            if fresh:
                release(range(len(rows)))
            raise

    def store(self, rows: Rows, names: list[bytes], keys: list[str], answers: Answers) -> None:
        self.metered.ledger.answer(self.card.id, names, keys, answers)
        self.fill(rows, answers)

    def look_up(self, rows: Rows, purpose: Purpose) -> None:
        """Take from the ledger what it knows of these rows."""
        ledger, platform = self.metered.ledger, self.card.id
        found, answers = ledger.answers(platform, [self.names[i] for i in rows], purpose)
        if not found.any():
            return
        if self.scores is not None and (
            answers.probabilities is None or answers.probabilities.shape[1] != len(self.scores.T)
        ):
            raise InputError(
                f"Expected scores for {len(self.card.classes)} labels of {platform} in "
                f"{ledger.path}, got answers without. Use another ledger for this platform."
            )
        self.fill(rows[found], check_stored(answers, int(found.sum()), self.card, ledger.path))

    def fill(self, rows: Rows, answers: Answers) -> None:
        self.answered[rows] = True
        self.labels[rows] = answers.labels
        if self.scores is not None and answers.probabilities is not None:
            self.scores[rows] = answers.probabilities

    def answers(self) -> Answers:
        """Return the answers to the rows that have one, in their order."""
        return Answers(self.labels, self.scores).take(self.answered)

    def partial(self, error: PlatformError) -> PartialError:
        """Return the platform's error with all that was answered in this call."""
        kind = PartialQuotaError if isinstance(error, QuotaError) else PartialError
        return kind(str(error), self.answered, self.answers())

    def spent(self) -> PartialQuotaError:
        """Return the error that says which keys have no queries left."""
        open_rows = np.flatnonzero(~self.answered).tolist()
        names = sorted({self.keys[i] for i in open_rows})
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        limit = "" if self.metered.budget is None else f" of {self.metered.budget} queries a key"
        return PartialQuotaError(
            f"Expected answers to {len(self.keys)} questions, got {int(self.answered.sum())}: the "
            f"budget{limit} is spent for {len(names)} {'key' if len(names) == 1 else 'keys'} "
            f"({shown}). Ask fewer questions a member, add members, or go on with what was "
            "answered.",
            self.answered,
            self.answers(),
            ~self.answered,
        )


def _ask_in_parts(
    platform: Platform, x: Pixels, keys: list[str], take: Callable[[Part], None]
) -> None:
    """Ask any platform as if it was one that answers in parts."""
    if isinstance(platform, PartwisePlatform):
        platform.ask_parts(x, keys, take)
        return
    try:
        answers = platform.ask(x, keys)
    except PartialError as error:
        came = tuple(np.flatnonzero(error.answered).tolist())
        take(Part(came, error.answers, tuple(np.flatnonzero(error.refused).tolist())))
        raise
    take(Part(tuple(range(len(x))), answers))
