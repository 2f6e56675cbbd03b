"""The benchmark of proxies: every way from the same answers, kept row by row, and resumed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from benchmarks import surrogates
from benchmarks.surrogates import DEFAULT, Row, make_world, print_table, read
from linear_proxy import linear_proxy

from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.table import Labels
from quorate.test_time.platforms.platform import to_features

CLASSES = ("dark", "bright")


def small_world() -> surrogates.World:
    """A platform that says whether a picture is bright: logits (.5, mean of the pixels)."""
    rng = np.random.default_rng(0)
    x = np.clip(rng.integers(0, 230, (60, 1, 1, 1)) + rng.integers(0, 26, (60, 3, 8, 8)), 0, 255)
    x, y = x.astype(np.uint8), rng.integers(0, 2, 60)
    weights = np.zeros((2, 3, 8, 8))
    weights[1] = 50 / (3 * 64)
    network = torch.nn.Sequential(linear_proxy(weights).network, Shift(torch.tensor([25.0, 0.0])))
    held_out = (x[40:], y[40:])
    return make_world(NetworkClassifier(network), CLASSES, (x, y), held_out, np.arange(20) % 2 == 0)


class Shift(torch.nn.Module):
    """Adds to the logits."""

    def __init__(self, by: torch.Tensor) -> None:
        super().__init__()
        self.by = by

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.by


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> surrogates.World:
    """Ten members with two photos each, and little training."""
    for name, value in (("MEMBERS", 10), ("PHOTOS", 2), ("LOOKS", 60)):
        monkeypatch.setattr(surrogates, name, value)
    crafting = replace(surrogates.CRAFTING, steps=2, batch_size=8, side=1)
    monkeypatch.setattr(surrogates, "CRAFTING", crafting)
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)  # of the other tests
    world = small_world()
    monkeypatch.setattr(surrogates, "draw_world", lambda name, seed: world)
    return world


def test_the_world_is_the_members_photos_and_the_subgroup(tiny: surrogates.World) -> None:
    bright = tiny.x.mean(axis=(1, 2, 3)) > 127.5
    assert (len(tiny.photos), len(tiny.x)) == (20, 10)
    assert tiny.said.tolist() == bright.astype(int).tolist()
    assert tiny.before == (bright == tiny.y).mean()
    pool = tiny.ask(10, 0)  # ten members, one query each
    assert pool.photo.tolist() == list(range(0, 20, 2))
    assert (pool.answers.labels == tiny.model.predict(to_features(pool.x))).all()


def test_rows_are_kept_and_only_what_is_missing_is_measured(
    tiny: surrogates.World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--out", str(tmp_path), "--seeds", "3", "--queries", "10", "--worlds", "one"]
    surrogates.main(arguments)
    file = tmp_path / "surrogates.jsonl"
    rows = read(file)
    names = [way.name for ways in surrogates.WAYS for way in ways]
    assert [r.way for r in rows] == [*names, surrogates.PROBABILITIES, surrogates.VOTES]
    assert all(0 <= row.agreement <= 1 for row in rows)
    assert rows[0].commonest == max(np.bincount(tiny.said)) / 10
    kept = [line for line in file.read_text().splitlines() if "no variants" not in line]
    file.write_text("\n".join(kept) + "\n")
    measured: list[Any] = []
    real = surrogates.measure

    def watched(*given: Any) -> Any:
        measured.append(given[3])
        return real(*given)

    monkeypatch.setattr(surrogates, "measure", watched)
    surrogates.main(arguments)
    assert [[way.name for way in ways] for ways in measured] == [["no variants"]]
    assert sorted(map(repr, read(file))) == sorted(map(repr, rows))  # to the bit


def test_the_table_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    def row(way: str, agreement: float, closed: float | None, seed: int) -> Row:
        return Row("w", seed, 400, way, agreement, 0.25, 0.5, closed)

    print_table(
        [
            row(DEFAULT, 0.5, 0.1, 0),
            row(DEFAULT, 0.6, 0.2, 1),
            row("scores", 0.6, 0.3, 0),
            row("scores", 0.7, 0.4, 1),
            row("votes", 0.7, None, 0),
        ]
    )
    said = capsys.readouterr().out
    assert "w; the commonest answer is 0.250 of all" in said
    assert "| scores | 0.650, +0.35 |" in said
    assert "| votes | 0.700 |" in said
    assert "| scores | 2 | +0.100 [+0.100, +0.100] | +0.200 [+0.200, +0.200] |" in said


def test_majority_and_mean_of_probabilities_by_hand(
    tiny: surrogates.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Four proxies with p(bright) of .9, .4, .4 and .4 everywhere: the mean .525 says bright, and
    # the majority dark. Logits log p/(1-p): 2.197 and three times -.405, mean .245: bright.
    models = [Constant(p) for p in (0.9, 0.4, 0.4, 0.4)]
    monkeypatch.setattr(surrogates, "_train", lambda *_: models)
    monkeypatch.setattr(surrogates.World, "closed_by", lambda *_: 0.0)

    def answer(some: Any) -> Any:
        return Fixed(np.ones(10, dtype=np.int64))

    monkeypatch.setattr(surrogates, "average", answer)
    rows = list(surrogates.measure("one", 0, 10, surrogates.WAYS[-1]))
    bright = float(tiny.said.mean())
    assert [r.agreement for r in rows] == pytest.approx([bright, bright, 1 - bright])


class Constant:
    """A model with one probability for all."""

    def __init__(self, p: float) -> None:
        self.p = p

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        return np.tile([1 - self.p, self.p], (len(x), 1))


class Fixed:
    """A model with given labels."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels

    def predict(self, x: np.ndarray) -> Labels:
        return self.labels
