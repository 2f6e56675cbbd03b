"""What the server starts beside itself: a thread that has changes crafted, tried and published.

The work is done by an executor's worker, which yields to the server; this thread reads what is
stored, waits, and has the one writer store what came of it. A job that a server was killed in is
taken up again from its beginning, which gives the same bytes; what it stores, it stores once.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, func, select

from quorate.collective.plans import TestPlan
from quorate.collective.service import campaigns, publishing, questions
from quorate.collective.service.questions import POOL, Question
from quorate.collective.storage import schema
from quorate.collective.storage.database import Database
from quorate.collective.storage.writer import Body, Operation, Writer
from quorate.errors import QuorateError
from quorate.executors.executor import Executor, Workers
from quorate.executors.opening import LazyPool
from quorate.executors.processes import Processes
from quorate.printable import one_line
from quorate.runs.cell import Cell, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store

ACTOR = "worker"
PAUSE = 1.0  # seconds between looks for something to do
MOST_WORDS = 2000  # letters of a message


class _StopError(Exception):
    """The server ends."""


class _Pool(LazyPool):
    """An executor's workers, which are left as soon as the server ends."""

    def __init__(
        self, executor: Executor, stack: contextlib.ExitStack, stop: threading.Event
    ) -> None:
        super().__init__(executor, stack)
        self._stop = stop

    def look(self) -> Workers | None:
        """Return how the workers are; it is asked about twice a second."""
        if self._stop.is_set():
            raise _StopError
        return super().look()


