"""The generated table of findings and the gallery, on findings made by hand."""

import importlib.util
import io
import json
import lzma
import re
from pathlib import Path
from typing import Any

import claims
import keeping
import numpy as np
import pytest
import writing
from PIL import Image

from quorate.errors import InputError
from quorate.findings.experiment import read_experiment
from quorate.findings.stored_cells import draw_again
from quorate.runs.digests import is_unchanged
from quorate.runs.store import Store
from quorate.studies.trial import TRIAL, Outcome

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location(
    "experiments_generate", ROOT / "experiments" / "generate.py"
)
assert spec is not None
assert spec.loader is not None
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)

FINDING: dict[str, Any] = {
    "name": "private-epsilon",
    "title": "Privacy asks for more members",
    "claim": "α* grows as ε shrinks.",
    "source": "Solanki et al. 2025, arXiv:2505.05707",
    "ours": "Every setting.",
    "expected": "α* at ε = 0.3 > α* at ε = 10.",
    "time": {"cpu": "three hours", "gpu": "20 minutes"},
    "verdict": "holds",
    "statements": [
        {
            "text": "α* grows from ε = 10 to 1",
            "value": 3.5,
            "low": 2.0,
            "high": 6.0,
            "verdict": "holds",
            "words": "3.5 times (2 to 6)",
        },
        {
            "text": "and to 0.3",
            "value": None,
            "low": None,
            "high": None,
            "verdict": "undecided",
            "words": "",
        },
    ],
    "curves": [
        {"name": "ε = 10", "critical_mass": 0.01, "low": 0.005, "high": 0.01, "accuracy": 0.91},
        {"name": "ε = 0.3", "critical_mass": None, "low": 0.1, "high": None, "accuracy": 0.52},
        {"name": "failed", "critical_mass": None, "low": None, "high": None, "accuracy": None},
    ],
    "note": "It was the **clipping**:\n\n- more of it, less.",
    "command": "quorate run experiments/private-epsilon.toml --out runs/private-epsilon",
    "cpu_seconds": 9000.0,
    "seeds": 5,
    "hardware": "A chip, 2 cores",
    "version": "0.1.0",
    "git_revision": "0123456789abcdef",
    "pictures": ["curves.svg", "curves.png", "masses.svg"],
}


