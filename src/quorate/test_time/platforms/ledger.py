"""Every question ever put to a platform, in SQLite: nothing is asked twice, no budget is overspent.

A question is named by its content. It is reserved before it is asked and answered once its answer
is on the disk; a reserved one counts as spent, since a run that was killed may have been metered.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from quorate.errors import InputError, QuotaError
from quorate.table import Mask, Probabilities
from quorate.test_time.platforms.ledger_file import LedgerFile
from quorate.test_time.platforms.platform import EVALUATION, Answers, Pixels

AT_ONCE = 500  # digests in one query
ROWS_AT_ONCE = 64  # rows in one statement, of 8 values each: older SQLite takes 999
SAME = 1e-4  # scores this near are one answer: a GPU rounds otherwise in another batch

Purpose = Literal["pooled", "evaluation"]
POOLED: Purpose = "pooled"


def purpose_of(key: str) -> Purpose:
    """Return what a key's questions are counted as."""
    return "evaluation" if key == EVALUATION else "pooled"


@dataclass(frozen=True, eq=False)
class Reservation:
    """What is reserved for n questions, and what is to be done about each.

    Args:
        answered: the ledger has the answer, (n,).
        ask: ask these, under ``keys``, (n,).
        fresh: of these, the ones counted just now; the others an earlier attempt left behind, (n,).
        over: the key's budget is spent, (n,).
        keys: key that each is asked under, on which it was first counted.
        attempts: names the earlier attempt that has left each behind; "" for those it is not, (n,).
    """

    answered: Mask
    ask: Mask
    fresh: Mask
    over: Mask
    keys: tuple[str, ...]
    attempts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Row:
    key: str
    purpose: str
    state: str
    label: int | None
    scores: bytes | None
    reserved_at: str = ""


