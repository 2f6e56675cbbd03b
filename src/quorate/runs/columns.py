"""The columns of a table for people: their names, and on which side their text stands."""

from __future__ import annotations

from collections.abc import Sequence

from quorate.runs.parts import TextRow


def columns(rows: Sequence[TextRow]) -> dict[str, bool]:
    """Return whether each column stands to the left: the first one, and those of words.

    >>> columns([{"size": "1%", "learner": "sgd", "α*": "not reached"}, {"size": "2%",
    ...          "learner": "jtt", "α*": "5%"}])
    {'size': True, 'learner': True, 'α*': False}
    """
    found = {}
    for place, name in enumerate(dict.fromkeys(name for row in rows for name in row)):
        words = sum(row.get(name, "")[:1].isalpha() for row in rows)
        found[name] = place == 0 or 2 * words > len(rows)
    return found
