"""LaTeX by hand: no engine is here to try it, so every sign is read back by a reader of our own."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.report.latex import escape, latex_table
from quorate.version import __version__

# What each command prints, written from LaTeX's own documents, not from the table under test.
PRINTED = {
    r"\textbackslash{}": "\\",
    r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\char34{}": '"',
    r"\textasciigrave{}": "`",
    r"\textquotesingle{}": "'",
    r"\{": "{",
    r"\}": "}",
    r"\$": "$",
    r"\&": "&",
    r"\#": "#",
    r"\%": "%",
    r"\_": "_",
    "{[}": "[",
    "{]}": "]",
    "{*}": "*",
}


def read_back(source: str) -> str:
    """Return what LaTeX source prints, of text that was ASCII."""
    printed, at = "", 0
    while at < len(source):
        for command, sign in PRINTED.items():
            if source.startswith(command, at):
                printed, at = printed + sign, at + len(command)
                break
        else:
            if source.startswith("{}", at):
                at += 2
                continue
            assert source[at] not in "\\{}$&#%_^~[]*\"'`<>|", source[at:]
            printed, at = printed + source[at], at + 1
    return printed


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_ascii_prints_as_it_was_written(text: str) -> None:
    assert read_back(escape(text)) == text
    assert not re.search(r"--|,,|``|''|[?!]`", escape(text))  # no two signs become one


@given(st.text())
def test_nothing_can_break_a_table(text: str) -> None:
    """Whatever a label holds: ASCII on one line, groups closed, no sign that means something."""
    source = escape(text)
    assert source.isascii()
    assert "\n" not in source
    assert "\r" not in source
    bare = re.sub(r"\\[{}$&#%_]", "", source)  # escaped: printed, not meant
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    parts = bare.split("$")
    assert len(parts) % 2 == 1  # formulae are closed
    assert all(parts[1::2])  # and not empty: two dollars side by side would begin a display
    assert not re.search(r"[&#%]", bare)
    assert not re.search(r"[_^]", "".join(re.sub(r"\\[\^]", "", part) for part in parts[::2]))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("α*", r"$\alpha${*}"),
        ("ε=0.3, σ=1.1", r"$\varepsilon$=0.3, $\sigma$=1.1"),
        ("δ=10⁻⁵", r"$\delta$=10$^{-}$$^{5}$"),
        ("Δ ≤ 2×3", r"$\Delta$ $\leq$ 2$\times$3"),
        ("0–1 — …", r"0--1 --- \ldots{}"),
        ("–-", "--{}-"),  # an en dash and a hyphen are no em dash
        ("?“", "?{}``"),  # else an inverted question mark
        ("Aïvodji, Mendler-Dünner", r"A{\"{i}}vodji, Mendler-D{\"{u}}nner"),
        ("u\N{COMBINING DIAERESIS}", r"{\"{u}}"),  # the same letter in two pieces
        ("Größe, Łódź, cœur", r"Gr{\"{o}}\ss{}e, \L{}{\'{o}}d{\'{z}}, c\oe{}ur"),
        ("ΑΒο", "ABo"),  # Greek letters that look like ours
        ("中", "{[}U+4E2D{]}"),
        ("\N{GRINNING FACE}", "{[}U+1F600{]}"),
        ("a\tb\nc\rd", "a b c d"),
        ("\x00\x7f", "{[}U+0000{]}{[}U+007F{]}"),
        ("a\N{NO-BREAK SPACE}b", "a~b"),
        (
            "table:path=C:\\a_b\\$x^2.csv",
            r"table:path=C:\textbackslash{}a\_b\textbackslash{}\$x"
            r"\textasciicircum{}2.csv",
        ),
        ("", ""),
    ],
)
def test_what_labels_hold(text: str, source: str) -> None:
    assert escape(text) == source


def test_every_greek_letter_has_its_own_command() -> None:
    for place in range(25):
        letter = chr(ord("α") + place)
        name = unicodedata.name(letter).removeprefix("GREEK SMALL LETTER ").lower()
        name = {"lamda": "lambda", "final sigma": "varsigma"}.get(name, name)
        name = {"epsilon": "varepsilon", "phi": "varphi"}.get(name, name)
        assert escape(letter) == ("o" if name == "omicron" else f"$\\{name}$")


def test_a_table_by_hand() -> None:
    rows = [{"who": "x_1", "5%": "1"}, {"who": "all", "5%": "not reached", "more": "2"}]
    assert latex_table("A\nnote on α", rows) == (
        f"% quorate {__version__}: A note on $\\alpha$\n"
        "% In the preamble: \\usepackage{booktabs}\n"
        "\\begin{tabular}{lrr}\n"
        "\\toprule\n"
        "who & 5\\% & more \\\\\n"
        "\\midrule\n"
        "x\\_1 & 1 &  \\\\\n"
        "all & not reached & 2 \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
    )
