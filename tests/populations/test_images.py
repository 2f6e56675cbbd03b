"""Real faces with groups: colour images in JPEG, from one part of a folder."""

from pathlib import Path

import numpy as np
import pytest

from quorate import catalog


def test_faces_with_gender_and_race(quorate_data: Path, tmp_path: Path) -> None:
    source = quorate_data / "HuggingFaceM4--FairFace" / "validation.parquet"
    if not source.is_file():
        pytest.skip("no local copy of HuggingFaceM4/FairFace")
    (tmp_path / source.name).symlink_to(source)
    population = catalog.build("populations", f"images:path={tmp_path},label=gender,group=race")
    drawn = population.split(np.random.default_rng(0))
    assert drawn.train.x.shape == (2250, 3, 64, 64)
    assert drawn.held_out.x.shape == (750, 3, 64, 64)
    assert drawn.train.classes == ("Male", "Female")
    assert len(drawn.train.groups) == 7
    assert "Latino_Hispanic" in drawn.train.groups
    assert (drawn.train.x.min(), drawn.train.x.max()) == (0, 1)
    assert (drawn.train.x[:, 0] != drawn.train.x[:, 1]).mean() > 0.5  # these are not grey
