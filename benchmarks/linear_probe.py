"""A linear probe of birds on the pretrained network's features, plain and group-balanced.

``python -m benchmarks.linear_probe`` prints accuracy on average and in the worst group, on the 850
people held out; ``--json`` one JSON object. Features of 1,694 pictures at 224 pixels take minutes
the first time, and are read from the cache after that.
"""

from __future__ import annotations

import json

import numpy as np

from benchmarks.rows import parser_of
from quorate.catalog import build
from quorate.runtime.progress import status
from quorate.table import Submission

NETWORK = "fine-tuned:pretrained=efficientnet-lite0,side=224,learner"
PROBES = {
    "plain": f"{NETWORK}=(logistic)",
    "group-balanced, strong weight decay": (
        f"{NETWORK}=(importance-weighted:model=logistic,epochs=50,learning_rate=0.001,"
        "weight_decay=1)"
    ),
}


def main() -> None:
    """Print both."""
    given = parser_of("benchmarks.linear_probe", __doc__).parse_args()
    split = build("populations", "birds").split(np.random.default_rng(0))
    people, held_out = Submission.without_collective(split.train), split.held_out
    rows = []
    for name, words in PROBES.items():
        with status(f"Training the {name} probe"):
            model = build("learners", words).fit(people, np.random.default_rng(0))
            right = model.predict(held_out.x) == held_out.y
        groups = [float(right[held_out.group == g].mean()) for g in range(len(held_out.groups))]
        rows.append({"probe": name, "accuracy": float(right.mean()), "worst_group": min(groups)})
    if given.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"{row['probe']}: {row['accuracy']:.3f} on average, {row['worst_group']:.3f} worst")


if __name__ == "__main__":
    main()
