"""The --help of scenarios: the parameters of the one that is named are options like any other."""

from __future__ import annotations

from typing import Any

from quorate.cli.commands import Command

TYPES = {"whole number": "int", "number": "float", "true|false": "bool"}
PARTICIPATION = "participation"  # the scenario that has a command of its own


class ScenarioCommand(Command):
    """A command whose --help lists the options of the scenario that it is to run."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return what --help lists: a scenario's name only where none is given yet."""
        params = super().get_params(ctx)
        named = ctx.params.get("name") is not None
        return [one for one in params if not (named and one.name == "name")]

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write how the command is called, with the scenario's name where one is given."""
        name = ctx.params.get("name")
        if name is None:
            super().format_usage(ctx, formatter)
        else:
            formatter.write_usage(f"{ctx.command_path} {name}", "[OPTIONS]")

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
    is_left_out = not parameter["required"] and parameter["default"] in (None, "", {})
    said = "" if is_left_out else f"  [{default.replace('default ', 'default: ', 1)}]"
    meaning = f"{parameter['meaning']}{choices}{said}"
    return f"--{parameter['name'].replace('_', '-')} <{short}>", meaning
