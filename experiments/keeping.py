"""What is kept of the runs of experiments: collecting it, judging it anew, drawing it again."""

from __future__ import annotations

import csv
import io
import itertools
import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from quorate.errors import InputError, QuorateError, reason
from quorate.figures.style import render
from quorate.findings.experiment import read_experiment
from quorate.findings.stored_cells import JUDGED, draw_again, judge_again, says_the_same
from quorate.runs.digests import DIGEST, with_digest
from quorate.runs.kept_tables import PACKED, pack_table, read_texts
from quorate.runs.store import FILE as STORE
from quorate.runs.store import Store
from quorate.studies.trial import stored_outcomes
from quorate.validate import listed, unknown

ROOT = Path(__file__).resolve().parent.parent
EXPERIMENTS, RESULTS = "experiments", "results"
TOOLS = ("claims.py", "generate.py", "keeping.py", "writing.py")  # no experiments
FINDING, PROVENANCE = "finding.json", "provenance.json"
SEEDS_OF_A_CLAIM = 5  # at least, of a source
LIMIT = 2_000_000  # bytes of all results that are kept
VERDICTS = ("holds", "holds in part", "does not hold", "undecided")
KEYS = (
    *("name", "title", "claim", "source", "ours", "expected", "time", "verdict", "statements"),
    *("curves", "note", "command", "cpu_seconds", "seeds", "hardware", "version"),
    *("git_revision", "pictures"),
)
STATED = ("text", "value", "verdict", "words")  # of each statement
# The tables that are kept of a run; all others can be made from them again.
TABLES = ("cells", "tuning", "alpha_effective", "critical_mass", "attacks", "flips")
TABLES += ("comparison", "corrected_by_queries", "streets", "days")
LEFT_OUT = ("id", "platform_id", "stored_at")  # columns of theirs
SMALL = "small.png"  # the main picture of a finding, for the gallery
MOST_OF_SMALL = 6_000  # bytes
# Pixels and colours, tried in turn until it is that small.
WIDTHS, COLOURS = (480, 400, 320, 240, 160), (32, 16, 8)
DRAWN = Path("runs", "pictures")  # where pictures are drawn again; git ignores it

DIGITS, AS_WRITTEN = 9, ("alpha", "learning_rate")  # of numbers in kept tables, but for these
IN_THE_FILE = ("ours", "expected", "note")

Finding = dict[str, Any]


def experiments(root: Path) -> list[str]:
    """Return the names of the experiments: of their files, without what follows the dot."""
    files = itertools.chain((root / EXPERIMENTS).glob("*.toml"), (root / EXPERIMENTS).glob("*.py"))
    return sorted({file.stem for file in files if file.name not in TOOLS})


def read_finding(path: Path) -> Finding:
    """Return a finding as it was written.

    Raises:
        InputError: it cannot be read, a key is missing, a verdict is none, or a picture is missing.
    """
    try:
        finding = json.loads(path.read_text(encoding="utf-8"))
        missing = [key for key in KEYS if key not in finding]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"Expected a finding at {path}, got: {reason(error)}. Run its experiment again."
        ) from error
    if missing:
        raise InputError(f"Expected {', '.join(missing)} in {path}, got none. Run it again.")
    statements = finding["statements"]
    if not isinstance(statements, list) or not all(
        isinstance(one, dict) and set(STATED) <= one.keys() for one in statements
    ):
        raise InputError(
            f"Expected statements with {listed(STATED)} in {path}, got others. Run it again."
        )
    for one in (finding, *statements):
        if one["verdict"] not in VERDICTS:
            raise unknown(f"verdict in {path}", one["verdict"], VERDICTS)
    for picture in finding["pictures"]:
        if not (path.parent / picture).is_file():
            raise InputError(
                f"Expected the picture {picture} beside {path}, got none. Collect the run again."
            )
    return dict(finding)


def answers_a_source(finding: Finding) -> bool:
    """Return whether a finding answers a claim of a source."""
    return bool(finding.get("answers")) or any(one.get("answers") for one in finding["statements"])


