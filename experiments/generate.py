"""Write the table of claims, the findings and the gallery from the results that are kept here.

``python experiments/generate.py`` writes them; ``--check`` exits 1 if one is out of date;
``--collect runs/NAME`` first copies what is kept of a run to ``results/NAME``;
``--judge`` first judges the results anew, from the cells that are kept, without running anything;
``--draw NAME ...`` draws the pictures of findings, or of all, from the same cells.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from keeping import DRAWN, ROOT, collect, draw_or_leave, judge_or_leave, misjudged
from writing import findings, pages

from quorate.errors import QuorateError
from quorate.validate import unknown


def stale(root: Path = ROOT) -> dict[Path, str]:
    """Return the files that are missing or differ from what would be generated, and what would be.

    Pictures are told by the digest of what they show, in their last line: their bytes depend on
    the version of the library that draws them.
    """
    return {
        path: text
        for path, text in pages(root).items()
        if not path.exists() or _told_by(path, path.read_text("utf-8")) != _told_by(path, text)
    }


def _told_by(path: Path, text: str) -> str:
    """Return what tells two versions of a generated file apart."""
    return text.rstrip().rpartition("\n")[2] if path.suffix == ".svg" else text


def main(words: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the pages, or check them; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="exit 1 if a page or a finding is out of date"
    )
    parser.add_argument(
        "--collect", type=Path, nargs="+", default=[], metavar="RUN", help="folders of runs to keep"
    )
    parser.add_argument("--judge", action="store_true", help="judge the results anew from cells")
    parser.add_argument(
        "--draw", nargs="*", metavar="NAME", help=f"draw the pictures again, into {DRAWN}"
    )
    given = parser.parse_args(words)
    try:
        for run in given.collect:
            print(f"Kept {collect(run, root).relative_to(root)}")
        for name in findings(root) if given.judge else ():
            judge_or_leave(name, root)
        if given.draw is not None:
            known = list(findings(root))
            for name in given.draw:
                if name not in known:
                    raise unknown("finding", name, known)
            for name in given.draw or known:
                draw_or_leave(name, root)
            return 0
        old = stale(root)
        wrong = misjudged(root) if given.check else {}
    except QuorateError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    if given.check:
        for path in old:
            print(
                f"Out of date: {path.relative_to(root)}. Run: python experiments/generate.py",
                file=sys.stderr,
            )
        for name, why in wrong.items():
            print(
                f"Not what its cells say: {name}. {why} Run: python experiments/generate.py "
                "--judge",
                file=sys.stderr,
            )
        return 1 if old or wrong else 0
    for path, text in old.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"Wrote {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
