"""Coverage as an LCOV tracefile, as editors and viewers of coverage read it (geninfo(1), "Tracefile format")."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.render.coverage.items import Coverage, items_of


def as_lcov(coverages: Sequence[Coverage]) -> str:
    """Give a record for each file in which something is written that tests can reach.

    A line is hit when one of its items is. Those of a line with several ones are its branches, so that a line of which
    some were not reached shows as hit in part. (To call such a line not hit would contradict its branches: genhtml
    refuses that.)
    """
    files: dict[str, dict[int, Counter[tuple[str, ...]]]] = {}
    for item in items_of(coverages):
        lines = files.setdefault(item.span.path, {})
        lines.setdefault(item.span.line, Counter())[item.kind, item.agent, item.name] += item.hits
    return "".join(f"{line}\n" for path in sorted(files) for line in _record(path, files[path]))


def _record(path: str, lines: Mapping[int, Counter[tuple[str, ...]]]) -> Iterator[str]:
    yield "TN:"
    yield f"SF:{path}"
    in_order = {line: list(lines[line].values()) for line in sorted(lines)}
    yield from _branches({line: hits for line, hits in in_order.items() if len(hits) > 1})
    most = {line: max(hits) for line, hits in in_order.items()}
    yield from (f"DA:{line},{hits}" for line, hits in most.items())
    yield f"LF:{len(most)}"
    yield f"LH:{sum(hits > 0 for hits in most.values())}"
    yield "end_of_record"


def _branches(several: Mapping[int, Sequence[int]]) -> Iterator[str]:
    """The hits of each item of lines with several ones; a dash where nothing of the line was reached."""
    for line, branches in several.items():
        reached = any(branches)
        for number, hits in enumerate(branches):
            yield f"BRDA:{line},0,{number},{hits if reached else '-'}"
    if several:
        yield f"BRF:{sum(map(len, several.values()))}"
        yield f"BRH:{sum(hits > 0 for branches in several.values() for hits in branches)}"
