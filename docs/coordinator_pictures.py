"""Photograph the coordinator's pages: ``python docs/coordinator_pictures.py``, from the checkout.

A demonstration coordinator is filled and served; each page is opened in Chromium as who may see it,
390 and 1,400 pixels wide, light and dark, and looked at by axe-core. Those that the docs show take
the place of the ones in ``docs/images/coordinator``; all others go to a folder that git ignores,
``runs/coordinator-pictures``.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "stand_ins")]

from benchmarks.coordinator_served import ServedCoordinator  # noqa: E402
from browser import SCREENS, Visitors, axe, chromium, why_no_browser  # noqa: E402

from quorate.collective.demonstration.loans import STILL_MISSING  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(__file__).resolve().parent / "images" / "coordinator"
OTHERS = ROOT / "runs" / "coordinator-pictures"
COLOURS = 12  # of a picture: pages have few, and files stay small
PATIENCE = 60_000  # milliseconds, on a busy machine
TALLEST = 900  # pixels of a long page that are kept
EITHER = {"join": "/join/{token}", "campaign": "", "me": "/me", "outcomes": "/outcomes"}
EITHER |= {"record": "/record", "organise": "/organise"}
ACT = {"act": "/act"}
TEST = {**EITHER, "ask": "/ask", "apply": "/apply", "pool": "/organise/pool"}


def photograph(page: Page, path: Path) -> None:
    """Keep what a page shows, from its top."""
    height = page.evaluate("() => document.documentElement.scrollHeight")
    width = page.viewport_size["width"]  # type: ignore[index]
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)}
    shot = page.screenshot(full_page=True, clip=clip)
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    few = picture.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def place_of(name: str) -> Path:
    """Return where the picture of a page goes: to the docs where they show it."""
    return (FOLDER if (FOLDER / name).exists() else OTHERS) / name


def reach_quorum(served: ServedCoordinator, one: Any) -> None:
    """Have so many more members pledge that the members of a campaign act."""
    for _ in range(STILL_MISSING):
        joined = served.ask("POST", f"/api/v1/invitations/{one.token}/join")
        pledge = f"/api/v1/campaigns/{one.campaign}/me/pledge"
        served.ask("PUT", pledge, secret=joined["secret"])


def photograph_all(served: ServedCoordinator, shown: Any, visitors: Visitors) -> list[str]:
    """Photograph each page of the demonstration campaigns; return what axe-core has against any."""
    found = []
    loans, digits = shown
    for kind, one, places in (
        ("training", loans, EITHER),
        ("test", digits, TEST),
        ("training", loans, ACT),
    ):
        if places is ACT:
            reach_quorum(served, loans)
        for screen in SCREENS:
            for scheme in ("light", "dark"):
                page = visitors(screen, scheme)
                page.set_default_timeout(PATIENCE)
                url = f"{served.url}/c/{one.campaign}"
                cookies = [("member", one.member), ("organiser", one.organiser)]
                for name, path in places.items():
                    page.context.clear_cookies()
                    if name != "join":
                        page.context.add_cookies(
                            [
                                {"name": role, "value": secret, "url": url}
                                for role, secret in cookies
                                if (role == "organiser") == path.startswith("/organise")
                            ]
                        )
                    page.goto(url + path.format(token=one.token), wait_until="networkidle")
                    width = page.viewport_size["width"]  # type: ignore[index]
                    photograph(page, place_of(f"{kind}-{name}-{width}-{scheme}.png"))
                    found += [f"{kind} {name} {width} {scheme}: {line}" for line in axe(page)]
    return found + visitors.end()


def main() -> None:
    """Fill, serve and photograph; exit code 1 if any page has a fault."""
    from quorate.collective.demonstration.filling import fill

    if reason := why_no_browser():
        raise SystemExit(reason)
    OTHERS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        database = str(Path(name) / "coordinator.sqlite")
        shown = fill(database, time.time())
        with ServedCoordinator(database, Path(name)) as served, chromium() as browser:
            wrong = photograph_all(served, shown, Visitors(browser))
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
