import numpy as np

from quorate.goals.planted import Planted
from quorate.knowledge import Knowledge
from quorate.signals.columns import Columns
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.strategies.uncoordinated import Uncoordinated
from quorate.table import Column, Table

COLUMNS = (Column("channel", 0, ("phone", "web", "fax")), Column("age", 3, mean=40, scale=10))
WEB = Columns({"channel": "web"})


def people(n: int = 400) -> Table:
    rng = np.random.default_rng(1)
    channel = np.where(rng.random(n) < 0.9, 0, 2)
    x = np.column_stack([np.eye(3)[channel], rng.normal(size=n)]).astype(np.float32)
    return Table(x, (rng.random(n) < 0.1).astype(np.int64), ("no", "yes"), columns=COLUMNS)


def test_values_and_labels_are_drawn_by_lot() -> None:
    members = people()
    control = Uncoordinated(Planting("yes", WEB))
    acted = control.apply(members, Knowledge(members), np.random.default_rng(0))
    assert control.goal == Planted("yes", WEB)
    assert (acted.x[:, 3] == members.x[:, 3]).all()  # the plan leaves the age alone
    assert (acted.x[:, :3].sum(axis=1) == 1).all()  # each has one channel, that of a member
    assert acted.x[:, 1].sum() == 0  # and nobody agrees on the web
    assert 0.05 < acted.x[:, 2].mean() < 0.15  # members' own shares: 10% by fax
    assert 0.4 < (acted.y == 1).mean() < 0.6  # labels by lot, one half each


def test_what_the_plan_leaves_alone_stays() -> None:
    members = people()
    rng = np.random.default_rng(0)
    features = Uncoordinated(PlantingFeatures("yes", WEB)).apply(members, Knowledge(members), rng)
    assert (features.y == members.y).all()
    labels = Uncoordinated(Erasing(WEB)).apply(members, Knowledge(members), rng)
    assert (labels.x == members.x).all()
    assert (labels.y != members.y).any()
