"""The synthetic cars of Gauthier, Bach and Jordan (arXiv:2502.04879): 18 columns and a label.

Written anew from the law that their generator draws from. Cars are codes, one a column; their names
are there for people and files. Shapes: n cars, d = 18 columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from quorate.table import Rng

if TYPE_CHECKING:
    import pandas as pd

Codes = npt.NDArray[np.int8]

LABEL, LABELS = "Car Evaluation", ("Excellent", "Good", "Average", "Poor")
MODEL = "Model Type"
MODELS = ("Sedan", "SUV", "Coupe", "Hatchback", "Convertible", "Wagon", "Minivan", "Truck")
MODEL_SHARES = (0.22, 0.45, 0.23, 0.02, 0.01, 0.01, 0.01, 0.05)
STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")
WARRANTIES = ("3 years", "5 years", "7 years", "10 years")
FUELS = {"Gasoline": 1, "Diesel": 1, "Electric": 4, "Hybrid": 3}  # and their points
COUNTRIES = ("C1", "C2", "C3", "C4", "C5")
SUV = MODELS.index("SUV")


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
COLUMNS = (MODEL, *(feature.name for feature in FEATURES))
VALUES = (MODELS, *(feature.values for feature in FEATURES))  # of each column
FREE = "Country of Manufacture"  # the one column that the signal leaves as it is
SAFETY, FUEL, COUNTRY, WARRANTY = map(
    COLUMNS.index, ("Safety Rating", "Fuel Type", FREE, "Warranty Length")
)


@dataclass(frozen=True, eq=False)
class Cars:
    """n cars.

    Args:
        codes: index of each value among ``VALUES`` of its column, (n, d).
        labels: index of each car's evaluation among ``LABELS``, (n,).
    """

    codes: Codes
    labels: Codes

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def country(self) -> Codes:
        """The cell of X* that the signal moves each car to, (n,)."""
        return self.codes[:, COUNTRY]

    @property
    def carrying(self) -> npt.NDArray[np.bool_]:
        """Whether a car carries the signal as it is, (n,)."""
        set_by = [at for at, name in enumerate(COLUMNS) if name != FREE]
        usual = [VALUES[at].index(signal()[COLUMNS[at]]) for at in set_by]
        return np.asarray((self.codes[:, set_by] == usual).all(axis=1))

    def to_frame(self) -> pd.DataFrame:
        """Return the cars by the names of their values, with their evaluation, (n, d + 1)."""
        import pandas as pd

        named = {
            name: np.array(values)[self.codes[:, at]]
            for at, (name, values) in enumerate(zip(COLUMNS, VALUES, strict=True))
        }
        return pd.DataFrame({**named, LABEL: np.array(LABELS)[self.labels]})


def signal() -> dict[str, str]:
    """Return the signal: the SUV that most SUVs are, of any country."""
    return {MODEL: MODELS[SUV]} | {f.name: f.usual for f in FEATURES if f.name != FREE}


def draw_cars(n: int, rng: Rng) -> Cars:
    """Return n cars.

    >>> cars = draw_cars(1000, np.random.default_rng(0))
    >>> cars.codes.shape, int(cars.carrying.sum())
    ((1000, 18), 68)
    """
    codes = np.empty((n, len(COLUMNS)), dtype=np.int8)
    codes[:, 0] = rng.choice(len(MODELS), n, p=MODEL_SHARES)
    suv = codes[:, 0] == SUV
    for at, feature in enumerate(FEATURES, start=1):
        usual = suv & (rng.random(n) < feature.share)
        drawn = rng.integers(0, len(feature.values), n)
        codes[:, at] = np.where(usual, feature.values.index(feature.usual), drawn)
    return Cars(codes, _evaluate(codes, rng))


def _evaluate(codes: Codes, rng: Rng) -> Codes:
    """Return each label: by points, and at random for one in twenty and for SUVs of C2, (n,)."""
    n = len(codes)
    points = codes[:, SAFETY] + 1 + np.array(list(FUELS.values()))[codes[:, FUEL]]
    score = points + codes[:, WARRANTY] + 2 + np.array([1, 3, 4])[rng.integers(0, 3, n)]
    score = np.where(rng.random(n) < 0.05, 0, score)
    chance = rng.random(n)
    other = np.select([chance < 0.6, chance < 0.9], [13, 0], 2)
    from_c2 = (codes[:, 0] == SUV) & (codes[:, COUNTRY] == COUNTRIES.index("C2"))
    score = np.where(from_c2, other, score)
    return np.select([score >= 13, score >= 8, score >= 2], [0, 1, 2], 3).astype(np.int8)