def drawn(width: int) -> bytes:
    """Return a white PNG picture with a coloured line."""
    picture, content = Image.new("RGB", (width, width // 2), "white"), io.BytesIO()
    picture.paste("red", (0, 10, width, 20))
    picture.save(content, "PNG")
    return content.getvalue()


DRAWN = drawn(960)


def make_run(folder: Path, **changes: Any) -> Path:
    """Make the folder of a run, as running an experiment leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finding.json").write_text(json.dumps({**FINDING, **changes}))
    for name in ("curves.svg", "curves.png", "masses.svg", "cells.csv", "critical_mass.csv"):
        (folder / name).write_bytes(f"id,name\n1,{folder.name} {name}\n".encode())
    (folder / "curves.png").write_bytes(DRAWN)
    for name in ("report.html", "results.json", "store.sqlite-wal"):
        (folder / name).write_text("large")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with three experiments and no results."""
    root = tmp_path / "project"
    (root / "experiments").mkdir(parents=True)
    (root / "docs").mkdir()
    for name in ("private-epsilon.toml", "erasure.toml", "other_way.py", *keeping.TOOLS):
        (root / "experiments" / name).write_text("")
    return root


@pytest.fixture
def measured(root: Path, tmp_path: Path) -> Path:
    """The same with one finding, collected."""
    assert generate.main(["--collect", str(make_run(tmp_path / "private-epsilon"))], root) == 0
    return root


def cells(folder: Path) -> bytes:
    return lzma.decompress((folder / "cells.csv.xz").read_bytes())


def readme(root: Path) -> str:
    return (root / "experiments" / "README.md").read_text(encoding="utf-8")


def at_length(root: Path) -> str:
    return (root / "experiments" / "findings.md").read_text(encoding="utf-8")


ANEW = """
claim = "Said anew."
source = "someone"
ours = "All."
expected = "More."
strategy = "planting"
[[expect]]
of = "sgd"
at_most = 0.1
"""


@pytest.mark.parametrize("name", ["private-epsilon", "participation", "ttca-adaptive"])
def test_a_finding_of_a_private_platform_says_what_its_budget_leaves_out(name: str) -> None:
    """Whether the experiment trains it, reads curves of it, or hardens a platform with it."""
    section = (ROOT / "experiments" / "findings.md").read_text().split(f"\n## {name}\n")[1]
    assert "It leaves out: choosing settings" in section.split("\n## ")[0]


def row(root: Path, name: str) -> str:
    (found,) = re.findall(rf"^\|.*\[{name}\]\(.*$", readme(root), flags=re.MULTILINE)
    return str(found)


# ---------------------------------------------------------------------------------------- the pages


def test_words_are_the_files_and_other_settings_are_named(root: Path, tmp_path: Path) -> None:
    file = root / "experiments" / "private-epsilon.toml"
    file.write_text(ANEW)
    run = make_run(tmp_path / "run", settings_id=read_experiment(file).settings_id)
    assert generate.main(["--collect", str(run)], root) == 0
    assert "| Said anew. |" in row(root, "private-epsilon")
    assert "**Source.** someone" in at_length(root)
    assert writing.OLDER not in at_length(root)
    file.write_text(ANEW.replace("More.", "Less."))  # words change nothing that is measured
    generate.main([], root)
    assert "Less." in at_length(root)
    assert writing.OLDER not in at_length(root)
    file.write_text(ANEW.replace("0.1", "0.2"))  # what is expected can be judged anew
    generate.main([], root)
    assert writing.OLDER not in at_length(root)
    file.write_text(ANEW.replace("planting", "unplanting"))
    generate.main([], root)
    assert writing.OLDER in at_length(root)


def test_pages_and_findings_here_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """Every verdict and every number is what the kept cells give today."""
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_without_results_everything_is_not_measured_yet(root: Path) -> None:
    assert generate.main([], root) == 0
    for name, file in (("erasure", "erasure.toml"), ("other_way", "other_way.py")):
        assert row(root, name) == f"|  | not measured here yet | | [{name}]({file}) |"
    assert "[generate]" not in readme(root)
    assert "Nothing is measured here yet." in (root / "docs" / "gallery.md").read_text()


def test_what_is_no_claim_of_a_source_stands_apart(measured: Path) -> None:
    assert row(measured, "private-epsilon") == (
        r"| α\* grows as ε shrinks. | **holds** | 1 of 2 statements: 3.5 times (2 to 6) | "
        "[private-epsilon](findings.md#private-epsilon) |"
    )
    assert "not measured here yet" in row(measured, "erasure")
    assert "| claim | source |" not in readme(measured)


def test_a_section_says_everything(measured: Path) -> None:
    section = at_length(measured).split("\n## private-epsilon\n")[1]
    for said in (
        "**Privacy asks for more members.** Verdict: **holds**.",
        r"**Claim.** α\* grows as ε shrinks.",
        "**Source.** Solanki et al. 2025, arXiv:2505.05707",
        "**Ours.** Every setting.",
        r"**Expected.** α\* at ε = 0.3 > α\* at ε = 10.",
        r"- **holds**: α\* grows from ε = 10 to 1: 3.5 times (2 to 6)",
        "- **undecided**: and to 0.3\n",
        "| ε = 10 | 1% | (0.5%, 1%] | 0.910 |",
        "| ε = 0.3 | not reached | (10%, not reached] | 0.520 |",
        "| failed | – | – | – |",
        "It was the **clipping**:\n\n- more of it, less.\n",
        "5 seeds; 2.5 hours of processor time here; A chip, 2 cores; version 0.1.0, revision "
        "0123456789ab. Takes three hours, 20 minutes on a GPU.",
        "<!-- not run: takes three hours, 20 minutes on a GPU -->\n```sh\nquorate run",
    ):
        assert said in section


def test_every_finding_has_a_small_picture(measured: Path) -> None:
    shown = re.findall(r"!\[(.*?)\]\((.*?)\)", at_length(measured))
    assert shown == [("Privacy asks for more members", "results/private-epsilon/small.png")]
    page = (measured / "docs" / "gallery.md").read_text(encoding="utf-8")
    small = '<img src="../experiments/results/private-epsilon/small.png" alt="" width="240">'
    title = "[Privacy asks for more members](../experiments/findings.md#private-epsilon)"
    assert rf"| {small} | {title}: α\* grows as ε shrinks. | holds |" in page.splitlines()


def test_words_do_not_break_the_table(root: Path, tmp_path: Path) -> None:
    awkward = {"claim": "a | b\n*c* <d> $e$ `f` g_h \\", "command": "quorate list | head"}
    run = make_run(tmp_path / "private-epsilon", **awkward)
    assert generate.main(["--collect", str(run)], root) == 0
    line = row(root, "private-epsilon")
    assert len(re.findall(r"(?<!\\)\|", line)) == 5
    assert r"a \| b \*c\* &lt;d> \$e\$ \`f\` g\_h \\ |" in line


# ---------------------------------------------------------------------------------------- the files


def test_what_is_kept_of_a_run(measured: Path) -> None:
    kept = measured / "experiments" / "results" / "private-epsilon"
    assert {file.name for file in kept.iterdir()} == {
        "finding.json",
        "small.png",
        "cells.csv.xz",
        "critical_mass.csv.xz",
        "provenance.json",
    }
    assert cells(kept) == b"name\nprivate-epsilon cells.csv\n"
    found = json.loads((kept / "finding.json").read_text())
    assert is_unchanged(found)
    assert found.pop("digest")
    assert found == {**FINDING, "pictures": ["small.png"]}


def test_the_small_picture_is_small_and_the_same_each_time(measured: Path) -> None:
    kept = measured / "experiments" / "results" / "private-epsilon" / "small.png"
    with Image.open(kept) as picture:
        assert (picture.mode, picture.size) == ("P", (480, 240))
        assert (255, 0, 0) in {color for _, color in picture.convert("RGB").getcolors() or ()}
    assert kept.read_bytes() == keeping.thumbnail(DRAWN)
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (400, 900, 3), dtype=np.uint8))
    content = io.BytesIO()
    noise.save(content, "PNG")
    with Image.open(io.BytesIO(keeping.thumbnail(content.getvalue()))) as picture:
        assert picture.size[0] < 480  # narrower, until it is small
    assert len(keeping.thumbnail(content.getvalue())) <= keeping.MOST_OF_SMALL
    with pytest.raises(InputError, match="Expected a PNG picture"):
        keeping.thumbnail(b"none")


