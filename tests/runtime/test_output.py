"""What is printed in few letters: readable, of the same meaning, and never an error."""

import io
import string
import sys
import unicodedata
from pathlib import Path

import pytest

import quorate
from quorate.runtime.output import READABLE, is_utf8, make_readable, readable

GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "tau upsilon phi chi psi omega"
)


def test_greek_letters_are_spelled() -> None:
    assert readable(" ".join(GREEK), "ascii") == NAMES
    assert readable("Δ Σ Ω Λ", "latin-1") == "Delta Sigma Omega Lambda"


@pytest.mark.parametrize(
    ("text", "encoding", "read"),
    [
        ("S(α₁) ≤ 0.5 – so", "ascii", "S(alpha1) <= 0.5 - so"),
        ("S(α₁) ≤ 0.5 – so", "cp1252", "S(alpha1) <= 0.5 – so"),
        ("3,246 → 3,091 ± 2 × 10⁻³", "ascii", "3,246 -> 3,091 +/- 2 x 10-3"),
        ("café naïve Żółw Straße", "ascii", "cafe naive Zolw Strasse"),
        ("café", "latin-1", "café"),
        ("“quoted” it’s… ½", "ascii", '"quoted" it\'s... 1/2'),
        ("┏━┳┃└─┘│", "ascii", "+-+|+-+|"),
        ("⠋ Checking", "cp1252", "* Checking"),
        ("中文 🙂", "cp1252", "?? ?"),
        ("caf\udce9", "utf-8", "caf?"),
        ("\x1b[31mred\x07\r\n\tnext", "utf-8", "?[31mred??\n\tnext"),
        ("α ≤ 中 ┃", "utf-8", "α ≤ 中 ┃"),
    ],
)
def test_by_hand(text: str, encoding: str, read: str) -> None:
    assert readable(text, encoding) == read


def test_every_sign_of_our_own_words_is_spelled() -> None:
    """Help texts and results of the sources, all but one letter that stands for foreign ones."""
    sources = Path(quorate.__file__).parent.rglob("*.py")
    signs = {sign for file in sources for sign in file.read_text(encoding="utf-8")} - set("中?")
    assert [sign for sign in sorted(signs) if "?" in readable(sign, "ascii")] == []
    assert readable("Mu\u0308ller", "cp1252") == "Muller"  # as macOS names files


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
def test_every_sign_can_be_written_and_is_no_escape(encoding: str) -> None:
    signs = [chr(code) for code in range(32, 0x3000) if unicodedata.name(chr(code), "")]
    for sign in signs:
        shown = readable(sign, encoding)
        assert "\\" not in shown or sign in ("\\", "＼", "∖")
        assert shown.encode(encoding).decode(encoding) == shown
    assert readable(string.printable[:95], encoding) == string.printable[:95]


def stream(encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors)


def written(to: io.TextIOWrapper) -> bytes:
    to.flush()
    assert isinstance(to.buffer, io.BytesIO)
    return to.buffer.getvalue()


def test_both_streams_write_what_they_cannot_encode(monkeypatch: pytest.MonkeyPatch) -> None:
    out, said = stream("cp1252"), stream("ascii", "backslashreplace")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", said)
    make_readable()
    print("α ≤ é")
    print("ε – é", file=sys.stderr)
    assert written(out) == b"alpha <= \xe9\n"
    assert written(said) == b"epsilon - e\n"


def test_a_choice_of_the_user_stays_and_other_streams_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, other = stream("ascii", "replace"), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", other)
    make_readable()
    assert out.errors == "replace"
    print("α")
    assert written(out) == b"?\n"


def test_what_is_no_letter_at_all_raises_as_before() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", READABLE)


def test_utf8_by_any_of_its_names() -> None:
    assert [is_utf8(stream(name)) for name in ("utf-8", "UTF8", "cp1252")] == [True, True, False]
    assert is_utf8(io.StringIO())
