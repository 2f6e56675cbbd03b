"""Text and tables for LaTeX: plain tabulars with the rules of booktabs."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quorate.report.columns import columns
from quorate.runs.result import TextRow
from quorate.version import __version__

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    # of other glyphs in the oldest font encoding, or turned into others
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\char34{}",
    "`": r"\textasciigrave{}", "'": r"\textquotesingle{}",
    # just after the end of a row they would be read as its options
    "[": "{[}", "]": "{]}", "*": "{*}",
}  # fmt: skip
GREEK = (
    *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "", "pi", "rho", "varsigma", "sigma", "tau", "upsilon"),
    *("varphi", "chi", "psi", "omega"),
)  # from α to ω, as Unicode has them; omicron is like a letter of ours
CAPITALS = {
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
LIKE_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
MATHS = {
    "×": r"\times", "·": r"\cdot", "±": r"\pm", "−": "-", "≤": r"\leq", "≥": r"\geq",
    "≠": r"\neq", "≈": r"\approx", "∞": r"\infty", "→": r"\to", "←": r"\leftarrow",
    "∈": r"\in", "∑": r"\sum", "√": r"\surd", "∂": r"\partial", "∇": r"\nabla", "′": "'",
    "°": r"^\circ", "½": r"\frac{1}{2}", "ϵ": r"\epsilon", "ϕ": r"\phi", "ϑ": r"\vartheta",
    "∩": r"\cap", "∪": r"\cup", "⁻": "^{-}", "ℓ": r"\ell", "\N{MICRO SIGN}": r"\mu",
}  # fmt: skip
MATHS |= {chr(ord("α") + place): f"\\{name}" for place, name in enumerate(GREEK) if name}
MATHS |= {letter: f"\\{name}" for letter, name in CAPITALS.items()}
MATHS |= {sign: f"^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
MATHS |= {sign: f"_{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}
TEXT = {
    "–": "--", "—": "---", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`", "’": "'",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}",
    "Ø": r"\O{}", "å": r"\aa{}", "Å": r"\AA{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}",
    "§": r"\S{}", "¶": r"\P{}", "©": r"\copyright{}", "£": r"\pounds{}",
    "\N{NO-BREAK SPACE}": "~",
}  # fmt: skip
ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`", "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^", "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"', "\N{COMBINING MACRON}": "=",
    "\N{COMBINING DOT ABOVE}": ".", "\N{COMBINING BREVE}": "u", "\N{COMBINING CARON}": "v",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H", "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING RING ABOVE}": "r",
}  # fmt: skip
LIGATURES = {"--", ",,", "''", "``", "?`", "!`"}  # what two signs side by side would become one of


def escape(text: str) -> str:
    r"""Return text as LaTeX source that prints it as it was written, in any engine and encoding.

    Only ASCII comes out. What LaTeX does not know by itself becomes its number, as in [U+4E2D].

    >>> print(escape("dp-sgd:ε=0.5, 100% of a_b"))
    dp-sgd:$\varepsilon$=0.5, 100\% of a\_b
    """
    signs = [_sign(sign) for sign in unicodedata.normalize("NFC", text)]
    between = ["{}" if a[-1] + b[0] in LIGATURES else "" for a, b in itertools.pairwise(signs)]
    return "".join(sign + gap for sign, gap in itertools.zip_longest(signs, between, fillvalue=""))


def _sign(sign: str) -> str:
    for table in (SPECIAL, TEXT, LIKE_LATIN):
        if sign in table:
            return table[sign]
    if sign in MATHS:
        return f"${MATHS[sign]}$"
    if " " <= sign <= "~":
        return sign
    if sign.isspace():
        return " "
    apart = unicodedata.normalize("NFD", sign)  # a letter and its accents
    if len(apart) == 2 and apart[0].isascii() and apart[1] in ACCENTS:
        return f"{{\\{ACCENTS[apart[1]]}{{{apart[0]}}}}}"
    return f"{{[}}U+{ord(sign):04X}{{]}}"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        title: LaTeX source.
        align: l, c or r.
        above: LaTeX source above this column and its neighbours with the same; empty for none.
    """

    title: str
    align: str = "r"
    above: str = ""


def tabular(columns: Sequence[Column], rows: Iterable[Sequence[str] | str], note: str) -> str:
    r"""Return a table to \input, with the rules of booktabs.

    Args:
        columns: the columns.
        rows: cells as LaTeX source; a row that is one text spans all columns.
        note: what the table is, in ASCII, as a comment in its first line.
    """
    body = [
        f"\\multicolumn{{{len(columns)}}}{{l}}{{{row}}} \\\\" if isinstance(row, str) else _row(row)
        for row in rows
    ]
    lines = [
        f"% {' '.join(note.split())}",
        r"% In the preamble: \usepackage{booktabs}",
        f"\\begin{{tabular}}{{{''.join(column.align for column in columns)}}}",
        r"\toprule",
        *_above(columns),
        _row([column.title for column in columns]),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def text_table(heading: str, rows: Sequence[TextRow]) -> str:
    r"""Return a table for people as a table to \input."""
    sides = columns(rows)
    return tabular(
        [Column(escape(name), "l" if left else "r") for name, left in sides.items()],
        [[escape(row.get(name, "")) for name in sides] for row in rows],
        f"quorate {__version__}: {escape(heading)}",
    )


def _row(cells: Iterable[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _above(columns: Sequence[Column]) -> list[str]:
    """Return the row above the titles and the rules below it; none where nothing stands there."""
    cells, rules, first = [], [], 1
    for above, group in itertools.groupby(columns, lambda column: column.above):
        width = len(list(group))
        if above:
            cells.append(f"\\multicolumn{{{width}}}{{c}}{{{above}}}")
            rules.append(f"\\cmidrule(lr){{{first}-{first + width - 1}}}")
        else:
            cells += [""] * width
        first += width
    return [_row(cells), " ".join(rules)] if rules else []