def test_what_is_kept_can_be_kept_again(measured: Path) -> None:
    kept = measured / "experiments" / "results" / "private-epsilon"
    before = {file.name: file.read_bytes() for file in kept.iterdir()}
    keeping.collect(kept, measured)
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == before


def test_a_run_takes_the_place_of_the_one_before(measured: Path, tmp_path: Path) -> None:
    again = make_run(tmp_path / "again", verdict="undecided", pictures=["curves.svg"])
    assert generate.main(["--collect", str(again)], measured) == 0
    kept = measured / "experiments" / "results" / "private-epsilon"
    assert not (kept / "small.png").exists()  # a drawing without pixels has none
    assert cells(kept) == b"name\nagain cells.csv\n"
    assert "| **undecided** |" in row(measured, "private-epsilon")


def test_provenance_is_that_of_the_store(root: Path, tmp_path: Path) -> None:
    run = make_run(tmp_path / "private-epsilon")
    with Store(run, write=True) as store:
        for seed in range(3):
            who = ("digits", "planting", "planted", "sgd")
            machine = {"processor": "A chip" if seed else "Another"}
            sizes = (0.1, seed, 10, 100, 1.5, "0.1.0")
            outcome = Outcome(str(seed), *who, *sizes, provenance=machine)
            store.add(TRIAL, outcome.to_record())
    kept = keeping.collect(run, root)
    assert json.loads((kept / "provenance.json").read_text()) == [
        {"cells": 2, "processor": "A chip"},
        {"cells": 1, "processor": "Another"},
    ]
    (run / "provenance.json").write_text('{"its": "own"}')
    assert (keeping.collect(run, root) / "provenance.json").read_text() == '{"its": "own"}'


