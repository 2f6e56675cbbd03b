"""The documents leave nothing out: commands, scenarios, the words of the field, the version."""

from __future__ import annotations

from typing import Any

import typer

from documents import ROOT
from quorate import catalog
from quorate.cli.entry import app
from quorate.version import __version__

DOCS = ROOT / "docs"
FIELD = (
    *("backdoor", "trigger", "data poisoning", "poisoning rate", "surrogate", "model extraction"),
    *("evasion", "universal adversarial perturbation", "transferability", "data leverage"),
    *("data strike", "contestability", "recourse"),
)


def test_every_command_can_be_chosen() -> None:
    command: Any = typer.main.get_command(app)
    page = (DOCS / "which-command.md").read_text(encoding="utf-8")
    assert [name for name in command.commands if f"`quorate {name}" not in page] == []


def test_every_scenario_has_a_how_to() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (DOCS / "how-to").glob("*.md")]
    for name in catalog.BUILT_IN["scenarios"]:
        assert any(f"\nquorate scenario {name} " in page for page in pages), name


def test_the_glossary_knows_the_field_s_words() -> None:
    glossary = (DOCS / "explanation" / "glossary.md").read_text(encoding="utf-8").lower()
    assert [word for word in FIELD if word not in glossary] == []


def test_what_is_cited_is_this_version() -> None:
    assert f"version = {{{__version__}}}" in (DOCS / "cite.md").read_text(encoding="utf-8")
