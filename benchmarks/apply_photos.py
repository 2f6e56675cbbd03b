"""How long ``quorate apply`` takes for a photo of a telephone, by what a change is made of.

``python -m benchmarks.apply_photos`` changes one noisy photo of 12 megapixels (JPEG in, PNG out) by
files of each kind, and compares with Pillow alone, which opens the same photo and writes it as PNG
with the same effort, in the same run. Seconds of CPU time and by the clock, medians. The networks
have random weights: what they take does not depend on them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from quorate.test_time.edits.pipeline import Pipeline
from quorate.test_time.perturbations.apply import apply_to_file
from quorate.test_time.perturbations.images import write
from quorate.test_time.perturbations.perturbation import Perturbation, save
from quorate.test_time.perturbations.whole_network import WholeLayer, WholeNetwork, tanh_table

SIZES = {12: (4000, 3000), 48: (8000, 6000)}  # by megapixels
LAYERS = ((64, 3, 5), (56, 64, 3), (3, 56, 5))  # channels out and in, and side: 41,600 weights
PIPELINES = {
    "tone": "exposure:stops=2 + own-contrast:factor=1.3",
    "mixed": "gaussian:sigma=0.7 + exposure:stops=2 + sharpen",
}
TRAINED = (32, 224)  # sides in pixels of the images that a change was made for


def photo(size: tuple[int, int], path: Path) -> None:
    """Write a photo as a telephone might: shapes that blend, and noise."""
    rng = np.random.default_rng(0)
    few = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    levels = np.array(few.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    levels += rng.integers(-6, 7, levels.shape, dtype=np.int16)
    Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).save(path, quality=92)


def network(side: int) -> Perturbation:
    """Return a network of nearly as many weights as a file may have, with random ones."""
    rng = np.random.default_rng(0)
    layers = [
        WholeLayer(
            rng.integers(-9, 10, (o, i, s, s)).astype(np.int8),
            np.zeros(o, np.int32),
            np.full(o, 7, np.int8),
        )
        for o, i, s in LAYERS
    ]
    arrays = WholeNetwork(layers, tanh_table(255)).arrays()
    return Perturbation("network", arrays, ("it",), (3, side, side), 1.0)


def changes() -> dict[str, Perturbation]:
    """Return the changes that are timed, by name."""
    found = {}
    for (name, text), side in itertools.product(PIPELINES.items(), TRAINED):
        arrays = Pipeline.parse(text).arrays((3, side, side))
        found[f"{name} edits for {side} x {side}"] = Perturbation(
            "edit", arrays, ("it",), (3, side, side), 1.0
        )
    return {**found, **{f"network for {side} x {side}": network(side) for side in TRAINED}}


def timed(do: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the medians of CPU time and of time by the clock, in seconds."""
    cpu, clock = [], []
    for _ in range(repeats):
        began = time.process_time(), time.perf_counter()
        do()
        cpu.append(time.process_time() - began[0])
        clock.append(time.perf_counter() - began[1])
    return statistics.median(cpu), statistics.median(clock)


def measure(megapixels: int, repeats: int, folder: Path) -> list[dict[str, Any]]:
    """Return a row for Pillow alone, and one for each change."""
    source, out = folder / "photo.jpg", folder / "out.png"
    photo(SIZES[megapixels], source)

    def again() -> None:
        with Image.open(source) as opened:
            write(opened.convert("RGB"), out)

    own = timed(again, repeats)
    rows = [{"what": "Pillow alone", "cpu": own[0], "clock": own[1], "ratio": 1.0}]
    for name, change in changes().items():
        file = folder / "perturbation.npz"
        save(change, file)
        cpu, clock = timed(lambda file=file: apply_to_file(file, source, out), repeats)  # type: ignore[misc]
        rows.append({"what": name, "cpu": cpu, "clock": clock, "ratio": cpu / own[0]})
    return rows


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megapixels", type=int, choices=sorted(SIZES), default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(given.megapixels, given.repeats, Path(folder))
    if given.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'what':28} {'CPU s':>7} {'clock s':>8} {'CPU by Pillow alone':>20}")
    for row in rows:
        print(f"{row['what']:28} {row['cpu']:7.2f} {row['clock']:8.2f} {row['ratio']:20.2f}")


if __name__ == "__main__":
    main()
