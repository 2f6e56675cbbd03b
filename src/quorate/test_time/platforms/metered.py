"""A platform behind a ledger: nothing is asked twice, and every answer is on the disk at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError, PlatformError, QuotaError
from quorate.test_time.platforms.answers import PartialError, PartialQuotaError, check_answers
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
        """Reserve, ask and store these rows, each of another input."""
        metered, ledger, platform = self.metered, self.metered.ledger, self.card.id
        names, keys = [self.names[i] for i in rows], [self.keys[i] for i in rows]
        kept = self.x[rows] if metered.keep_pixels else None
        with ledger.asking():
            reserved = ledger.reserve(platform, names, keys, metered.budget, kept)
            if reserved.ask.any():
                places = np.flatnonzero(reserved.ask).tolist()
                asking = [reserved.keys[i] for i in places]
                self.ask_platform(rows[reserved.ask], asking, reserved.fresh[places])
        self.look_up(rows[reserved.answered], purpose)

    def ask_platform(self, rows: Rows, keys: list[str], fresh: npt.NDArray[np.bool_]) -> None:
        """Ask and store; what the platform surely did not meter is taken back."""
        ledger, platform = self.metered.ledger, self.card.id
        names = [self.names[i] for i in rows]
        try:
            answers = self.metered.platform.ask(self.x[rows], keys)
            self.store(rows, names, keys, check_answers(answers, len(rows), self.card))
        except PartialError as error:
            came = np.flatnonzero(error.answered).tolist()
            checked = check_answers(error.answers, len(came), self.card)
            self.store(rows[came], [names[i] for i in came], [keys[i] for i in came], checked)
            gone = np.flatnonzero(error.refused).tolist()
            ledger.release(platform, [names[i] for i in gone], [keys[i] for i in gone])
            if not (isinstance(error, QuotaError) and gone):
                raise self.partial(error) from error
        except InputError:  # it never came to asking
            new = np.flatnonzero(fresh).tolist()
            ledger.release(platform, [names[i] for i in new], [keys[i] for i in new])
            raise
        except PlatformError as error:
            raise self.partial(error) from error

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
        self.fill(rows[found], answers)

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
