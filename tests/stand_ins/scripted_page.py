"""A page in a real browser with the project's own scripts in it, asked many things at once."""

import base64
from pathlib import Path
from typing import Any

import numpy as np

import quorate
from quorate.collective.web.standalone import APPLY_SCRIPTS

STATIC = Path(quorate.__file__).parent / "collective" / "web" / "static"
SCRIPTS = tuple(name.removesuffix(".js") for name in APPLY_SCRIPTS)
WORDS = """
globalThis.base64 = (bytes) => {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
};
globalThis.eachOf = async (cases, run) => {
  const out = [];
  for (const one of cases) {
    try {
      out.push(await run(one));
    } catch (error) {
      out.push({ refused: `${error.name}: ${error.message}` });
    }
  }
  return out;
};
"""


class ScriptedPage:
    """A blank page of a browser, with scripts.

    Args:
        page: of Playwright.
        scripts: names of the scripts.
    """

    def __init__(self, page: Any, scripts: tuple[str, ...] = SCRIPTS) -> None:
        self.page = page
        for name in scripts:
            page.add_script_tag(path=STATIC / f"{name}.js")
        page.add_script_tag(content=WORDS)

    def each(self, run: str, cases: list[Any]) -> list[Any]:
        """What a function of JavaScript gives for each case, or ``{"refused": why}``."""
        return self.page.evaluate(f"(cases) => eachOf(cases, {run})", cases)


def text(content: bytes) -> str:
    """Bytes as a page is given them."""
    return base64.b64encode(content).decode()


def array(told: str, *shape: int) -> np.ndarray:
    """Bytes that a page gave."""
    return np.frombuffer(base64.b64decode(told), np.uint8).reshape(shape)
