"""How a user's table is written, as far as the user says so."""

from __future__ import annotations

from dataclasses import dataclass

from quorate.errors import InputError
from quorate.validate import unknown

_NAMED_SEPARATORS = ("tab", r"\t", r"\s+")


@dataclass(frozen=True)
class TableFormat:
    """How a user's table is written, where that is not to be found out.

    Args:
        separator: of a CSV file, one character, tab, or \\s+ for any blanks; None for , or ; or
            tab.
        encoding: of a CSV file; None for UTF-8, or what its byte order mark says.
        decimal: decimal sign of numbers, "." or ","; None finds it column by column.
        missing: texts that stand for a missing value, as an empty cell does.
        text: columns whose values are names, even where they are numbers.
        keep: columns to keep although they only number the rows.
        options: whether the user writes --missing NA, not missing=NA.

    Raises:
        InputError: the separator, the decimal sign or the encoding is not known.
    """

    separator: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    options: bool = False

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            fix = "Leave it out to have it found."
            raise unknown("decimal sign", self.decimal, ("'.'", "','"), fix)
        one_sign = len(self.separator or "") <= 1 and self.separator not in ('"', "\r", "\n")
        if not one_sign and self.separator not in _NAMED_SEPARATORS:
            raise InputError(
                f"Expected a separator of one character, got {self.separator!r}. Give one, tab, or "
                r"\s+ for any blanks; where several characters separate, replace them in the file."
            )
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, UnicodeError):
                known = ("utf-8", "cp1252", "latin-1", "utf-16", "utf-8-sig", "mac-roman")
                raise unknown("encoding", self.encoding, known) from None

    def say(self, name: str, value: str) -> str:
        """Return how the user gives a parameter.

        >>> TableFormat().say("missing", "NA"), TableFormat(options=True).say("drop", "age")
        ('missing=NA', '--ignore age')
        >>> print(TableFormat().say("missing", "None"))
        missing="None"
        """
        if not self.options:
            quoted = any(sign in value for sign in ",()") or value.lower() == "none"
            return f'{name}="{value}"' if quoted else f"{name}={value}"
        value = f'"{value}"' if " " in value else value
        return f"--{name.replace('drop', 'ignore')} {value}"
