"""The documents are true: pages up to date, links that lead somewhere, code and commands that run.

A block that is not run says why, in a comment just above: <!-- not run: reason -->. Its commands
are still read, so that a name or parameter that is gone is found. Commands run in this process,
without --jobs, and reports hold no pictures: workers and pictures have tests of their own. One that
ends with & is a server: it runs beside, until the end of the document.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from ray_cluster import ray_cluster

from documents import ROOT, Block, blocks, commands, patched
from quorate import catalog
from quorate.cli import entry as cli
from quorate.executors.choose import choose_executor
from quorate.executors.slurm import Slurm
from quorate.findings.experiment import read_experiment
from quorate.findings.kinds.listing import kind_of
from quorate.planning import simulate  # noqa: F401  (imported before a test replaces what it is made of)
from quorate.runs.store import Store
from quorate.studies.trial import stored_outcomes

FOLDERS = ("docs", "experiments", "benchmarks")
PAGES = sorted([*ROOT.glob("*.md"), *(page for f in FOLDERS for page in (ROOT / f).rglob("*.md"))])
EXECUTED = [page for page in PAGES if "reference" not in page.parts]
CLUSTERS = ROOT / "docs" / "how-to" / "clusters.md"
RAY = ROOT / "docs" / "how-to" / "ray.md"
IN_PLACE = [page for page in EXECUTED if page.name != "CONTRIBUTING.md"]  # run on a copy elsewhere
LANGUAGES = {"python", "sh", "console", "toml", "text", "diff", "yaml", "nginx"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_reference_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.stale() == [], "Run: python docs/generate.py"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    prose = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", prose)
    broken = [t for t in targets if "://" not in t and not (path.parent / t).exists()]
    assert broken == []


@pytest.mark.parametrize("path", EXECUTED, ids=name_of)
def test_blocks_say_what_they_are(path: Path) -> None:
    found = list(blocks(path))
    assert {block.language for block in found} <= LANGUAGES
    markers = path.read_text(encoding="utf-8").count("<!-- not run")
    assert markers == sum(block.not_run is not None for block in found), (
        "A block that is not run has the line <!-- not run: reason --> just above it."
    )


def test_commands_of_make_are_there() -> None:
    text = "".join(block.text for block in blocks(ROOT / "README.md") if block.language == "sh")
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^make (\w+)", text, flags=re.MULTILINE)
    assert targets[:2] == ["demo", "test"]
    assert all(f"\n{target}:" in makefile for target in targets)


def test_the_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    screen = "\n".join(lines[:25])  # what it is, two commands, one picture
    assert screen.index("How many people") < screen.index("make demo") < screen.index("![")


@pytest.mark.parametrize("quick", [False, True], ids=["whole", "quick"])
@pytest.mark.parametrize("path", sorted(ROOT.glob("experiments/*.toml")), ids=name_of)
def test_every_experiment_can_be_read(path: Path, quick: bool) -> None:
    """Its settings and its smaller form's, with a claim that says when it holds."""
    experiment = read_experiment(path, quick)
    assert experiment.expectations
    assert experiment.time
    assert kind_of(experiment.settings).read(experiment.settings)


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.parametrize(
    "path",
    [
        path
        for path in IN_PLACE
        if "```" in path.read_text(encoding="utf-8") and path not in (CLUSTERS, RAY)
    ],
    ids=name_of,
)
def test_code_runs(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One document is one session: its blocks run in order, in one folder, with one namespace."""
    Session(path, tmp_path, monkeypatch, capsys).run()


@pytest.mark.usefixtures("plain_pictures")
def test_the_plan_runs_on_the_bank_s_rows(
    quorate_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where the real table is, the tutorial says what it shows there."""
    session = Session(ROOT / "docs" / "tutorials" / "plan.md", tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    session.run()
    printed = capsys.readouterr().out
    assert "45211 people, 18084 members" in printed
    assert "{'job': 'entrepreneur', 'month': 'mar'} 1218 0.958 1.96" in printed
    assert "members needed: 1369 and, as if nothing had been searched, 842" in printed
    assert "certified 0.989, came true 1.000" in printed


@pytest.mark.usefixtures("plain_pictures", "slurm")
def test_what_is_said_of_clusters_runs_on_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its workers are jobs of a real Slurm, and what they measure is what is measured here."""
    session = Session(CLUSTERS, tmp_path, monkeypatch, capsys)
    session.run()
    first, again = (words for words in session.ran if "--executor" in words)
    assert first == again
    assert len(list(Path("slurm").glob("*.log"))) == 2  # jobs of the first command alone
    measured_as_here(session, first, "runs/cluster")


@pytest.mark.usefixtures("plain_pictures")
@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed: pip install 'quorate[ray]'",
)
def test_what_is_said_of_ray_runs_on_two_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session(RAY, tmp_path, monkeypatch, capsys)
    with ray_cluster() as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)  # others may be on this machine
        session.run()
    first, again = (words for words in session.ran if "--executor" in words)
    assert first == again
    measured_as_here(session, first, "runs/ray")


def measured_as_here(session: Session, words: list[str], folder: str) -> None:
    """Assert that a command has stored in a folder what it measures without its executor."""
    code, _ = session.quorate([*words[: words.index("--out")], "--out", "here"])
    assert code == 0
    found = []
    for one in (folder, "here"):
        with Store(one) as store:
            outcomes = stored_outcomes(store)
        found.append({one.id: (one.success, one.accuracy, one.record) for one in outcomes})
    assert len(found[0]) == 6
    assert found[0] == found[1]


def test_the_configuration_for_a_cluster_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = (block for block in blocks(CLUSTERS) if block.language == "toml")
    (tmp_path / "config.toml").write_text(block.text)
    monkeypatch.setenv("QUORATE_CONFIG", str(tmp_path / "config.toml"))
    found = choose_executor(executor="slurm:workers=8")
    assert isinstance(found, Slurm)
    assert found.setup == "module load python/3.12; source ~/quorate-env/bin/activate"
    assert found.options == "--qos=short --constraint=skylake"


class Session:
    """Runs the blocks of a document as a reader would."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.path, self.monkeypatch, self.capsys = path, monkeypatch, capsys
        self.ran: list[list[str]] = []
        module = types.ModuleType("document")
        monkeypatch.setitem(sys.modules, "document", module)  # where pickles look for its classes
        self.namespace = vars(module)
        (folder / "experiments").symlink_to(ROOT / "experiments")
        monkeypatch.chdir(folder)
        monkeypatch.delenv("QUORATE_DATA", raising=False)

    def run(self) -> None:
        with contextlib.ExitStack() as self.servers:
            self.run_blocks()

    def run_blocks(self) -> None:
        for block in blocks(self.path):
            if block.language == "python":
                self.python(block)
            elif block.language in ("sh", "console"):
                self.shell(block)
            elif block.language == "diff":
                self.catalog_line(block)
            elif block.language == "toml" and block.file:
                Path(block.file).write_text(block.text, encoding="utf-8")

    def python(self, block: Block) -> None:
        shifted = (
            "\n" * (block.line - 1) + block.text
        )  # so that tracebacks name the document's line
        code = compile(shifted, str(self.path), "exec", dont_inherit=True)
        if block.not_run:
            return
        if block.file.startswith("src/"):
            name = block.file.removeprefix("src/").removesuffix(".py").replace("/", ".")
            module = types.ModuleType(name)
            self.monkeypatch.setitem(sys.modules, name, module)
            exec(code, vars(module))
        else:
            exec(code, self.namespace)

    def catalog_line(self, block: Block) -> None:
        """Do to the catalog what a diff does to its file."""
        changed: dict[str, Any] = {"__name__": "quorate.catalog"}
        exec(patched((ROOT / block.file).read_text(encoding="utf-8"), block), changed)
        for kind, lines in changed["BUILT_IN"].items():
            self.monkeypatch.setitem(catalog.BUILT_IN, kind, lines)  # type: ignore[arg-type]

    def shell(self, block: Block) -> None:
        for line, expected in commands(block):
            words = shlex.split(line, comments=True)
            if not words or words[0] != "quorate":
                continue
            place = f"{self.path.name}, block at line {block.line}: {line}"
            if block.not_run:
                assert self.is_read(words), f"Not understood: {place}"
                continue
            if words[-1] == "&":
                self.serve(words[:-1])
                continue
            words, to = (words[:-2], words[-1]) if ">" in words else (words, None)
            code, printed = self.quorate(words, to)
            self.ran.append(words)
            assert code == (2 if expected.startswith("Error:") else 0), f"{place}\n{printed}"
            if block.language == "console":
                same = doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS)
                assert same, f"{place}\nExpected:\n{expected}\nGot:\n{printed}"

    def serve(self, words: list[str]) -> None:
        """Start a command that serves, in a process of its own, and return once it does."""
        server = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True)
        self.servers.enter_context(server)
        self.servers.callback(server.terminate)
        assert server.stdout is not None
        assert any("Ctrl-C stops it" in line for line in server.stdout)

    def quorate(self, words: list[str], to: str | None = None) -> tuple[Any, str]:
        """Run the command line here; return its exit code and what it printed.

        What goes to standard output is written to a file where one is named.
        """
        jobs = words.index("--jobs") if "--jobs" in words else len(words)
        self.monkeypatch.setattr(sys, "argv", [*words[:jobs], *words[jobs + 2 :]])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = self.capsys.readouterr()
        if to is not None:
            Path(to).write_text(printed.out, encoding="utf-8")
        return stop.value.code or 0, printed.out + printed.err

    def is_read(self, words: list[str]) -> bool:
        """Whether the command line takes the command, up to where its work would begin."""

        def begin(*args: object, **options: object) -> None:
            raise WorkBeginsError

        with self.monkeypatch.context() as patch:
            patch.setattr("quorate.studies.sweep.run_study", begin)
            patch.setattr("quorate.findings.running.run_experiment", begin)
            patch.setattr("quorate.studies.loading.load", begin)
            patch.setattr("quorate.report.stored.load_results", begin)
            patch.setattr("quorate.studies.critical_mass.search.find_critical_mass", begin)
            patch.setattr("quorate.test_time.perturbations.apply.apply_to_file", begin)
            patch.setattr("quorate.test_time.study.running.run_correction", begin)
            patch.setattr("quorate.test_time.platforms.in_process.load_platform", begin)
            patch.setattr("quorate.test_time.study.query_comparison.compare", begin)
            patch.setattr("quorate.planning.plan.make_plan", begin)
            patch.setattr("quorate.scenarios.scenario.run_scenario", begin)
            patch.setattr("quorate.auditing.audit.make_audit", begin)
            patch.setattr("quorate.collective.serving.serve", begin)
            patch.setattr("quorate.collective.client.access._text_at", begin)
            patch.setattr("quorate.collective.storage.backup.back_up", begin)
            patch.setattr("quorate.collective.storage.backup.restore", begin)
            patch.setattr(sys, "argv", words)
            try:
                cli.main()
            except WorkBeginsError:
                return True
            except SystemExit:
                return False
        return False


class WorkBeginsError(Exception):
    """The command line has understood a command."""
