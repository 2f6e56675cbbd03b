"""What every test shares: caches in a temporary folder, and the real data where they are."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Set here, since ``datasets`` reads them once, when it is imported. Worker processes inherit them.
CACHES = Path(tempfile.mkdtemp(prefix="quorate-tests-"))
os.environ["QUORATE_CACHE"] = str(CACHES / "quorate")
os.environ["HF_HOME"] = str(CACHES / "hugging-face")
os.environ["HF_DATASETS_CACHE"] = str(CACHES / "datasets")
os.environ["HF_HUB_OFFLINE"] = "1"  # a test never waits for the network

# A deadline would fail a property on a slow machine, and says nothing about the property.
hypothesis.settings.register_profile("quorate", deadline=None)
hypothesis.settings.load_profile("quorate")


@pytest.fixture(scope="session", autouse=True)
def caches_outside_home() -> Iterator[Path]:
    """Keep what tests cache out of the user's home, and remove it at the end."""
    yield CACHES
    shutil.rmtree(CACHES, ignore_errors=True)


@pytest.fixture(scope="session")
def quorate_data() -> Path:
    """The folder of local copies of public data sets; tests that need it are skipped without."""
    named = os.environ.get("QUORATE_DATA")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(named) if named else beside
    if not folder.is_dir():
        pytest.skip(f"no folder of local data: QUORATE_DATA is {named or 'not set'}")
    return folder
