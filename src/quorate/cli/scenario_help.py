"""The --help of scenarios: the parameters of the one that is named are options like any other."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

TYPES = {"whole number": "int", "number": "float", "true|false": "bool"}
PARTICIPATION = "participation"  # the scenario that has a command of its own


class ScenarioCommand(TyperCommand):
    """A command whose --help lists the options of the scenario that it is to run."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what the scenario is, where one is named; else what the command does."""
        name = ctx.params.get("name")
        if name is None:
            super().format_help_text(ctx, formatter)
            return
        from quorate.report.listing import description

        cls = _scenario(name)
        for paragraph in description(cls).split("\n\n"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(" ".join(paragraph.split()))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options of the scenario first, then those that all share."""
        named = PARTICIPATION if self.name == PARTICIPATION else ctx.params.get("name")
        if named is not None:
            from quorate.report.listing import about

            parameters = about(_scenario(named))["parameters"]
            left_out = {"folder"} if self.name == PARTICIPATION else set()
            rows = [_row(one) for one in parameters if one["name"] not in left_out]
            with formatter.section(f"Options of {named}"):
                formatter.write_dl(rows)
        super().format_options(ctx, formatter)


def _scenario(name: str) -> type:
    """Return the class of a scenario.

    Raises:
        InputError: there is no such scenario.
    """
    from quorate.catalog import CATALOG
    from quorate.validate import unknown

    found = CATALOG["scenarios"].get(name)
    if found is None:
        raise unknown("scenario", name, CATALOG["scenarios"])
    return found


def _row(parameter: dict[str, Any]) -> tuple[str, str]:
    """Return a parameter as an option: how it is written, and what it means."""
    from quorate.report.listing import shown_default

    kind = parameter["type"]
    short = "list" if kind.startswith("comma list") else TYPES.get(kind, "str")
    choices = f" One of: {kind.replace('|', ', ')}." if "|" in kind and short == "str" else ""
    default = shown_default(parameter)
    said = "" if default in ("default none", "default empty") else f"  [{default}]"
    meaning = f"{parameter['meaning']}{choices}{said}"
    return f"--{parameter['name'].replace('_', '-')} <{short}>", meaning