class Publisher:
    """Crafts, tries and publishes changes, one at a time; use it as a context manager.

    Args:
        database: where campaigns are.
        writer: the one that writes to it.
        executor: where the work is done; by default a process of its own on this machine.
        pause: seconds between looks for something to do.
    """

    def __init__(
        self,
        database: Database,
        writer: Writer,
        executor: Executor | None = None,
        pause: float = PAUSE,
    ) -> None:
        self._database, self._writer, self._pause = database, writer, pause
        self._executor = Processes(1) if executor is None else executor
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="publisher", daemon=True)

    def __enter__(self) -> Publisher:
        self._executor.check()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self.work()
            except _StopError:
                return
            except Exception:  # such as a database that is away for a moment
                logging.getLogger(__name__).exception("The publisher could not look for work.")
            self._stop.wait(self._pause)

    def work(self) -> None:
        """Do what there is to do, and return when nothing is left."""
        while not self._stop.is_set():
            self._end_trials()
            with self._database.read() as connection:
                waiting = publishing.unfinished_jobs(connection)
            if not waiting:
                return
            self._do(waiting[0])

    def _write(self, operation: Operation) -> Body:
        return self._writer.do(operation, actor=ACTOR)

    def _end_trials(self) -> None:
        """Start to publish what every trial question of is answered, unless that failed before."""
        q, a = schema.question, schema.answer
        with self._database.read() as connection:
            measuring = select(schema.campaign.c.id).where(schema.campaign.c.state == "measuring")
            for (id_,) in connection.execute(measuring).all():
                trial = (q.c.campaign == id_, q.c.purpose != POOL)
                job = publishing.find_job(connection, id_)
                left = select(func.sum(q.c.left)).where(*trial)
                held = select(func.count()).select_from(a).join(q, q.c.id == a.c.question)
                held = held.where(*trial, a.c.label.is_(None))
                over = (
                    not connection.execute(left).scalar() and not connection.execute(held).scalar()
                )
                if over and job is not None and (job.kind, job.state) == ("craft", "done"):
                    self._write(publishing.Start(id_, "publish"))

    def _do(self, job: Row[Any]) -> None:
        """Do one job, or say in a sentence why it cannot be done."""
        doing = self._craft if job.kind == "craft" else self._publish
        try:
            with self._database.read() as connection:
                campaign = campaigns.find(connection, job.campaign)
            if campaign.state not in ("crafting", "measuring"):
                why = f"The campaign is {campaign.state}."
                self._write(publishing.SetJob(job.id, "failed", why))
                return
            plan = questions.plan_of(campaign)
            self._write(doing(job, campaign, plan))
        except QuorateError as error:
            why = one_line(str(error), MOST_WORDS)
            self._write(publishing.Fail(job.campaign, job.id, why))
        except _StopError:
            raise
        except Exception as error:
            logging.getLogger(__name__).exception("A job failed.")
            why = f"The worker failed with {type(error).__name__}. The server's log says where."
            self._write(publishing.Fail(job.campaign, job.id, why))

    def _run(self, work: Work[Any], cell: Cell) -> Record:
        """Have a cell computed by a worker, and return its record."""
        with contextlib.ExitStack() as stack, Store(None) as store:
            pool = _Pool(self._executor, stack, self._stop)
            return run_missing(work, [cell], store, pool, "Publishing")[0]

    def _craft(self, job: Row[Any], campaign: Row[Any], plan: TestPlan) -> Operation:
        from quorate.collective.publishing.crafting import TRIAL, CraftingCell, CraftingWork
        from quorate.collective.publishing.settings import read_settings
        from quorate.collective.publishing.stored import members_of, read_answers
        from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION

        settings = read_settings(plan)
        with self._database.read() as connection:
            stored = read_answers(connection, campaign.id, plan, trial=False)
            members = [row.id for row in members_of(connection, campaign.id)]
        asking = len(set(stored.member.tolist()))
        reserved = int(plan.queries * plan.reserved)
        cell = CraftingCell(stored, settings, reserved, plan.doubled)
        said = f"Learning from {len(stored.label):,} answers of {asking} members, and crafting."
        self._write(publishing.SetJob(job.id, "running", said))
        record = self._run(CraftingWork(), cell)
        plain = dict(record.plain)
        trial = [
            Question(
                record.files[TRIAL.format(place)],
                one["label"],
                one["in_subgroup"],
                one["photo"],
                one["purpose"],
            )
            for place, one in enumerate(plain.pop("trial"))
        ]
        free = base64.b64encode(record.files[LABEL_FREE]).decode()
        excluded = {members[int(number)]: why for number, why in plain["left_out"].items()}
        facts = {
            "pool": plain["pool"],
            "answers": plain["answers"],
            "left_out": len(excluded),
            "trial": len(trial),
        }
        return publishing.StartTrial(
            campaign.id,
            job.id,
            record.files[PERTURBATION],
            excluded,
            trial,
            facts,
            {"crafted": plain, "free": free},
        )

    def _publish(self, job: Row[Any], campaign: Row[Any], plan: TestPlan) -> Operation:
        from quorate.collective.publishing.report import CampaignFacts
        from quorate.collective.publishing.settings import read_settings
        from quorate.collective.publishing.stored import read_answers
        from quorate.collective.publishing.trying import TrialCell, TrialWork
        from quorate.test_time.study.outcome import PERTURBATION

        with self._database.read() as connection:
            change = publishing.find_change(connection, campaign.id)
            pool, trial = (
                read_answers(connection, campaign.id, plan, trial=part) for part in (False, True)
            )
        self._write(publishing.SetJob(job.id, "running", "Measuring, and writing the report."))
        draft: Mapping[str, Any] = change.report
        facts = CampaignFacts(campaign.id, campaign.title, plan.platform, plan.proxy, plan.queries)
        cell = TrialCell(
            facts,
            read_settings(plan),
            draft["crafted"],
            change.npz,
            base64.b64decode(draft["free"]),
            pool,
            trial,
        )
        record = self._run(TrialWork(), cell)
        return publishing.Publish(
            campaign.id,
            job.id,
            record.files[PERTURBATION],
            record.plain,
            record.files["report.html"].decode(),
            {"gap_closed": record.plain["on_platform"]["gap_closed"]},
        )
