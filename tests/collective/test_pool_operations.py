"""Questions and answers in the database: given once, answered once, nothing lost on the way."""

import random
from collections import Counter
from typing import Any

import pytest
from coordinators import TEST, Coordinator
from sqlalchemy import event, func, select

from quorate.collective.plans import TestPlan
from quorate.collective.publishing.stored import read_answers
from quorate.collective.service import campaigns, leases, members, outcomes, publishing, questions
from quorate.collective.service.answers import Answer, Given
from quorate.collective.service.confirmations import Confirm
from quorate.collective.service.questions import AddQuestions, Question, Take
from quorate.collective.storage import schema
from quorate.test_time.http.service import RefusedError


def pictures(n: int, start: int = 0) -> list[Question]:
    return [Question(b"picture %d" % (start + i), i % 3, i % 2 == 0, i) for i in range(n)]


def asking(
    coordinator: Coordinator, n: int, members: int, invitations: int = 2, **plan: Any
) -> tuple[str, list[str]]:
    """Return a campaign in which n questions are asked, and its members."""
    changed = TestPlan(**{**vars(TEST), **plan})
    id_, token = coordinator.campaign(quorum=1, plan=changed)
    tokens = [token, *(coordinator.invite(id_) for _ in range(invitations - 1))]
    coordinator.do(AddQuestions(id_, pictures(n)))
    return id_, [coordinator.join(tokens[i % len(tokens)], pledge=True) for i in range(members)]


def take(coordinator: Coordinator, campaign: str, member: str, count: int) -> list[str]:
    told = coordinator.do(Take(campaign, member, count))
    return [one["question"] for one in told["questions"]]


def answer(coordinator: Coordinator, campaign: str, member: str, asked: list[str]) -> Any:
    return coordinator.do(Answer(campaign, member, [Given(one, 0) for one in asked]))


def rows(coordinator: Coordinator, table: Any) -> list[Any]:
    return coordinator.read(lambda connection: connection.execute(select(table)).all())


def check_left(coordinator: Coordinator) -> None:
    """What is left of each question is what the answers say."""
    held = Counter(row.question for row in rows(coordinator, schema.answer))
    for row in rows(coordinator, schema.question):
        assert row.left == row.wanted - held[row.id] >= 0


def test_every_question_is_answered_and_the_stated_share_twice(coordinator: Coordinator) -> None:
    id_, everyone = asking(coordinator, 40, members=6, doubled=0.25)
    chance = random.Random(1)
    busy = list(everyone)
    while busy:
        one = chance.choice(busy)
        asked = take(coordinator, id_, one, chance.randint(1, 9))
        if not asked:
            busy.remove(one)
        answer(coordinator, id_, one, asked)
    check_left(coordinator)
    answers = rows(coordinator, schema.answer)
    each = Counter(row.question for row in answers)
    assert sorted(each.values()) == [1] * 30 + [2] * 10
    assert len({(row.question, row.member) for row in answers}) == 50
    assert len({(row.question, row.invitation) for row in answers}) == 50  # two invitations
    assert coordinator.row(id_).answers == 50
    told = coordinator.read(questions.count, id_)
    assert told == {"pool": {"questions": 40, "wanted": 50, "not_given": 0}}
    assert coordinator.log(id_)[-1].facts["answers"] == 50


def test_people_of_one_invitation_confirm_one_another_only_where_there_is_no_other(
    coordinator: Coordinator,
) -> None:
    id_, (one, other) = asking(coordinator, 5, members=2, invitations=1, doubled=1.0)
    assert len(take(coordinator, id_, one, 9)) == len(take(coordinator, id_, other, 9)) == 5
    id_, (one, _, twin) = asking(coordinator, 5, members=3, invitations=2, doubled=1.0)
    assert len(take(coordinator, id_, one, 9)) == 5
    assert take(coordinator, id_, twin, 9) == []  # of the same invitation as the first