def collect(run: Path, root: Path = ROOT) -> Path:
    """Keep a run's finding, its tables and its main picture in small, in place of what there was.

    The folder of results that are kept already may be given as well.

    Raises:
        InputError: there is no finding, it is of no experiment or answers a source by too few
            seeds, or all results together would be larger than what may be kept.
        StoreError: where the cells came from is kept nowhere but in a store that cannot be read.
    """
    name = str(read_finding(run / FINDING)["name"])
    finding = read_finding(run / FINDING)
    if finding.get("quick"):
        raise InputError(
            f"Expected the whole of {name} in {run}, got its quick form, which proves nothing. Run "
            "it without --quick."
        )
    if name not in experiments(root):
        raise unknown("experiment", name, experiments(root))
    if answers_a_source(finding) and finding["seeds"] < SEEDS_OF_A_CLAIM:
        raise InputError(
            f"Expected {SEEDS_OF_A_CLAIM} seeds or more of {name}, which answers a claim of a "
            f"source, got {finding['seeds']} in {run}. Run it with more."
        )
    kept = {f"{one}{PACKED}": content for one in TABLES if (content := _packed(run, one))}
    main = [run / one for one in finding["pictures"] if one.endswith(".png")][:1]
    if main:
        kept[SMALL] = thumbnail(main[0].read_bytes())
    finding = _without_words(finding, root)
    kept[FINDING] = _as_json({**finding, "pictures": [SMALL] if main else []})
    kept[PROVENANCE] = _provenance(run)
    results = root / EXPERIMENTS / RESULTS
    total = sum(map(len, kept.values())) + sum(
        file.stat().st_size
        for file in results.rglob("*")
        if file.is_file() and results / name not in file.parents
    )
    if total > LIMIT:
        raise InputError(
            f"Expected at most {LIMIT:,} bytes of results in all, got {total:,} with those of "
            f"{run}. Keep fewer cells."
        )
    shutil.rmtree(results / name, ignore_errors=True)
    (results / name).mkdir(parents=True)
    for file_name, content in kept.items():
        (results / name / file_name).write_bytes(content)
    return results / name


def judge(name: str, root: Path = ROOT) -> bool:
    """Judge the results that are kept of an experiment anew; return whether that changed them.

    Raises:
        InputError: there is no such finding, or its cells are not kept, or not those of its file.
        StoreError: a table of it cannot be read.
    """
    folder = root / EXPERIMENTS / RESULTS / name
    finding = read_finding(folder / FINDING)
    again = judge_again(read_experiment(root / EXPERIMENTS / f"{name}.toml"), finding, folder)
    if says_the_same(finding, again):
        return False
    (folder / FINDING).write_bytes(_as_json(again))
    return True


def misjudged(root: Path = ROOT) -> dict[str, str]:
    """Return which findings say something else than their kept cells, and what, by name.

    Left out are those without a claim, and those whose file asks for other settings by now than
    were measured: their page says so.
    """
    found = {}
    for path in sorted((root / EXPERIMENTS / RESULTS).glob(f"*/{FINDING}")):
        finding, file = read_finding(path), root / EXPERIMENTS / f"{path.parent.name}.toml"
        experiment = read_experiment(file)
        measured = finding.get("settings_id", experiment.settings_id)
        if not experiment.expectations or measured != experiment.settings_id:
            continue
        try:
            again = judge_again(experiment, finding, path.parent)
        except QuorateError as error:
            found[path.parent.name] = str(error)
            continue
        differ = [key for key in JUDGED if not says_the_same(finding.get(key), again[key])]
        if differ:
            found[path.parent.name] = f"Its cells give other {listed(differ)}."
    return found


def draw(name: str, root: Path = ROOT) -> list[Path]:
    """Draw the pictures of a finding from its kept tables, as PNG and SVG; return their paths.

    Photographs, which are no part of the tables, are left out.

    Raises:
        InputError, StoreError: as ``judge``.
    """
    folder, out = root / EXPERIMENTS / RESULTS / name, root / DRAWN / name
    experiment = read_experiment(root / EXPERIMENTS / f"{name}.toml")
    pictures = draw_again(experiment, read_finding(folder / FINDING), folder)
    files = {
        f"{picture}.{kind}": render(one.figure, kind)
        for picture, one in pictures.items()
        for kind in ("png", "svg")
    }
    if pictures:
        files[SMALL] = thumbnail(files[f"{next(iter(pictures))}.png"])
    out.mkdir(parents=True, exist_ok=True)
    for file_name, content in files.items():
        (out / file_name).write_bytes(content)
    return [out / file_name for file_name in files]


