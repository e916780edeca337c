"""Coverage as one JSON object, for programs of any kind."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.render.coverage.items import Coverage, Item, Kind, items_of, tally
from orchestrator.render.report import Place


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class ItemReport(Place):
    """Something that tests can reach, at the place where it is written."""

    kind: Kind = Field(description="What it is.")
    agent: str = Field(description="The agent that it is, or belongs to.")
    name: str = Field(description="The agent, the function of the tool, or the agent that the handoff leads to.")
    hits: int = Field(description="How often it was reached.", ge=0)


class TallyReport(_Part):
    """How many items there are, and how many of them were reached."""

    hit: int = Field(description="Those that were reached.", ge=0)
    total: int = Field(description="All of them.", ge=0)
    percent: int = Field(description="The share, rounded down; 100 if there are none.", ge=0, le=100)


class TalliesReport(_Part):
    """The items, counted."""

    agents: TallyReport = Field(description="The agents.")
    tools: TallyReport = Field(description="The tools of each agent.")
    handoffs: TallyReport = Field(description="The handoffs of each agent.")
    all: TallyReport = Field(description="All items.")


class FileReport(_Part):
    """A file of agents, with all that it includes."""

    file: str = Field(description="The file that tests name, relative to the working directory.")
    covered: TalliesReport = Field(description="How much of it was reached.")
    items: tuple[ItemReport, ...] = Field(description="Its items, agent by agent, as they are declared.")


class CoverageReport(_Part):
    """What `orchestrate test --cov-report FILE.json` writes."""

    version: Literal[1] = Field(description="Version of this format. Keys may be added without a new one.")
    covered: TalliesReport = Field(description="How much of all files was reached.")
    files: tuple[FileReport, ...] = Field(description="The files of agents, by name.")


def as_json(coverages: Sequence[Coverage]) -> str:
    """Give a ``CoverageReport`` as JSON, in ASCII alone, with a line break at the end."""
    report = CoverageReport(
        version=1, covered=_tallies(items_of(coverages)), files=tuple(_file(coverage) for coverage in coverages)
    )
    return json.dumps(report.model_dump(), indent=2) + "\n"


def _file(coverage: Coverage) -> FileReport:
    return FileReport(
        file=coverage.file, covered=_tallies(coverage.items), items=tuple(_item(item) for item in coverage.items)
    )


def _item(item: Item) -> ItemReport:
    place = dataclasses.asdict(item.span)
    return ItemReport(**place, kind=item.kind, agent=item.agent, name=item.name, hits=item.hits)


def _tallies(items: Iterable[Item]) -> TalliesReport:
    counted = list(items)
    return TalliesReport(
        agents=_tally(counted, "agent"),
        tools=_tally(counted, "tool"),
        handoffs=_tally(counted, "handoff"),
        all=_tally(counted),
    )


def _tally(items: Iterable[Item], kind: Kind | None = None) -> TallyReport:
    counted = tally(items, kind)
    return TallyReport(hit=counted.hit, total=counted.total, percent=counted.percent)