def test_two_who_take_turns_are_not_given_each_others_questions(
    coordinator: Coordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both take 20 of 250 turns: of the first's 8 or so that are doubled, the second has 20 in 250.
    monkeypatch.setattr(questions, "CHANCE", random.Random(0))
    id_, pair = asking(coordinator, 200, members=2, doubled=0.25)
    had: dict[str, list[str]] = {one: [] for one in pair}
    for one in pair * 4:
        given = take(coordinator, id_, one, 5)
        answer(coordinator, id_, one, given)
        had[one] += given
    assert all(len(mine) == 20 for mine in had.values())
    assert len(set(had[pair[0]]) & set(had[pair[1]])) <= 3
    check_left(coordinator)


def test_a_question_that_is_not_answered_in_time_is_given_to_others(
    coordinator: Coordinator,
) -> None:
    id_, (one, other) = asking(coordinator, 3, members=2, doubled=0)
    first = take(coordinator, id_, one, 3)
    assert sorted(take(coordinator, id_, one, 3)) == sorted(first)  # they are still theirs
    assert take(coordinator, id_, other, 3) == []
    answer(coordinator, id_, one, first[:1])
    coordinator.clock[0] += leases.LEASE
    coordinator.do(leases.take_back_overdue)
    check_left(coordinator)
    assert sorted(take(coordinator, id_, other, 3)) == sorted(first[1:])
    late = answer(coordinator, id_, one, first)
    assert (late["counted"], late["known"], late["late"]) == (0, 1, 2)


def test_two_leases_of_one_question_run_out_together(coordinator: Coordinator) -> None:
    id_, (one, other) = asking(coordinator, 1, members=2, doubled=1.0)
    assert take(coordinator, id_, one, 1) == take(coordinator, id_, other, 1)
    coordinator.clock[0] += leases.LEASE
    coordinator.do(leases.take_back_overdue)
    check_left(coordinator)


def test_budgets_and_rates_hold(coordinator: Coordinator) -> None:
    id_, (one,) = asking(coordinator, 50, 1, queries=10, reserved=0.3, rate="4/min", doubled=0)
    assert len(take(coordinator, id_, one, 50)) == 4
    answer(coordinator, id_, one, take(coordinator, id_, one, 50))
    assert take(coordinator, id_, one, 50) == []
    coordinator.clock[0] += 61
    answer(coordinator, id_, one, take(coordinator, id_, one, 50))
    coordinator.clock[0] += 61
    assert coordinator.row(id_).answers == 7  # three of ten are kept for trying the change
    assert take(coordinator, id_, one, 50) == []


def test_nobody_hoards_questions(coordinator: Coordinator) -> None:
    id_, (one,) = asking(coordinator, 250, 1, queries=1000, doubled=0)
    for _ in range(3):
        held = take(coordinator, id_, one, 150)
    assert len(held) == questions.MOST_AT_ONCE
    answer(coordinator, id_, one, held[:30])
    assert len(take(coordinator, id_, one, 20)) == questions.MOST_AT_ONCE - 10


def test_an_answer_cannot_be_changed_and_must_be_a_label(coordinator: Coordinator) -> None:
    id_, (one,) = asking(coordinator, 2, members=1)
    (first, _) = take(coordinator, id_, one, 2)
    answer(coordinator, id_, one, [first])
    with pytest.raises(RefusedError, match="Answers cannot be changed"):
        coordinator.do(Answer(id_, one, [Given(first, 1)]))
    with pytest.raises(RefusedError, match="Expected labels 0 to 2, got 3"):
        coordinator.do(Answer(id_, one, [Given(first, 3)]))


def test_nobody_is_asked_before_the_quorum(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=2, plan=TEST)
    one = coordinator.join(token, pledge=True)
    with pytest.raises(RefusedError, match="Nobody is asked to act before the quorum"):
        take(coordinator, id_, one, 1)
    with pytest.raises(RefusedError, match="nothing to report before the quorum"):
        coordinator.do(outcomes.Report(id_, one, [outcomes.Outcome(True)]))
    coordinator.join(token, pledge=True)
    idle = coordinator.join(token)
    with pytest.raises(RefusedError, match="Expected a pledge first"):
        take(coordinator, id_, idle, 1)


def test_pictures_that_are_there_already_are_counted(coordinator: Coordinator) -> None:
    id_, _ = coordinator.campaign(plan=TEST)
    assert coordinator.do(AddQuestions(id_, pictures(4)))["added"] == 4
    again = coordinator.do(AddQuestions(id_, pictures(4, start=2)))
    assert again == {"added": 2, "known": 2, "questions": 6}
    other, _ = coordinator.campaign(plan=TEST)
    assert coordinator.do(AddQuestions(other, pictures(4)))["added"] == 4


def test_what_is_brought_once_members_were_given_some_is_another_batch(
    coordinator: Coordinator,
) -> None:
    id_, token = coordinator.campaign(quorum=1, plan=TEST)
    one, q = coordinator.join(token, pledge=True), schema.question

    def batches() -> list[int]:
        wanted = select(q.c.batch, func.count()).where(q.c.campaign == id_)
        rows = coordinator.read(
            lambda connection: connection.execute(wanted.group_by(q.c.batch)).all()
        )
        return [count for _, count in sorted(tuple(row) for row in rows)]

    coordinator.do(AddQuestions(id_, pictures(3)))
    coordinator.do(AddQuestions(id_, pictures(2, start=3)))
    assert batches() == [5]
    take(coordinator, id_, one, 1)
    coordinator.do(AddQuestions(id_, pictures(4, start=5)))
    assert batches() == [5, 4]
    stored = coordinator.read(
        lambda connection: read_answers(connection, id_, TEST, trial=False).batch
    )
    assert sorted(stored.tolist()) == [0] * 5 + [1] * 4


def test_who_leaves_takes_answers_along_and_others_get_the_questions(
    coordinator: Coordinator,
) -> None:
    id_, (one, other) = asking(coordinator, 6, members=2, doubled=0)
    answer(coordinator, id_, one, take(coordinator, id_, one, 4))
    take(coordinator, id_, one, 6)
    coordinator.do(members.Delete(id_, one), one, "key")
    assert coordinator.row(id_).answers == 0
    check_left(coordinator)
    assert len(take(coordinator, id_, other, 9)) == 6


def test_confirmations_count_members_and_rows(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=2)
    one, other = coordinator.join(token, pledge=True), coordinator.join(token)
    with pytest.raises(RefusedError, match="Nobody is asked to act before the quorum"):
        coordinator.do(Confirm(id_, one, 5))
    coordinator.join(token, pledge=True)
    assert coordinator.do(Confirm(id_, one, 5)) == {"confirmed": 1, "rows": 5}
    assert coordinator.do(Confirm(id_, one, 7)) == {"confirmed": 1, "rows": 7}
    with pytest.raises(RefusedError, match="Expected a pledge first"):
        coordinator.do(Confirm(id_, other, 5))
    assert coordinator.do(Confirm(id_, one, 0)) == {"confirmed": 0, "rows": 0}


def test_outcomes_come_back_as_they_were_reported_and_outlast_their_members(
    coordinator: Coordinator,
) -> None:
    id_, token = coordinator.campaign(quorum=1)
    one, other = coordinator.join(token, pledge=True), coordinator.join(token)
    coordinator.clock[0] += 10
    coordinator.do(
        outcomes.Report(id_, one, [outcomes.Outcome(True), outcomes.Outcome(False, 1004)])
    )
    coordinator.do(outcomes.Report(id_, other, [outcomes.Outcome(True, 1007.0)]))
    found = coordinator.read(outcomes.all_of, id_)
    # Of each member the first of a day counts, by the server's clock, whatever times they say.
    assert found == [(1010.0, True, 1), (1004.0, False, 0), (1007.0, True, 1)]
    coordinator.do(outcomes.Report(id_, one, [outcomes.Outcome(False, 1004.0)]))
    assert coordinator.read(outcomes.all_of, id_) == [*found, (1004.0, False, 0)]
    coordinator.clock[0] = 86_400.0
    coordinator.do(outcomes.Report(id_, one, [outcomes.Outcome(False, 1004.0)] * 2))
    found += [(1004.0, False, 0), (1004.0, False, 2), (1004.0, False, 0)]
    assert coordinator.read(outcomes.all_of, id_) == found
    for wrong in (999.0, 86_461.0):
        with pytest.raises(RefusedError, match="Expected times between the start"):
            coordinator.do(outcomes.Report(id_, one, [outcomes.Outcome(True, wrong)]))
    coordinator.do(members.Delete(id_, one))
    assert coordinator.read(outcomes.all_of, id_) == found
    assert coordinator.read(members.stored_about, id_, other)["outcomes"][0]["number"] == 3


def test_a_change_is_crafted_tried_and_published_once(coordinator: Coordinator) -> None:
    id_, (one, other) = asking(coordinator, 30, members=2, doubled=0, reserved=0.5)
    with pytest.raises(RefusedError, match="Expected at least 30 answers, got 0"):
        coordinator.do(publishing.Start(id_, "craft"))
    answer(coordinator, id_, one, take(coordinator, id_, one, 30))
    job = coordinator.do(publishing.Start(id_, "craft"))["job"]
    assert coordinator.do(publishing.Start(id_, "craft"))["job"] == job  # it is under way
    assert take_refused(coordinator, id_, one) == "not_now"
    trial = [Question(b"changed %d" % i, 0, True, i, "after") for i in range(4)]
    start = publishing.StartTrial(id_, job, b"npz", {one: "why"}, trial, {"agreement": 0.5})
    assert coordinator.do(start) == {"state": "measuring", "questions": 4}
    assert coordinator.do(start) == {"state": "measuring"}  # repeated after a kill
    assert len(rows(coordinator, schema.change)) == 1
    assert take_refused(coordinator, id_, one) == "left_out"  # answers would not count
    assert len(take(coordinator, id_, other, 9)) == 4
    job = coordinator.do(publishing.Start(id_, "publish"))["job"]
    publish = publishing.Publish(id_, job, b"final", {"gap": 0.5}, "<p>", {"gap_closed": 0.5})
    for _ in range(2):
        assert coordinator.do(publish) == {"state": "published"}
    kinds = [entry.kind for entry in coordinator.log(id_)]
    assert kinds.count("published") == kinds.count("measuring") == 1
    assert coordinator.read(publishing.find_change, id_).npz == b"final"
    assert coordinator.read(publishing.unfinished_jobs) == []


def take_refused(coordinator: Coordinator, campaign: str, member: str) -> Any:
    with pytest.raises(RefusedError) as refused:
        take(coordinator, campaign, member, 1)
    return refused.value.body["error"]["code"]


def test_an_ended_campaign_stays_ended(coordinator: Coordinator) -> None:
    id_, (one,) = asking(coordinator, 30, members=1, doubled=0)
    answer(coordinator, id_, one, take(coordinator, id_, one, 30))
    job = coordinator.do(publishing.Start(id_, "craft"))["job"]
    assert coordinator.do(campaigns.End(id_, "over"))["state"] == "ended"
    assert coordinator.do(publishing.StartTrial(id_, job, b"", {}, [], {})) == {"state": "ended"}
    assert coordinator.do(publishing.Publish(id_, job, b"", {}, "", {})) == {"state": "ended"}


def test_the_next_questions_are_found_without_sorting_all(coordinator: Coordinator) -> None:
    id_, (one, *_) = asking(coordinator, 40, members=2)
    asked: list[tuple[str, Any]] = []

    @event.listens_for(coordinator.database.engine, "before_cursor_execute")
    def keep(_c: Any, _: Any, statement: str, parameters: Any, *more: Any) -> None:
        if statement.startswith("SELECT question.id") and "LIMIT" in statement:
            asked.append((statement, parameters))

    take(coordinator, id_, one, 8)
    ((statement, parameters),) = asked
    assert schema.IN_QUEUE in statement  # PostgreSQL, once it has prepared it, sees no parameters
    is_sqlite = coordinator.database.url.get_backend_name() == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    with coordinator.database.read() as connection:
        plan = str(connection.exec_driver_sql(explain + statement, parameters).all())
    assert "ix_question_queue" in plan
    assert "TEMP B-TREE" not in plan  # SQLite's words for a sort
    assert "Sort" not in plan  # PostgreSQL's


def test_a_question_that_is_answered_twice_in_one_request_counts_once(
    coordinator: Coordinator,
) -> None:
    id_, (one, *_) = asking(coordinator, 5, members=1)
    asked = take(coordinator, id_, one, 2)
    told = answer(coordinator, id_, one, [*asked, asked[0]])
    assert (told["counted"], told["answers"]) == (2, 2)
    assert coordinator.row(id_).answers == 2
