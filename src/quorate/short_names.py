"""What tells the texts of methods apart: the parameters that differ, where names are the same."""

from __future__ import annotations

from collections.abc import Sequence


def short_labels(labels: Sequence[str]) -> list[str]:
    """Return what tells labels such as ``name:key=value,...`` apart: no parameter that all share.

    >>> short_labels(["sgd:epochs=5", "dp-sgd:epsilon=1,epochs=5", "dp-sgd:epsilon=8,epochs=5"])
    ['sgd', 'dp-sgd epsilon=1', 'dp-sgd epsilon=8']
    """
    short = [f"{name} {', '.join(own)}" if own else name for name, own in _differing(labels)]
    return short if len(set(short)) == len(set(labels)) else list(labels)


def tell_apart(texts: Sequence[str]) -> dict[str, str]:
    """Return a short text for each: what methods of one name share is left out; one alone is whole.

    >>> tell_apart(["sgd:epochs=5", "dp-sgd:epsilon=1,epochs=5", "dp-sgd:epsilon=8,epochs=5"])
    {'sgd:epochs=5': 'sgd:epochs=5', 'dp-sgd:epsilon=1,epochs=5': 'dp-sgd:epsilon=1', \
'dp-sgd:epsilon=8,epochs=5': 'dp-sgd:epsilon=8'}
    """
    distinct = list(dict.fromkeys(texts))
    names = [name for name, _ in _differing(distinct)]
    short = {
        text: text if names.count(name) == 1 else f"{name}:{','.join(own)}" if own else name
        for text, (name, own) in zip(distinct, _differing(distinct), strict=True)
    }
    return short if len(set(short.values())) == len(distinct) else {text: text for text in distinct}


def _differing(labels: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return each label's name, and its parameters that not all of that name have."""
    parts = [_parts(label) for label in labels]
    found = []
    for name, parameters in parts:
        shared = set.intersection(*(set(others) for other, others in parts if other == name))
        found.append((name, [one for one in parameters if one not in shared]))
    return found


def _parts(label: str) -> tuple[str, list[str]]:
    """Return a method's name and its parameters; those in brackets or quotes stay together.

    >>> _parts("knn-cleaning:learner=(sgd:epochs=5,hidden=8),k=3")
    ('knn-cleaning', ['learner=(sgd:epochs=5,hidden=8)', 'k=3'])
    """
    name, _, rest = label.partition(":")
    parameters, depth, quote = [""], 0, ""
    for sign in rest:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0 and not quote:
            parameters.append("")
        else:
            parameters[-1] += sign
    return name, [one for one in parameters if one]
