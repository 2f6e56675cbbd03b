"""How many members each radius needs on the cars of Gauthier, Bach and Jordan (arXiv:2502.04879).

``python -m benchmarks.certificates`` draws members from their law of cars, with 18 columns and four
labels, certifies their plan with each radius, and prints how many members like these would be
enough for a success of .9 on a platform of a million. ``--draws 5`` draws as many sets of members;
``--json`` prints one JSON object. The table of docs/explanation/certificates.md is the first draw.
"""

from __future__ import annotations

import json
from typing import Any, get_args

import numpy as np
import pandas as pd

from benchmarks.rows import parser_of
from quorate.planning.certify import Objective, PlanGoal, certify
from quorate.planning.members import read_members
from quorate.runtime.progress import status
from quorate.scenarios.certificates.cars import LABEL, LABELS, draw_cars, signal

MEMBERS, PLATFORM, SUCCESS = 63_000, 1_000_000, 0.9


def needed(seed: int, goal: PlanGoal) -> list[dict[str, Any]]:
    """Return how many members each radius needs for each label, from one draw of members."""
    cars = draw_cars(MEMBERS, np.random.default_rng(seed))
    members = read_members(cars.to_frame(), LABEL)
    rows: list[dict[str, Any]] = []
    for label in LABELS:
        objective = Objective(signal(), label, PLATFORM, goal, success=SUCCESS)
        found = certify(members, objective, eps_range=())
        each = {one.radius: one.n_for_target for one in found.by_radius}
        rows.append({"draw": seed, "label": label, **each})
    return rows


def main() -> None:
    """Print the table."""
    parser = parser_of("benchmarks.certificates", __doc__)
    parser.add_argument("--draws", type=int, default=1, help="sets of members (default: 1)")
    goals = [goal for goal in get_args(PlanGoal) if goal != "erase"]
    parser.add_argument("--goal", choices=goals, default="plant", help="default: plant")
    given = parser.parse_args()
    rows = []
    for seed in range(given.draws):
        with status(f"Certifying with members {seed + 1} of {given.draws}"):
            rows += needed(seed, given.goal)
    if given.json:
        print(json.dumps(rows, indent=1))
        return
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