def draw_or_leave(name: str, root: Path) -> None:
    """Draw what can be drawn of a finding, and print where."""
    try:
        drawn = draw(name, root)
    except QuorateError as error:
        print(f"Left {name} undrawn. {error}", file=sys.stderr)
        return
    where = f"{DRAWN}/{name}: {', '.join(path.name for path in drawn if path.suffix == '.png')}"
    print(f"Drew {where}" if drawn else f"Nothing of {name} can be drawn from its tables.")


def thumbnail(content: bytes) -> bytes:
    """Return a PNG picture in small: few colours, as wide as the gallery shows it, and no more.

    Raises:
        InputError: it is no picture.
    """
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = opened.convert("RGB")
    except OSError as error:
        raise InputError(f"Expected a PNG picture, got: {error}. Run it again.") from error
    small = picture
    for width, colours in itertools.product(WIDTHS, COLOURS):
        height = max(1, round(picture.height * width / picture.width))
        if width < picture.width:
            small = picture.resize((width, height), Image.Resampling.LANCZOS)
        packed = io.BytesIO()
        few = small.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(packed, "PNG", optimize=True)
        if packed.tell() <= MOST_OF_SMALL:
            break
    return packed.getvalue()


def _without_words(finding: Finding, root: Path) -> Finding:
    """Return a finding without the words that its file says as well: pages take them from there."""
    file = root / EXPERIMENTS / f"{finding['name']}.toml"
    if not file.exists() or not read_experiment(file).claim:
        return finding
    return {**finding, **dict.fromkeys(IN_THE_FILE, "")}


def _as_json(finding: Finding) -> bytes:
    plain = with_digest({key: value for key, value in finding.items() if key != DIGEST})
    return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()


def _packed(run: Path, table: str) -> bytes:
    """Return a table of a run compressed, nothing where there is none.

    Ids are left out: random to a compressor, they follow from the settings and what else a row
    says. Numbers are kept in nine digits and seconds in three, but for sizes and step sizes, by
    which cells are told apart.
    """
    rows, written = read_texts(run, table), io.StringIO()
    if not rows:
        return b""
    columns = [name for name in rows[0] if name not in LEFT_OUT]
    writer = csv.DictWriter(written, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _shorter(name, row[name]) for name in columns} for row in rows)
    return pack_table(written.getvalue().encode())


def _shorter(name: str, text: str) -> str:
    """Return a number of a column in as many digits as are kept, and any other text as it is.

    >>> _shorter("success", "0.98765432109876"), _shorter("alpha", "0.98765432109876")
    ('0.987654321', '0.98765432109876')
    """
    digits = 3 if name == "seconds" else DIGITS
    if len(text) <= digits + 1 or name in AS_WRITTEN:
        return text
    try:
        return f"{float(text):.{digits}g}"
    except ValueError:
        return text


def _provenance(run: Path) -> bytes:
    """Return where the cells of a run came from: as it was written, or from the run's store."""
    if (run / PROVENANCE).exists():
        return (run / PROVENANCE).read_bytes()
    if not (run / STORE).exists():
        return b"[]\n"
    with Store(run) as store:
        found = stored_outcomes(store)
    counts = Counter(json.dumps(one.provenance, sort_keys=True) for one in found)
    rows = [{"cells": count, **json.loads(text)} for text, count in sorted(counts.items())]
    return (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode()


def judge_or_leave(name: str, root: Path) -> None:
    """Judge a finding anew where that can be done, and print what came of it."""
    try:
        print(f"{'Judged anew' if judge(name, root) else 'As before'}: {name}")
    except QuorateError as error:
        print(f"Left {name} as it was. {error}", file=sys.stderr)
