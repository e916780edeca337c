"""The files of agents in a folder that are there for themselves, and not as parts of others."""

import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator.checks.paths import reached
from orchestrator.project import OTHER_KINDS, includes_of, read_file
from orchestrator.spec import FileSpec, Reading
from orchestrator.survey import yaml_files

_AGENTS = re.compile(r"^(agents|include)[ \t]*:", re.MULTILINE)


def roots_in(folder: Path) -> Iterator[Path]:
    """Give the files with agents in a folder, and below it, that no other one there includes.

    Of files that include each other in a circle it is the first.
    """
    links: dict[Path, list[Path]] = {}
    for path in yaml_files(folder):
        if not path.name.endswith(OTHER_KINDS) and (reading := _read(path)):
            links[path] = list(includes_of(path.resolve(), reading))
    by_real = {str(path.resolve()): [str(part) for part in parts] for path, parts in links.items()}
    included = {part for real, parts in by_real.items() for part in parts if part != real}
    covered: set[str] = set()
    for path in sorted(links, key=lambda path: str(path.resolve()) in included):
        real = str(path.resolve())
        if real not in covered:
            covered |= reached(real, by_real).keys()
            yield path


def _read(path: Path) -> Reading[FileSpec] | None:
    """What a file says, if it is one of agents: other programs have YAML files, too."""
    try:
        reading = read_file(path, str(path))
    except OSError:
        return None
    if reading.spec is None:
        return reading if _AGENTS.search(reading.source.text) else None
    return reading if reading.names["agents"] or reading.spec.include else None
