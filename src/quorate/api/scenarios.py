"""Scenarios and plans in Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from quorate.api.logs import telling

if TYPE_CHECKING:
    import pandas as pd

    from quorate.api.accepted import AnyLearner, AnyLog, Names, Place
    from quorate.executors.choose import AnyExecutor
    from quorate.planning.certify import PlanGoal
    from quorate.planning.result import Plan
    from quorate.planning.suggest import Multiplicity
    from quorate.scenarios.scenario import Scenario, ScenarioRun
    from quorate.theory.acquaintances import Kind
    from quorate.theory.suboptimality import Reading


def plan(
    members: Place | pd.DataFrame,
    label: str,
    platform_size: int,
    target: str | None = None,
    signal: str | None = None,
    suggest: int | None = None,
    *,
    goal: PlanGoal = "plant",
    attribute: str | None = None,
    success: float = 0.9,
    confidence: float = 0.95,
    eps: float = 0.0,
    reading: Reading = "tv",
    columns: Names | None = None,
    ignore: Names | None = None,
    labels: Names | None = None,
    bins: int = 4,
    new_values: bool = False,
    missing: Names | None = None,
    text: Names | None = None,
    keep: Names | None = None,
    decimal: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    cost: str | None = None,
    multiplicity: Multiplicity = "union",
    learner: str | Iterable[AnyLearner] | None = None,
    simulate: bool = True,
    rehearse: bool | None = None,
    seeds: int = 3,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
) -> Plan:
    """Plan a collective: how many members, doing what, and how sure they can be.

    What is certified rests on the members' own rows; what is rehearsed holds for one learner; what
    is simulated is a forecast. Lists are text with commas, or lists of texts.

    Args:
        members: the members' rows: a file, .csv or .parquet, or a pandas frame.
        label: column of the labels.
        platform_size: number of people whom the platform learns from, members among them.
        target: label to plant, or to keep off; none with the goal ``"erase"``.
        signal: signal (backdoor trigger) that members set, as ``"COLUMN=VALUE,COLUMN=VALUE"``.
        suggest: in its place, search for signals, keep this many, and plan for the best.
        goal: ``"plant"``, ``"plant-feature-only"``, ``"unplant"`` or ``"erase"``.
        attribute: column that shall not matter, with the goal ``"erase"``.
        success: success to certify, in [0, 1].
        confidence: of the certificate, in (0, 1).
        eps, reading: how far the platform may be from the best classifier for its rows, in [0, 1),
            and how that is measured: ``"tv"`` or ``"huber"``.
        columns, ignore: columns that the platform learns from (all), and columns to leave out.
        labels: labels that the platform knows but no member has.
        bins: number of bins of a column of many numbers.
        new_values: whether the signal may set values that nobody has yet.
        missing, text, keep: texts that stand for a missing value; columns whose values are names
            even where they are numbers; columns to keep although they only number the rows.
        decimal, separator, encoding: how the file is written; by default this is found out.
        cost: cost of changing a column, as ``"COLUMN=NUMBER,..."``; 1 for each not named.
        multiplicity: how trying many signals is paid for: ``"union"`` (a union bound), or
            ``"split"`` (one part of the members chooses, the other certifies).
        learner: learner to rehearse and to simulate in place of the usual ones, or a list.
        simulate: whether platforms are simulated on members' rows.
        rehearse: whether the plan is rehearsed on halves of the members; by default as simulate.
        seeds: number of times that each training is simulated.
        jobs, executor, device, log: as for ``quorate.curve``. Members' rows are sent to workers.

    Raises:
        InputError: a name is unknown, or a value is out of range or missing.
        WorkerError: workers died again and again.
    """
    given = dict(locals())
    asked = {key: value for key, value in given.items() if key not in _ELSEWHERE}
    from quorate.executors.choose import choose_executor
    from quorate.planning.plan import make_plan, make_request

    request = make_request(**asked)
    with telling(log, "plan", given) as logs:
        return logs.tell(make_plan(members, request, choose_executor(jobs, executor), device))


_ELSEWHERE = ("members", "jobs", "executor", "device", "log")


def scenario(
    name: str | Scenario,
    out: Place | None = None,
    *,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
    **parameters: Any,
) -> ScenarioRun:
    """Run a scenario, a setting in which a collective acts.

    Args:
        name: which, as ``quorate list scenarios`` shows them; or its text or object, such as
            ``quorate.scenarios.Navigation(reports=(200,))``, whose parameters an editor completes.
        out: folder where finished parts are kept; None keeps nothing.
        jobs, executor, device, log: as for ``quorate.curve``.
        parameters: the scenario's own, where it is named.

    Returns:
        The run: ``.result`` is what came of it.

    Raises:
        InputError: there is no such scenario, or a parameter is not known or out of range.
        StoreError: the folder cannot be read or written; what it holds is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    from quorate.executors.choose import choose_executor
    from quorate.scenarios.scenario import run_scenario

    given = {"name": name, **parameters} if parameters else name
    with telling(log, "scenario", {"name": name, **parameters}) as logs:
        return logs.tell(run_scenario(given, out, choose_executor(jobs, executor), device))


def participation(
    run: Place,
    out: Place | None = None,
    *,
    learner: str | None = None,
    strategy: str | None = None,
    cost: float = 0.1,
    share: float = 0.5,
    reach: float | None = None,
    belief: float = 0.001,
    spread: float = 0.5,
    target: float = 0.9,
    threshold: float | None = None,
    defectors: float = 0.1,
    noise: float = 0.2,
    network: Kind = "small-world",
    acquaintances: int = 10,
    starts: Iterable[float] = (0.0, 0.001, 0.01, 0.1, 0.5),
    rounds: int = 60,
    seed: int = 0,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    log: AnyLog = None,
) -> ScenarioRun:
    """Tell whether joining pays: the game of participation on a measured S(α).

    Acting costs k and brings all of S, staying out brings γS. The same as the scenario
    ``participation``; nothing is trained.

    Args:
        run: folder of measured curves: of a run, or of its report.
        out: folder where finished parts are kept; None keeps nothing.
        learner, strategy: whose curve is played on, by text or name; by default the first.
        cost: cost k of acting, in units of full success, at least 0.
        share: share γ of the success that reaches those who stay out, in [0, 1].
        reach: fraction of all people who may act, in (0, 1]; by default the largest size measured.
        belief, spread: median belief about how many act, a fraction of all people, and the
            standard deviation of its logarithm.
        target: S*, the success in [0, 1] at which α* is read off the curve.
        threshold: pledged size α*, in [0, 1]; by default as measured.
        defectors: fraction of those who pledged that do not act, in [0, 1).
        noise: standard deviation of the logarithm of the estimated α*.
        network, acquaintances: who sees whom: ``"complete"``, ``"ring"``, ``"small-world"`` or
            ``"random"``, and how many people each sees, even.
        starts: fractions of those who may act that begin; each is followed.
        rounds: most rounds of responses on the network.
        seed: of the network, and of who begins.
        jobs, executor, log: as for ``quorate.curve``.

    Raises:
        InputError: a parameter is out of range, or several curves fit.
        StoreError: the folder holds no measured curve.
    """
    shared = ("run", "out", "jobs", "executor", "log")
    game: dict[str, Any] = {key: one for key, one in locals().items() if key not in shared}
    game |= {"folder": str(run), "starts": tuple(starts)}
    return scenario("participation", out, jobs=jobs, executor=executor, log=log, **game)
