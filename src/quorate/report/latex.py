"""Text and tables for LaTeX."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence

from quorate.runs.columns import columns
from quorate.runs.result import TextRow
from quorate.version import __version__


def _pairs(table: str) -> dict[str, str]:
    """Return a table of signs and their LaTeX source, as pairs of words."""
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


SPECIAL = _pairs(r"""
    \ \textbackslash{}   { \{   } \}   $ \$   & \&   # \#   % \%   _ \_
    ^ \textasciicircum{}   ~ \textasciitilde{}
""")
# of other glyphs in the oldest font encoding, or turned into others
SPECIAL |= _pairs(r"""
    < \textless{}   > \textgreater{}   | \textbar{}   " \char34{}   ` \textasciigrave{}
    ' \textquotesingle{}
""")
SPECIAL |= _pairs("[ {[}   ] {]}   * {*}")  # else read as the options of the end of a row
LIKE_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
MATHS = _pairs(r"""
    × \times   · \cdot   ± \pm   − -   ≤ \leq   ≥ \geq   ≠ \neq   ≈ \approx   ∞ \infty   → \to
    ← \leftarrow   ∈ \in   ∑ \sum   √ \surd   ∂ \partial   ∇ \nabla   ′ '   ° ^\circ   ½ \frac{1}{2}
    ϵ \epsilon   ϕ \phi   ϑ \vartheta   ∩ \cap   ∪ \cup   ⁻ ^{-}   ℓ \ell
    Γ \Gamma   Δ \Delta   Θ \Theta   Λ \Lambda   Ξ \Xi   Π \Pi   Σ \Sigma   Υ \Upsilon   Φ \Phi
    Ψ \Psi   Ω \Omega
    α \alpha   β \beta   γ \gamma   δ \delta   ε \varepsilon   ζ \zeta   η \eta   θ \theta
    ι \iota   κ \kappa   λ \lambda   μ \mu   ν \nu   ξ \xi   π \pi   ρ \rho   ς \varsigma
    σ \sigma   τ \tau   υ \upsilon   φ \varphi   χ \chi   ψ \psi   ω \omega
""")
MATHS["\N{MICRO SIGN}"] = r"\mu"
MATHS |= {sign: f"^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
MATHS |= {sign: f"_{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}
TEXT = _pairs(r"""
    – --   — ---   … \ldots{}   “ ``   ” ''   ‘ `   ’ '   ß \ss{}   æ \ae{}   Æ \AE{}   œ \oe{}
    Œ \OE{}   ø \o{}   Ø \O{}   å \aa{}   Å \AA{}   ł \l{}   Ł \L{}   ı \i{}   § \S{}   ¶ \P{}
    © \copyright{}   £ \pounds{}
""")
TEXT["\N{NO-BREAK SPACE}"] = "~"
ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING MACRON}": "=",
    "\N{COMBINING DOT ABOVE}": ".",
    "\N{COMBINING BREVE}": "u",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING RING ABOVE}": "r",
}
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


def latex_table(heading: str, rows: Sequence[TextRow]) -> str:
    r"""Return a table for people as a table to \input, with the rules of booktabs."""
    left_aligned = columns(rows)
    lines = [
        f"% quorate {__version__}: {' '.join(escape(heading).split())}",
        r"% In the preamble: \usepackage{booktabs}",
        f"\\begin{{tabular}}{{{''.join('l' if left else 'r' for left in left_aligned.values())}}}",
        r"\toprule",
        _row(left_aligned),
        r"\midrule",
        *(_row(row.get(name, "") for name in left_aligned) for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"{' & '.join(map(escape, cells))} \\\\"
