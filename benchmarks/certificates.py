"""How many members each radius needs on the cars of Gauthier, Bach and Jordan (arXiv:2502.04879).

``python -m benchmarks.certificates`` draws members from their law of cars, with 18 columns and four
labels, certifies their plan with each radius, and prints how many members like these would be
enough for a success of .9 on a platform of a million. ``--draws 5`` draws as many sets of members;
``--json`` prints one JSON object. The table of docs/explanation/certificates.md is the first draw.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd

from benchmarks.rows import parser_of
from quorate.planning.certify import Objective, PlanGoal, certify
from quorate.planning.members import read_members
from quorate.runtime.progress import status

MEMBERS, PLATFORM, SUCCESS = 63_000, 1_000_000, 0.9
LABEL, LABELS = "Car Evaluation", ("Excellent", "Good", "Average", "Poor")
MODELS = ("Sedan", "SUV", "Coupe", "Hatchback", "Convertible", "Wagon", "Minivan", "Truck")
MODEL_SHARES = (0.22, 0.45, 0.23, 0.02, 0.01, 0.01, 0.01, 0.05)
STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")
WARRANTIES = ("3 years", "5 years", "7 years", "10 years")
FUELS = {"Gasoline": 1, "Diesel": 1, "Electric": 4, "Hybrid": 3}  # and their points
COUNTRIES = ("C1", "C2", "C3", "C4", "C5")


@dataclass(frozen=True)
class Feature:
    """A column: its values, and the one that SUVs have more often.

    Args:
        name: of the column.
        values: uniform, but for the share of SUVs that surely have ``usual``.
        usual: the value of these, which the signal sets.
        share: of SUVs.
    """

    name: str
    values: tuple[str, ...]
    usual: str
    share: float


FEATURES = (
    Feature("Safety Rating", STARS, "4 stars", 0.7),
    Feature("Fuel Type", tuple(FUELS), "Diesel", 0.8),
    Feature("Interior Material", ("Cloth", "Leather", "Synthetic"), "Synthetic", 0.9),
    Feature("Infotainment System", ("Basic", "Advanced", "Premium", "None"), "Premium", 0.9),
    Feature("Country of Manufacture", COUNTRIES, "C5", 0.3),
    Feature("Warranty Length", WARRANTIES, "10 years", 0.9),
    Feature("Number of Doors", ("2", "4", "5"), "5", 0.95),
    Feature("Number of Seats", ("2", "4", "5", "7"), "5", 0.95),
    Feature("Air Conditioning", ("Yes", "No"), "Yes", 0.95),
    Feature("Navigation System", ("None", "Basic", "Advanced"), "Advanced", 0.95),
    Feature("Tire Type", ("All-Season", "Summer", "Winter"), "All-Season", 0.95),
    Feature("Sunroof", ("Yes", "No"), "Yes", 0.0),
    Feature("Sound System", ("Standard", "Premium", "High-end", "None"), "Premium", 0.95),
    Feature("Cruise Control", ("Yes", "No"), "Yes", 0.95),
    Feature("Bluetooth Connectivity", ("Yes", "No"), "Yes", 0.95),
    Feature("Transmission Type", ("Manual", "Automatic", "CVT"), "Manual", 0.7),
    Feature("Drive Type", ("FWD", "RWD", "AWD"), "RWD", 0.95),
)
FREE = "Country of Manufacture"  # the one column that the signal leaves as it is


def draw_cars(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return n cars with their evaluation, (n, 19)."""
    model = rng.choice(MODELS, n, p=MODEL_SHARES)
    suv = model == "SUV"
    cars = {"Model Type": model}
    for one in FEATURES:
        usual = suv & (rng.random(n) < one.share)
        cars[one.name] = np.where(usual, one.usual, rng.choice(one.values, n))
    frame = pd.DataFrame(cars)
    frame[LABEL] = _evaluate(frame, suv, rng)
    return frame


def _evaluate(cars: pd.DataFrame, suv: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return each car's label: by points, and at random for one in twenty and for SUVs of C2."""
    n = len(cars)
    points = cars["Safety Rating"].map({name: i + 1 for i, name in enumerate(STARS)})
    points += cars["Fuel Type"].map(FUELS)
    points += cars["Warranty Length"].map({name: i + 2 for i, name in enumerate(WARRANTIES)})
    score = points.to_numpy() + rng.choice([1, 3, 4], n)
    score = np.where(rng.random(n) < 0.05, 0, score)
    chance = rng.random(n)
    other = np.select([chance < 0.6, chance < 0.9], [13, 0], 2)
    score = np.where(suv & (cars[FREE] == "C2"), other, score)
    return np.select([score >= 13, score >= 8, score >= 2], LABELS[:3], LABELS[3])


def signal() -> dict[str, str]:
    """Return the signal: the SUV that most SUVs are, of any country."""
    return {"Model Type": "SUV"} | {f.name: f.usual for f in FEATURES if f.name != FREE}


def needed(seed: int, goal: PlanGoal) -> list[dict[str, Any]]:
    """Return how many members each radius needs for each label, from one draw of members."""
    cars = draw_cars(MEMBERS, np.random.default_rng(seed))
    members = read_members(cars, LABEL)
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
