"""A page with the scripts of the coordinator's pages in it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from scripted_page import ScriptedPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def scripted(a_browser: "Browser") -> Iterator[ScriptedPage]:
    """A blank page of Chromium, with the scripts."""
    context = a_browser.new_context()
    yield ScriptedPage(context.new_page())
    context.close()
