"""The page of a coordinator that adds the published change, and the same page as a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import picture_files as files
from browser import Visitors, axe
from coordinators import TEST
from PIL import Image
from threaded_server import in_a_thread, quiet_server
from web_visitors import Visitors as Askers

from quorate.collective.service import campaigns
from quorate.collective.storage import schema
from quorate.collective.web import standalone
from quorate.test_time.perturbations.apply import apply_to_file
from quorate.test_time.perturbations.perturbation import Perturbation, to_bytes


@dataclass(frozen=True)
class Made:
    """Write a change as the worker does, published or not yet."""

    campaign: str
    npz: bytes
    is_published: bool

    def __call__(self, transaction: Any) -> dict[str, Any]:
        row = {"id": self.campaign, "campaign": self.campaign, "npz": self.npz, "report": {}}
        row |= {"signature": "", "published": transaction.now if self.is_published else None}
        transaction.connection.execute(schema.change.insert(), row)
        state: Any = "published" if self.is_published else "measuring"
        campaigns.set_state(transaction, self.campaign, state)
        return {}


def change() -> Perturbation:
    delta = np.random.default_rng(0).integers(-8, 9, (3, 1, 2, 2)).astype(np.int16)
    return Perturbation("additive", {"delta": delta}, ("cat", "dog", "fox"), (1, 2, 2), 8 / 255)


def test_a_change_that_is_measured_still_is_not_given_out(site: Askers) -> None:
    id_, _ = site.campaign(TEST)
    site.do(Made(id_, to_bytes(change()), is_published=False))
    for page in ("apply", "apply.html"):
        answer = site.client.get(f"/c/{id_}/{page}")
        assert answer.status_code == 404
        assert "members still try" in answer.text


def test_the_page_works_once_it_is_loaded(visitor: Visitors, site: Askers, tmp_path: Path) -> None:
    id_, _ = site.campaign(TEST, title="<b>Ours</b>")
    npz = to_bytes(change())
    site.do(Made(id_, npz, is_published=True))
    as_file = site.client.get(f"/c/{id_}/apply.html")
    assert as_file.text == standalone.apply_page(npz, "<b>Ours</b>")
    assert as_file.headers["content-disposition"] == f'attachment; filename="apply-{id_}.html"'

    picture = tmp_path / "photo.jpg"
    picture.write_bytes(files.encoded(np.arange(300).astype(np.uint8).reshape(20, 15), "JPEG"))
    page = visitor("phone")
    with in_a_thread(quiet_server(site.app)) as port:
        page.goto(f"http://127.0.0.1:{port}/c/{id_}/apply")
        assert axe(page) == []
    page.context.set_offline(True)  # and the server is gone
    page.get_by_label("Choose a picture").set_input_files(picture)
    page.get_by_label("What it truly shows").select_option("fox")
    page.get_by_role("button", name="Add the change").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the changed picture").click()
    download.value.save_as(tmp_path / "saved.png")
    (tmp_path / "change.npz").write_bytes(npz)
    apply_to_file(tmp_path / "change.npz", picture, tmp_path / "wanted.png", "fox")
    saved, wanted = (
        np.asarray(Image.open(tmp_path / name)) for name in ("saved.png", "wanted.png")
    )
    np.testing.assert_array_equal(saved, wanted)
