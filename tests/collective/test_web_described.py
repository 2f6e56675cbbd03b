"""The API's description of itself, held against its answers by schemathesis."""

import hypothesis
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks, positive_data_acceptance
from web_visitors import Visitors

from quorate.collective.plans import TestPlan

PLAN = TestPlan(
    platform="P", subgroup="S", classes=("a", "b"), shape=(1, 2, 2), queries=9, epsilon="8/255"
)
# What is taken by these depends on more than a schema can say: that a plan can be carried out, that
# base64 is a PNG, the labels of the plan, the time.
MEANING = ("POST /api/v1/campaigns", "questions", "answers", "outcomes")


def test_every_answer_is_as_described(site: Visitors) -> None:
    """All of schemathesis's checks: status, type, headers and schema of each answer, no 500, ..."""
    load_all_checks()
    strict = schemathesis.Config()  # not that of schemathesis.toml
    schema = schemathesis.openapi.from_asgi("/openapi.json", site.app, config=strict)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        _hold(site, operation)


def _hold(site: Visitors, operation: schemathesis.schemas.APIOperation) -> None:
    right = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    wrong = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    left_out = [positive_data_acceptance] if operation.label.endswith(MEANING) else []
    people = site.campaign_with_people(PLAN)
    secrets = [people.secrets[role] for role in ("member", "organiser", "stranger")]

    @hypothesis.settings(
        max_examples=4,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(
        case=right | wrong if operation.body else right,
        secret=st.sampled_from([*secrets, site.coordinator.setup]),
    )
    def hold(case: schemathesis.Case, secret: str) -> None:
        if "campaign" in case.path_parameters:
            case.path_parameters["campaign"] = people.campaign
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        case.call_and_validate(headers=headers, excluded_checks=left_out)

    hold()
