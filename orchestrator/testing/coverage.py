"""Coverage of the graph: which agents, tools and handoffs tests have reached, and the files that tell it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

from orchestrator.diagnostics import Severity
from orchestrator.loader import build, examine
from orchestrator.project import Declared, Resolution, called, models_of, read_file, read_files
from orchestrator.render.coverage.items import Coverage, Item, items_of, tally
from orchestrator.render.coverage.lcov import as_lcov
from orchestrator.render.coverage.report import as_json
from orchestrator.render.coverage.table import as_lines
from orchestrator.render.graph import drawing
from orchestrator.render.graph.dot import dot
from orchestrator.render.graph.drawing import DrawingError
from orchestrator.render.graph.mermaid import mermaid
from orchestrator.render.graph.picture import Picture, picture_of
from orchestrator.render.graph.reached import Reached, marked

__all__ = [
    "Coverage",
    "DrawingError",
    "Reached",
    "as_lines",
    "covered",
    "draw",
    "picture_fault",
    "report_fault",
    "shortfall",
    "write_report",
]

_REPORTS: Mapping[str, Callable[[Sequence[Coverage]], str]] = {".json": as_json, ".lcov": as_lcov, ".info": as_lcov}
_PICTURES: Mapping[str, Callable[[Picture], str | bytes]] = {
    ".svg": drawing.svg,
    ".png": drawing.png,
    ".mmd": mermaid,
    ".dot": dot,
}
_DRAWN = {".svg", ".png"}


def covered(reached: Mapping[Path, Reached]) -> list[Coverage]:
    """Give the coverage of each file of agents, by its name. A file that has errors is left out: nothing of it ran.

    Args:
        reached: what was reached in each file of agents that tests name, by its real path.
    """
    found = (_coverage(path, reached[path]) for path in reached)
    return sorted((coverage for coverage in found if coverage), key=lambda coverage: coverage.file)


def shortfall(coverages: Sequence[Coverage], least: int) -> str | None:
    """Say that less than this many percent were reached; None if that is not so."""
    percent = tally(items_of(coverages)).percent
    return f"coverage is {percent} %, and should be at least {least} %" if percent < least else None


def report_fault(file: Path) -> str | None:
    """Say why no report can be written under this name; None if one can."""
    return None if file.suffix.lower() in _REPORTS else _no_form(file, _REPORTS)


def picture_fault(file: Path) -> str | None:
    """Say why no picture can be drawn under this name; None if one can."""
    suffix = file.suffix.lower()
    if suffix in _DRAWN and not drawing.can_draw():
        return drawing.MISSING
    return None if suffix in _PICTURES else _no_form(file, _PICTURES)


def write_report(file: Path, coverages: Sequence[Coverage]) -> list[Path]:
    """Write a report, in the form that the suffix of the file names, and give the file.

    Raises:
        OSError: it can't be written.
    """
    file.write_text(_REPORTS[file.suffix.lower()](coverages), encoding="utf-8", newline="\n")
    return [file]


def draw(file: Path, coverages: Sequence[Coverage]) -> list[Path]:
    """Draw the agents with what was reached and what was not, and give the files that were written.

    Of several files of agents each gets a picture of its own, with its name behind that of ``file``.

    Raises:
        DrawingError: a picture can't be drawn.
        OSError: it can't be written.
    """
    written = []
    for path, coverage in zip(_names(file, coverages), coverages, strict=True):
        picture = marked(picture_of(coverage.graph, tools=True), coverage.reached)
        drawn = _PICTURES[file.suffix.lower()](picture)
        path.write_bytes(drawn if isinstance(drawn, bytes) else drawn.encode("utf-8"))
        written.append(path)
    return written


def _coverage(path: Path, reached: Reached) -> Coverage | None:
    try:
        examined = examine(read_files(path, read_file(path, called(path, absolute=False))))
    except OSError:
        return None
    project = examined.project
    if project is None or any(found.severity is Severity.ERROR for found in examined.diagnostics):
        return None
    graph = build(project, examined.resolution, models_of(project))
    items = tuple(
        item for name, agent in project.agents.items() for item in _items(name, agent, examined.resolution, reached)
    )
    return Coverage(project.file.source.path, graph, reached, items)


def _items(name: str, agent: Declared, resolution: Resolution, reached: Reached) -> Iterator[Item]:
    """An agent, its tools and its handoffs, whoever gives them to it."""
    yield Item("agent", name, name, agent.own.at(key=True), reached.agents.get(name, 0))
    for entry, function in resolution.tools_of(agent):
        hits = reached.tools.get((name, function.name), 0)
        yield Item("tool", name, function.name, entry.at("use"), hits)
    for edge in agent.edges:
        hits = reached.edges.get((name, edge.spec.to), 0)
        yield Item("handoff", name, edge.spec.to, edge.at("to"), hits)


def _no_form(file: Path, forms: Mapping[str, object]) -> str:
    return f"{file}: no form has this suffix; known are {', '.join(forms)}"


def _names(file: Path, coverages: Sequence[Coverage]) -> list[Path]:
    """Where the pictures go, one for each file of agents."""
    if len(coverages) == 1:
        return [file]
    taken: list[Path] = []
    for coverage in coverages:
        stem = f"{file.stem}-{Path(coverage.file).stem}"
        names = (file.with_stem(stem if number == 1 else f"{stem}-{number}") for number in count(1))
        taken.append(next(name for name in names if name not in taken))
    return taken
