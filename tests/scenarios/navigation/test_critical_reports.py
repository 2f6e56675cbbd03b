"""The fewest reports that reach a target: where the fall is known in closed form."""

import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.critical_reports import ReportsBracket, search_critical_reports


@pytest.mark.parametrize(("target", "exact"), [(0.5, 300.0), (0.9, 2700.0), (0.25, 100.0)])
def test_the_bracket_holds_what_is_exact(target: float, exact: float) -> None:
    found = search_critical_reports(lambda m: m / (m + 300), target)
    assert found.high is not None
    assert found.low < exact <= found.high <= 1.1 * found.low


def test_what_is_never_reached_and_what_is_had_at_once() -> None:
    assert search_critical_reports(lambda m: 0.4, 0.5) == ReportsBracket(1e6, None, 0.4)
    assert search_critical_reports(lambda m: 0.6, 0.5) == ReportsBracket(0.0, 1.0, 0.6)


@pytest.mark.parametrize("target", [0.0, -1.0, 1.5])
def test_no_target(target: float) -> None:
    with pytest.raises(InputError, match=r"target=.* in \(0, 1\]"):
        search_critical_reports(lambda m: 1.0, target)