def test_more_than_may_be_kept_is_refused(
    measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = measured / "experiments" / "results"
    (results / "others").mkdir()
    (results / "others" / "large.png").write_bytes(b"x" * 4000)
    again = make_run(tmp_path / "again")
    kept = results / "private-epsilon"
    monkeypatch.setattr(keeping, "LIMIT", 4000)
    with pytest.raises(InputError, match=r"at most 4,000 bytes of results in all, got .* with"):
        keeping.collect(again, measured)
    assert cells(kept) == b"name\nprivate-epsilon cells.csv\n"  # as it was
    monkeypatch.setattr(keeping, "LIMIT", 12000)  # the run before it makes room for it
    keeping.collect(again, measured)
    assert cells(kept) == b"name\nagain cells.csv\n"


def test_results_here_are_small_enough() -> None:
    files = (ROOT / "experiments" / "results").rglob("*")
    assert sum(file.stat().st_size for file in files if file.is_file()) <= keeping.LIMIT
    assert keeping.LIMIT == 2_000_000


# ---------------------------------------------------------------------------------------- mistakes


def test_check_tells_what_is_out_of_date(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main(["--check"], measured) == 0
    (measured / "experiments" / "new.toml").write_text("")
    (measured / "docs" / "gallery.md").unlink()
    capsys.readouterr()
    assert generate.main(["--check"], measured) == 1
    told = capsys.readouterr().err
    assert "Out of date: experiments/README.md. Run: python experiments/generate.py" in told
    assert "docs/gallery.md" in told
    assert not (measured / "docs" / "gallery.md").exists()  # it only looks
    assert generate.main([], measured) == 0
    assert generate.main(["--check"], measured) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "private-epsilom"}, "Did you mean private-epsilon"),
        ({"verdict": "maybe"}, "Expected a known verdict in .* got 'maybe'"),
        ({"answers": "gap", "seeds": 3}, "Expected 5 seeds or more of private-epsilon, .* got 3"),
        ({"pictures": ["curves.svg", "lost.png"]}, r"Expected the picture lost\.png beside"),
    ],
)
def test_findings_that_are_none(
    root: Path,
    tmp_path: Path,
    changes: dict[str, Any],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = make_run(tmp_path / "private-epsilon", **changes)
    assert generate.main(["--collect", str(run)], root) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not (root / "experiments" / "results").exists()


def test_files_that_are_no_findings(measured: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Expected a finding at .*finding\.json, got: No such"):
        keeping.collect(tmp_path / "nothing", measured)
    kept = measured / "experiments" / "results" / "private-epsilon" / "finding.json"
    for content, message in (
        ("{", "Expected a finding at"),
        ("3", "Expected a finding at"),
        ("{}", "Expected name, title, .* got none"),
        (json.dumps({**FINDING, "statements": 3}), "Expected statements with text, value"),
        (json.dumps({**FINDING, "statements": [{"text": "t"}]}), "Expected statements with text"),
        (
            json.dumps({**FINDING, "name": "erasure", "pictures": []}),
            "in the folder of its name, got 'erasure'",
        ),
    ):
        kept.write_text(content)
        with pytest.raises(InputError, match=message):
            generate.pages(measured)


# ------------------------------------------------------------------------------------ judging again

CLAIM = """
claim = "A gap closes."
source = "ours"
ours = "Everything."
expected = "It does."
population = "digits"
subgroup = "blur"
platform = "cnn"
[[expect]]
measure = "gap"
of = { members = 10 }
at_least = 0.5
"""


CELLS = b"members,seed,gap,platform,before.accuracy\n" + b"".join(
    b"10,%d,%s,cnn,0.5\n" % one for one in enumerate((b"0.1", b"0.12", b"0.11"))
)


def test_results_are_judged_anew_from_their_cells(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (measured / "experiments" / "private-epsilon.toml").write_text(CLAIM)
    kept = measured / "experiments" / "results" / "private-epsilon"
    (kept / "cells.csv.xz").write_bytes(lzma.compress(CELLS))
    generate.main([], measured)
    capsys.readouterr()
    assert generate.main(["--check"], measured) == 1
    assert "Not what its cells say: private-epsilon" in capsys.readouterr().err
    assert generate.main(["--judge"], measured) == 0
    assert "Judged anew: private-epsilon" in capsys.readouterr().out
    found = json.loads((kept / "finding.json").read_text())
    assert (found["verdict"], found["statements"][0]["refutes"]) == ("does not hold", True)
    assert found["title"] == FINDING["title"]
    assert "| **does not hold** | 0.110 (0.085 to 0.135) |" in row(measured, "private-epsilon")
    assert generate.main(["--judge"], measured) == 0
    assert "As before: private-epsilon" in capsys.readouterr().out
    assert generate.main(["--check"], measured) == 0


@pytest.mark.parametrize(
    ("old", "new", "differ"),
    [
        ('claim = "A gap', 'answers = "gap"\nclaim = "A gap', "answers"),
        ('claim = "A gap', 'where = "in the dark"\nclaim = "A gap', "where"),
        ("at_least = 0.5", "at_least = 0.5\nspread = 0.1", "design"),
    ],
)
def test_check_tells_what_a_file_says_otherwise_by_now(
    measured: Path, old: str, new: str, differ: str
) -> None:
    file = measured / "experiments" / "private-epsilon.toml"
    file.write_text(CLAIM.replace("[[expect]]", "seeds = 3\n[[expect]]"))
    kept = measured / "experiments" / "results" / "private-epsilon"
    (kept / "cells.csv.xz").write_bytes(lzma.compress(CELLS))
    assert generate.main(["--judge"], measured) == 0
    assert not keeping.misjudged(measured)
    file.write_text(file.read_text().replace(old, new))
    assert keeping.misjudged(measured) == {"private-epsilon": f"Its cells give other {differ}."}


@pytest.mark.parametrize(
    ("content", "looks", "message"),
    [
        (b"members,seed\n10\n", "", "Expected as many values as columns in .* in row 1"),
        (b"members,seed\n10,0,1\n", "", "Expected as many values as columns in .* in row 1"),
        (b'gap\n"' + b"1" * 200_000 + b'"\n', "", "Expected to read .*cells.csv.xz, got: field"),
        (b"members,seed,gap,platform\n10,0,1,cnn\n", "", "Expected the tables of .*KeyError"),
        (None, "looks = [10, 20]", "of a look that its file plans, 10, 20 seeds, got 5"),
    ],
)
def test_damaged_tables_are_told(
    measured: Path, content: bytes | None, looks: str, message: str
) -> None:
    plain = CLAIM.replace("[[expect]]", f"{looks}\n[[expect]]") + "spread = 0.1\n"
    (measured / "experiments" / "private-epsilon.toml").write_text(plain)
    kept = measured / "experiments" / "results" / "private-epsilon"
    (kept / "cells.csv.xz").write_bytes(lzma.compress(CELLS if content is None else content))
    assert re.search(message, keeping.misjudged(measured)["private-epsilon"])


def test_pictures_of_no_finding_are_refused(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main(["--draw", "private-epsilom"], measured) == 2
    assert "Did you mean private-epsilon" in capsys.readouterr().err


def test_what_cannot_be_judged_anew_is_left(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = measured / "experiments" / "results" / "private-epsilon" / "finding.json"
    before = kept.read_bytes()
    assert generate.main(["--judge"], measured) == 0
    assert "Left private-epsilon as it was. Expected" in capsys.readouterr().err
    assert kept.read_bytes() == before


def test_a_statement_that_refutes_only_alone_says_so(root: Path, tmp_path: Path) -> None:
    statements = [
        {**FINDING["statements"][0]},
        {**FINDING["statements"][0], "verdict": "does not hold", "refutes": False, "words": "0.9"},
    ]
    run = make_run(tmp_path / "private-epsilon", verdict="undecided", statements=statements)
    assert generate.main(["--collect", str(run)], root) == 0
    assert "| **undecided** | 1 of 2 statements: 0.9 |" in row(root, "private-epsilon")
    assert "- **does not hold** taken alone: α\\* grows" in at_length(root)


RUN_OTHERWISE = ("ttca-controls", "ttca-gap-cifar10", "ttca-gap-cifar100")
ALL_DRAWN = {  # that a run draws, but for photographs
    "navigation-grid": {"map", "days"},
    "navigation": {"map"},
    "ttca-queries": {"gap", "groups", "queries"},
    "ttca-transfer": {"gap", "groups", "transfer"},
}


@pytest.mark.parametrize(
    "name",
    sorted(path.parent.name for path in (ROOT / "experiments" / "results").glob("*/finding.json")),
)
def test_what_is_kept_can_be_drawn_again(name: str) -> None:
    """All that was run as its file asks; what was not says so."""
    folder = ROOT / "experiments" / "results" / name
    experiment = read_experiment(ROOT / "experiments" / f"{name}.toml")
    finding = keeping.read_finding(folder / "finding.json")
    if name in RUN_OTHERWISE:
        with pytest.raises(InputError, match=r"cells that .* asks for today, got \d+ in"):
            draw_again(experiment, finding, folder)
    else:
        drawn = draw_again(experiment, finding, folder).keys()
        assert drawn == ALL_DRAWN.get(name, drawn)
        assert drawn


# --------------------------------------------------------------------------------------- the claims

CLAIMS = """
[[claim]]
name = "epsilon"
claim = "α* grows as ε shrinks."
source = "Solanki et al. 2025"
says = "A tenth of ε asks for {|private-epsilon/tenth|} times as many."

[[claim]]
name = "nobody-looked"
claim = "It is so."
source = "someone"
says = ""
"""


def statement(verdict: str, **more: Any) -> dict[str, Any]:
    plain = {"text": "t", "value": 3.5, "low": 2.0, "high": 6.0, "words": "3.5 (2 to 6) times"}
    plain |= {"measure": "critical-mass", "clear": 2.0, "aside": False, "seeds_needed": None}
    return {**plain, "verdict": verdict, "refutes": verdict == "does not hold", **more}


@pytest.fixture
def claimed(root: Path, tmp_path: Path) -> Path:
    """Two findings that answer one claim: the statements and their conditions."""
    (root / "experiments" / "sources").mkdir()
    (root / "experiments" / "sources" / "claims.toml").write_text(CLAIMS)
    first = [
        statement("holds", where="on MNIST", name="tenth"),
        statement("does not hold", where="on MNIST", aside=True),
        statement("does not hold", where="the step is tuned", opposite=True, clear=-3.0),
    ]
    second = [statement("undecided", seeds_needed=43), statement("undecided", seeds_needed=1234)]
    runs = [
        make_run(tmp_path / "a", answers="epsilon", statements=first),
        make_run(
            tmp_path / "b", name="erasure", answers="epsilon", where="on Adult", statements=second
        ),
    ]
    assert generate.main(["--collect", *map(str, runs)], root) == 0
    return root


def test_a_claim_has_one_verdict_with_its_conditions(claimed: Path) -> None:
    page = readme(claimed)
    assert (
        "| **holds in part**: holds (a) on MNIST;<br>reversed (b) where the step is tuned;<br>"
        "undecided (c) on Adult (about 1,200 seeds would decide) | A tenth of ε asks for 3.5 times "
        "as many. |"
    ) in page
    assert "| not measured here |" in page
    assert "what we state" in page
    assert "[private-epsilon](findings.md#private-epsilon) |" in page.split("# The conditions")[1]
    assert "private-epsilon" not in page.split("# What we state")[1].split("# The conditions")[0]


def test_a_claim_has_a_picture_that_tells_what_it_shows(claimed: Path) -> None:
    picture = claimed / "experiments" / "results" / "claims" / "epsilon.svg"
    drawn = picture.read_text(encoding="utf-8")
    assert "<svg" in drawn
    assert len(drawn) < 25_000
    picture.write_text(drawn.replace("<svg", "<svg "), encoding="utf-8")  # another library's bytes
    assert generate.main(["--check"], claimed) == 0
    picture.write_text(drawn.rpartition("<!--")[0], encoding="utf-8")
    assert generate.main(["--check"], claimed) == 1


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (["holds", "holds"], "holds"),
        (["holds", "does not hold"], "holds in part"),
        (["does not hold", "undecided"], "does not hold"),
        (["undecided", "undecided"], "undecided"),
        ([], "undecided"),
    ],
)
def test_verdicts_on_the_whole_of_a_claim(found: list[str], verdict: str) -> None:
    parts = tuple(
        claims.Part(str(place), (("x", statement(one)),)) for place, one in enumerate(found)
    )
    assert claims.Answer(claims.Claim("n", "c", "s", ""), parts, "").verdict == verdict


def test_a_part_is_as_open_as_its_statements() -> None:
    def part(*said: dict[str, Any]) -> claims.Part:
        return claims.Part("", tuple(("x", one) for one in said))

    alone = statement("does not hold", refutes=False, seeds_needed=12)
    assert part(statement("holds"), alone).verdict == "undecided"
    assert part(statement("holds"), alone).seeds_needed == 12
    open_ = statement("undecided", seeds_needed=30)
    assert part(open_, statement("holds")).seeds_needed == 30
    assert part(open_, statement("undecided")).seeds_needed is None
    both = part(statement("does not hold", opposite=True), statement("does not hold"))
    assert both.verdict == "does not hold"


def test_what_is_beyond_its_limit_decides_a_part_by_refuting_it() -> None:
    """Half an interval of five seeds is 1.241 deviations; two statements are judged at 97.5%."""
    told = {"spread": 1.0, "confidence": 0.95, "seeds": 5, "family": 2, "clear": -0.5}
    beyond = statement("undecided", seeds_needed=13, **told)
    # .6208 deviations: t(.9875; 16) = 2.473 over √17 is .5998, t(.9875; 15) = 2.490 over 4 .6225
    assert claims.seeds_to_refute(beyond) == 17
    slow = statement("undecided", seeds_needed=900, clear=0.1)
    assert claims.Part("", (("x", slow), ("x", beyond))).seeds_needed == 17
    alone = statement("does not hold", refutes=False, seeds_needed=6)
    assert claims.Part("", (("x", slow), ("x", beyond), ("x", alone))).seeds_needed == 6
    bound = statement("undecided", seeds_needed=None, **{**told, "spread": None})
    assert claims.Part("", (("x", slow), ("x", bound))).seeds_needed is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "epsilon"', 'name = "other"', "claim that erasure answers"),
        ("{|private-epsilon/tenth|}", "{private-epsilon/half}", "statement of private-epsilon"),
        ("{|private-epsilon/tenth|}", "{nothing/tenth}", "finding of a claim's sentence"),
        ("{|private-epsilon/tenth|}", "{private-epsilon}", "Mend its braces"),
        ('name = "nobody-looked"', 'name = "epsilon"', "got epsilon twice"),
        ('says = ""', "", "Expected name, claim, source, says"),
    ],
)
def test_claims_that_do_not_fit(
    claimed: Path, old: str, new: str, message: str, capsys: Any
) -> None:
    file = claimed / "experiments" / "sources" / "claims.toml"
    file.write_text(CLAIMS.replace(old, new))
    assert generate.main([], claimed) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "words", "short"),
    [
        (0.997, "99.7% (98% to 100%)", "100%"),
        (187.0, "187.000 (150.000 to 230.000)", "190"),
        (99.7, "99.700 (98.000 to 101.000)", "100"),
        (-0.00001234, "0.000 (0.000 to 0.000) less", "-0.000012"),
        (0.000000012, "0.000 (0.000 to 0.000)", "0.000000012"),
        (0.0, "0.000 (0.000 to 0.000)", "0"),
        (None, "not reached", "beyond what was measured"),
    ],
)
def test_numbers_in_short(value: float | None, words: str, short: str) -> None:
    one = {"measure": "critical-mass", "value": value, "words": words}
    assert claims.in_short(one) == short


def test_no_condition_is_left_out_of_a_claim() -> None:
    many = [statement("holds", where=f"place {place}") for place in range(27)]
    found = {"private-epsilon": {**FINDING, "answers": "epsilon", "statements": many}}
    with pytest.raises(InputError, match="at most 26 conditions of the claim epsilon, got 27"):
        claims.answer_all([claims.Claim("epsilon", "c", "s", "")], found)
