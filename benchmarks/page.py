"""The page in the docs: its table is made of the samples that were kept, and never written by hand."""

import re
from collections.abc import Mapping
from pathlib import Path

from benchmarks.projects import ROOT
from benchmarks.results import FOLDER, Results
from benchmarks.table import lines_of, table_of

PAGE = ROOT / "docs" / "performance.md"

_PART = re.compile(r"(<!-- generated: figures -->\n).*(\n<!-- end -->)", re.DOTALL)
_SOURCE = re.compile(r"\(\.\./benchmarks/results/([\w.-]+\.json)\)")


def fill(path: Path) -> None:
    """Write the figures of these samples into the page."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(page, path), encoding="utf-8")


def filled(page: str, path: Path) -> str:
    """The page with the figures of these samples."""
    if not _PART.search(page):
        raise ValueError("the page has no place for the figures")
    return _PART.sub(lambda found: f"{found[1]}\n{figures(path)}\n{found[2]}", page)


def source_of(page: str) -> Path:
    """The samples of which the figures of the page were made."""
    found = _SOURCE.search(page)
    if found is None:
        raise ValueError("the page does not say of which samples its figures are made")
    return FOLDER / found[1]


def figures(path: Path) -> str:
    """What the page says of these samples: where they were taken, the table, and who ran in which version."""
    results = Results.read(path)
    about = results.about
    where = (
        f"Measured on {about['date']} on {about['cores']} cores of {about['processor']} ({about['system']}), with "
        f"Python {about['python']}, at commit {about['commit']}, rounds: {len(results.rounds)}; "
        f"[the samples](../benchmarks/results/{path.name})."
    )
    who = [f"| {name} | {_packages(packages)} |" for name, packages in sorted(results.versions.items())]
    return "\n".join([where, "", table_of(lines_of(results)), "", "| who | versions |", "|---|---|", *who])


def _packages(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
