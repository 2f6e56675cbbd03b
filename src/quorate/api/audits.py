"""Audits in Python: how few people move a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quorate.api.logs import telling

if TYPE_CHECKING:
    from quorate.api.accepted import AnyLearner, AnyLog, Place
    from quorate.auditing.result import ModelAuditResult
    from quorate.executors.choose import AnyExecutor


def audit(
    model: AnyLearner,
    data: Any,
    label: str | None = None,
    group: str | None = None,
    size: int | None = None,
    wanted: str | None = None,
    target: float = 0.5,
    people: int | None = None,
    seeds: int = 5,
    budget: int = 400,
    minutes: float | None = None,
    against: Place | None = None,
    out: Place | None = None,
    *,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
) -> ModelAuditResult:
    """Audit a model: how few people, acting together on their own data, can move it?

    Args:
        model: a learner's name, an import path such as ``mypackage.train:fit``, an estimator or
            pipeline, or a function ``fit(X, y)``.
        data: a CSV or Parquet file, a data frame, arrays, or a population.
        label: column of the labels, of a file or a frame.
        group: column of the groups, of a file or a frame; None for no groups.
        size: number of people on the platform; by default those in the data.
        wanted: label that collectives want; by default the rarest.
        target: part of the way from what the model does alone to all that a collective wants, from
            which on it counts as moved, in (0, 1].
        people: number of people each model is trained on; by default at most 4,000.
        seeds: number of seeds on which gains and costs are measured, at least 2.
        budget: largest number of trainings.
        minutes: longest time for trainings, in minutes; None for no limit.
        against: folder of an earlier audit, whose attacks are repeated; ``.regression`` of the
            result says where fewer people are enough now, beyond noise.
        out: folder to store trainings in; run again, it does only what is missing.
        jobs, executor, device, log: as for ``curve``.

    Raises:
        InputError: a name or a value is not known or out of range, the model cannot learn from
            these people, or nothing can be tried on them.
        StoreError: the folder or the earlier audit cannot be read, or the folder be written.
        WorkerError: workers died again and again; what is stored is kept.
    """
    given = dict(locals())
    from quorate.auditing.audit import make_audit
    from quorate.auditing.running import run_audit
    from quorate.executors.choose import choose_executor

    asked = make_audit(
        model=model,
        data=data,
        label=label,
        group=group,
        size=size,
        wanted=wanted,
        target=target,
        people=people,
        seeds=seeds,
        budget=budget,
        minutes=minutes,
    )
    with telling(log, "audit", given) as logs:
        found = run_audit(asked, out, choose_executor(jobs, executor), device, against)
        return logs.tell(found)