class Ledger(LedgerFile):
    """The questions and answers of one file. Threads may share it; processes open their own.

    Args:
        path: the file; it is made where there is none.

    Raises:
        StoreError: the file is not a whole ledger of this version or an older one, or the disk
            is full.
    """

    # ------------------------------------------------------------------------- who asks

    def reserve(
        self,
        platform: str,
        digests: Sequence[bytes],
        keys: Sequence[str],
        budget: int | None,
        x: Pixels | None = None,
    ) -> Reservation:
        """Count questions on their keys, in order, as far as each key's budget goes.

        The collective's questions are answered from the collective's answers; evaluation, which
        has no budget, from all. Exact whoever else is writing.

        Args:
            platform: id of the model.
            digests: the questions' names, (n,), each once.
            keys: key that each question is asked under, (n,).
            budget: queries per key; None is without end.
            x: the images, (n, c, h, w), where they shall be kept.
        """
        if len(set(digests)) != len(digests):
            raise InputError("Expected every question once, got some twice. Leave the copies out.")
        with self._transaction() as db:
            known = self._rows(platform, digests)
            left = self._left(platform, keys, budget)
            told = [
                _decide(known.get(d, []), key, left) for d, key in zip(digests, keys, strict=True)
            ]
            state = np.array([what for what, _, _ in told], dtype="U8")
            found = Reservation(
                answered=state == "answered",
                ask=(state == "fresh") | (state == "reserved"),
                fresh=state == "fresh",
                over=state == "over",
                keys=tuple(key for _, key, _ in told),
                attempts=tuple(attempt for _, _, attempt in told),
            )
            now = _now("microseconds")  # which names this attempt
            fresh: list[int] = np.flatnonzero(found.fresh).tolist()
            db.executemany(
                "INSERT INTO question (platform, digest, key, purpose, state, reserved_at) "
                "VALUES (?, ?, ?, ?, 'reserved', ?)",
                [(platform, digests[i], keys[i], purpose_of(keys[i]), now) for i in fresh],
            )
            if x is not None:
                db.executemany(
                    "INSERT INTO image VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    [(digests[i], *_packed(x[i])) for i in fresh if keys[i] != EVALUATION],
                )
        return found

    def _left(self, platform: str, keys: Iterable[str], budget: int | None) -> dict[str, float]:
        """Return the queries that each key has left."""
        left: dict[str, float] = dict.fromkeys(keys, np.inf)
        if budget is not None:
            for key, spent in self._spent_on(platform, left.keys() - {EVALUATION}).items():
                left[key] = budget - spent
        return left

    def release(self, platform: str, digests: Sequence[bytes], keys: Sequence[str]) -> None:
        """Take back questions that the platform surely did not meter; answered ones stay."""
        with self._transaction() as db:
            db.executemany(
                "DELETE FROM question WHERE platform = ? AND digest = ? AND key = ? "
                "AND state = 'reserved'",
                [(platform, d, key) for d, key in zip(digests, keys, strict=True)],
            )

    def answer(
        self, platform: str, digests: Sequence[bytes], keys: Sequence[str], answers: Answers
    ) -> None:
        """Store the answers to reserved questions: durable once this returns.

        Where an input has an answer already, the first stays, and another one is a contradiction.
        """
        with self._transaction() as db:
            known = self._rows(platform, digests)
            for i, (digest, key) in enumerate(zip(digests, keys, strict=True)):
                label, scores = int(answers.labels[i]), _blob(answers, i)
                self._compare(platform, digest, key, known.get(digest, []), label, scores)
                db.execute(
                    "UPDATE question SET state = 'answered', label = ?, scores = ?, "
                    "answered_at = ? WHERE platform = ? AND digest = ? AND key = ? "
                    "AND state = 'reserved'",
                    (label, scores, _now(), platform, digest, key),
                )

    def charge(
        self,
        platform: str,
        digests: Sequence[bytes],
        keys: str | Sequence[str],
        answers: Answers,
        budget: int | None,
    ) -> bool:
        """Store answers and count them on keys, in one transaction; what a key has paid is free.

        Return whether all are stored: none had been paid for before, and has an answer of its own.

        Args:
            platform: id of the model.
            digests: the questions' names, (n,).
            keys: the key that asks, or that of each question, (n,): no question twice for a key.
            answers: the answers, n.
            budget: queries per key; None is without end.

        Raises:
            QuotaError: a key has fewer queries left; nothing is stored or counted.
        """
        payers = _each(keys, digests)
        with self._transaction() as db:
            known = self._rows(platform, digests)
            paid = {(d, row.key) for d, rows in known.items() for row in rows}
            new = [
                i for i, asked in enumerate(zip(digests, payers, strict=True)) if asked not in paid
            ]
            left = self._left(platform, payers, budget)
            for key, n in Counter(payers[i] for i in new).items():
                if n > left[key]:
                    raise QuotaError(
                        f"Expected at most {left[key]:.0f} new questions from {key}, got {n}. Its "
                        f"budget of {budget} is spent; ask with another key."
                    )
            now = _now()
            rows: list[tuple[object, ...]] = []
            for i in new:
                key, label, scores = payers[i], int(answers.labels[i]), _blob(answers, i)
                self._compare(platform, digests[i], key, known.get(digests[i], []), label, scores)
                rows.append((platform, digests[i], key, purpose_of(key), label, scores, now, now))
            for start in range(0, len(rows), ROWS_AT_ONCE):  # one statement: a thread waits once
                some = rows[start : start + ROWS_AT_ONCE]
                places = ", ".join(["(NULL, ?, ?, ?, ?, 'answered', ?, ?, ?, ?)"] * len(some))
                values = [value for row in some for value in row]
                db.execute(f"INSERT INTO question VALUES {places}", values)
        return len(new) == len(digests)

    def take_over(self, other: Ledger) -> None:
        """Take over all that another ledger has answered; what is answered here stays as it is."""
        columns = "platform, digest, key, purpose, state, label, scores, reserved_at, answered_at"
        query = f"SELECT {columns} FROM question WHERE state = 'answered' ORDER BY number"
        with other._using, other._explained():
            rows = other._db.execute(query).fetchall()
        with self._transaction() as db:
            db.executemany(
                f"INSERT INTO question ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (platform, digest, key) DO UPDATE SET state = excluded.state, "
                "label = excluded.label, scores = excluded.scores, "
                "answered_at = excluded.answered_at WHERE state = 'reserved'",
                rows,
            )

    def _compare(
        self,
        platform: str,
        digest: bytes,
        key: str,
        known: list[_Row],
        label: int,
        scores: bytes | None,
    ) -> None:
        """Record an answer that differs from one that is stored."""
        first = next((row for row in known if row.state == "answered"), None)
        if first is None or (first.label == label and _near(first.scores, scores)):
            return
        self._db.execute(
            "INSERT INTO contradiction (platform, digest, key, label, scores, stored_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (platform, digest, key, label, scores, _now()),
        )

    # ------------------------------------------------------------------------- what is known

    def answers(
        self, platform: str, digests: Sequence[bytes], purpose: Purpose = POOLED
    ) -> tuple[Mask, Answers]:
        """Return which of n questions are answered for ``purpose``, (n,), and these answers.

        Scores are given where every one of these answers has them.
        """
        with self._using, self._explained():
            known = self._rows(platform, digests)
            return _read([_answered(known.get(d, []), purpose) for d in digests])

    def paid(
        self, platform: str, digests: Sequence[bytes], keys: str | Sequence[str]
    ) -> tuple[Mask, Answers]:
        """Return which of n questions one key, or each its own, has had answered, and the answers.

        The first is a mask, (n,).
        """
        with self._using, self._explained():
            known = self._rows(platform, digests)
            mine = {
                (d, row.key): row
                for d, rows in known.items()
                for row in rows
                if row.state == "answered"
            }
            return _read(
                [mine.get(asked) for asked in zip(digests, _each(keys, digests), strict=True)]
            )

    def kept(self, platform: str) -> tuple[Pixels, Answers]:
        """Return the images kept of the collective's answered questions, (n, c, h, w), and answers.

        In the order in which they were asked. (0, 0, 0, 0) where none was kept.
        """
        query = (
            "SELECT image.shape, image.pixels, min(number), label, scores FROM question "
            "JOIN image USING (digest) WHERE platform = ? AND purpose = 'pooled' "
            "AND state = 'answered' GROUP BY digest ORDER BY 3"
        )
        with self._using, self._explained():
            found = self._db.execute(query, (platform,)).fetchall()
            _, answers = _read([_Row("", "pooled", "answered", row[3], row[4]) for row in found])
            images = [_unpacked(row[0], row[1]) for row in found]
        return np.stack(images) if images else np.zeros((0, 0, 0, 0), dtype=np.uint8), answers

    def spent(self, platform: str, key: str | None = None, purpose: Purpose = POOLED) -> int:
        """Return how many questions were counted, on one key or on all of ``purpose``."""
        with self._using, self._explained():
            return self._spent(platform, key, purpose)

    def _spent(self, platform: str, key: str | None, purpose: Purpose = POOLED) -> int:
        query = "SELECT count(*) FROM question WHERE platform = ? AND purpose = ?"
        where = (platform, purpose if key is None else purpose_of(key))
        if key is None:
            return int(self._db.execute(query, where).fetchone()[0])
        return int(self._db.execute(query + " AND key = ?", (*where, key)).fetchone()[0])

    def spent_on(self, platform: str, keys: Iterable[str]) -> dict[str, int]:
        """Return how many questions were counted on each of these keys."""
        with self._using, self._explained():
            return self._spent_on(platform, keys)

    def _spent_on(self, platform: str, keys: Iterable[str]) -> dict[str, int]:
        wanted = sorted(set(keys))
        spent = dict.fromkeys(wanted, 0)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            query = (
                "SELECT key, purpose, count(*) FROM question WHERE platform = ? AND purpose IN "
                f"('pooled', 'evaluation') AND key IN ({', '.join('?' * len(some))}) "
                "GROUP BY key, purpose"
            )
            for key, purpose, n in self._db.execute(query, (platform, *some)):
                spent[key] += n if purpose == purpose_of(key) else 0
        return spent

    def spent_by_key(self, platform: str) -> Counter[str]:
        """Return how many of the collective's questions were counted on each key."""
        query = (
            "SELECT key, count(*) FROM question WHERE platform = ? AND purpose = 'pooled' "
            "GROUP BY key ORDER BY key"
        )
        with self._using, self._explained():
            return Counter(dict(self._db.execute(query, (platform,)).fetchall()))

    def contradictions(self, platform: str) -> int:
        """Return how many answers differed from an earlier one to the same input."""
        query = "SELECT count(*) FROM contradiction WHERE platform = ?"
        with self._using, self._explained():
            return int(self._db.execute(query, (platform,)).fetchone()[0])

    def _rows(self, platform: str, digests: Sequence[bytes]) -> dict[bytes, list[_Row]]:
        """Return what is stored of each question, the first asked first."""
        known: dict[bytes, list[_Row]] = {}
        for start in range(0, len(digests), AT_ONCE):
            some = digests[start : start + AT_ONCE]
            query = (
                "SELECT digest, key, purpose, state, label, scores, reserved_at FROM question "
                f"WHERE platform = ? AND digest IN ({', '.join('?' * len(some))}) ORDER BY number"
            )
            for digest, *row in self._db.execute(query, (platform, *some)):
                known.setdefault(digest, []).append(_Row(*row))
        return known


