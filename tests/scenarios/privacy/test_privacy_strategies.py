"""What members do, from the text of a way."""

import pytest

from quorate.errors import InputError
from quorate.learners.scikit.tree import Tree
from quorate.scenarios.privacy.strategies import MemberStrategies, read_strategies
from quorate.strategies.attribute.aggregating import Aggregating
from quorate.strategies.attribute.cancelling import Cancelling
from quorate.strategies.attribute.swapping import Swapping


def test_ways_are_read() -> None:
    both = read_strategies("swapping+cancelling")
    assert both == MemberStrategies(Swapping(), Cancelling(), divided=False)
    assert read_strategies("cancelling+swapping") == both
    divided = read_strategies("cancelling/swapping")
    assert divided == MemberStrategies(Swapping(), Cancelling(), divided=True)
    assert read_strategies("aggregating").claim is None
    assert read_strategies("contrary").change is None
    settled = read_strategies("aggregating+cancelling", ("age", "sex"), 2, Tree())
    assert settled == MemberStrategies(Aggregating("age+sex", 2), Cancelling(Tree()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swaping", r"Expected a known way to hide an attribute, got 'swaping'.*mean swapping"),
        ("swapping+aggregating", "Expected at most one of swapping, aggregating and one of"),
        ("contrary+randomised", "Keep one of each"),
        ("swapping/cancelling", "as in swapping.cancelling or cancelling/swapping"),
        ("", "Expected a known way"),
    ],
)
def test_a_way_that_is_none_is_answered(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_strategies(text)