def _decide(rows: list[_Row], key: str, left: dict[str, float]) -> tuple[str, str, str]:
    """Return a question's state, who it is asked under and since when; count it where it is new."""
    if _answered(rows, purpose_of(key)):
        return "answered", key, ""
    mine = [row for row in rows if row.purpose == purpose_of(key)]
    if mine:
        first = next((row for row in mine if row.key == key), mine[0])
        return "reserved", first.key, first.reserved_at
    if left[key] < 1:
        return "over", key, ""
    left[key] -= 1
    return "fresh", key, ""


def _answered(rows: list[_Row], purpose: Purpose) -> _Row | None:
    """Return the first answer that ``purpose`` may use."""
    usable = (r for r in rows if r.state == "answered" and purpose in ("evaluation", r.purpose))
    return next(usable, None)


def _read(rows: Sequence[_Row | None]) -> tuple[Mask, Answers]:
    mask = np.array([row is not None for row in rows], dtype=bool)
    found = [row for row in rows if row is not None]
    if any(row.label is None or row.label < 0 for row in found):
        raise sqlite3.DatabaseError("an answer without a label")
    labels = np.array([row.label for row in found], dtype=np.int64)
    blobs = [row.scores for row in found if row.scores is not None]
    scores: Probabilities | None = None
    if len({len(blob) for blob in blobs}) > 1 or any(len(blob) % 8 for blob in blobs):
        raise sqlite3.DatabaseError("scores of different lengths")
    if blobs and len(blobs) == len(found):
        scores = np.frombuffer(b"".join(blobs), dtype="<f8").reshape(len(found), -1).copy()
    return mask, Answers(labels, scores)


def _each(keys: str | Sequence[str], digests: Sequence[bytes]) -> Sequence[str]:
    """Return the key of each question."""
    return [keys] * len(digests) if isinstance(keys, str) else keys


def _blob(answers: Answers, row: int) -> bytes | None:
    if answers.probabilities is None:
        return None
    return np.asarray(answers.probabilities[row], dtype="<f8").tobytes()


def _near(one: bytes | None, other: bytes | None) -> bool:
    if one is None or other is None:
        return True  # one of them told the label only
    a, b = np.frombuffer(one, dtype="<f8"), np.frombuffer(other, dtype="<f8")
    return a.shape == b.shape and bool(np.abs(a - b).max() <= SAME)


def _packed(image: Pixels) -> tuple[str, bytes]:
    return ",".join(map(str, image.shape)), zlib.compress(np.ascontiguousarray(image).tobytes(), 1)


def _unpacked(shape: str, pixels: bytes) -> Pixels:
    plain = np.frombuffer(zlib.decompress(pixels), dtype=np.uint8)
    return plain.reshape([int(axis) for axis in shape.split(",")])


def _now(precision: str = "seconds") -> str:
    return datetime.now(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
