"""What is measured: each row names who does what, what is told of it, and what is to be reached."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from benchmarks.contenders.job import Job
from benchmarks.environments import AIOHTTP, BARE, FOLDING, HOMES, OURS, PEERS, SEED
from benchmarks.measuring import Bench, Does, Probe, Sample, Starts
from benchmarks.replies import FOUND, REFUNDED, WAITED, streamed_pieces


@dataclass(frozen=True)
class Goal:
    """What is to be reached, and what the best would be proud of."""

    target: float
    stretch: float | None = None
    at_least: bool = False

    def reached(self, figure: float) -> Literal["no", "yes", "stretch"]:
        """How far a figure comes."""
        if self._meets(figure, self.target):
            return "stretch" if self.stretch is not None and self._meets(figure, self.stretch) else "yes"
        return "no"

    def _meets(self, figure: float, bound: float) -> bool:
        return figure >= bound if self.at_least else figure <= bound


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        title: what is measured.
        unit: of ``value``.
        probes: who does what.
        value: the figure of a sample.
        beside: whose value the others' are divided by; None where values are told as they are.
        less: the others' values are told less that of ``beside``, not divided by it.
    """

    name: str
    title: str
    unit: str
    probes: dict[str, Probe]
    value: Callable[[Sample], float]
    beside: str | None = None
    less: bool = False
    goal: Goal | None = None


def _per(what: str, scale: float) -> Callable[[Sample], float]:
    """CPU time for each of something."""
    return lambda sample: scale * float(sample["cpu"]) / float(sample[what])


def _per_asked(what: str, scale: float) -> Callable[[Sample], float]:
    """CPU time for each of something that the server counted."""
    return lambda sample: scale * float(sample["cpu"]) / float(sample["server"][what])


def _efficiency(sample: Sample) -> float:
    """The time that the model took, of all that went by."""
    return float(sample["turns"]) / _CROWD * _SHORT.calls * _DELAY / float(sample["wall"])


def _kibibytes(sample: Sample) -> float:
    return float(sample["memory"]) / float(sample["turns"]) / 1024


def _does(job: Job, *contenders: str) -> dict[str, Probe]:
    return {name: Does(name, job) for name in contenders}


def _first(contender: str) -> Starts:
    """The first answer of a contender's program."""
    home = HOMES[contender]
    command = [str(home.python), "-m", home.module]
    return Starts(lambda bench: [*command, bench.setup(_FIRST).told(), "once"], _FIRST.says, contender)


def _orchestrate(*arguments: str, says: str = "") -> Starts:
    return Starts(lambda bench: [bench.orchestrate, *arguments], says, OURS)


def _python(code: str) -> Starts:
    return Starts(lambda bench: [bench.python, "-c", code])


def _run(bench: Bench) -> list[str]:
    return [bench.orchestrate, "run", _ACME, _FIRST.message, "--store", bench.store]


def _article(bench: Bench) -> list[str]:
    return [bench.python, "-m", "benchmarks.contenders.article", bench.url(_FIRST.scenario), _FIRST.message]


@cache
def _validate(agents: int) -> Starts:
    return Starts(lambda bench: [bench.orchestrate, "validate", bench.many(agents)], contender=OURS, things=agents)


def _graph(agents: int) -> Starts:
    return Starts(lambda b: [b.orchestrate, "graph", b.many(agents), "--format", "mermaid"], "flowchart", OURS)


@cache
def _composing(agents: int) -> Starts:
    says = f"{agents} templates"
    return Starts(lambda b: [b.python, "-m", "benchmarks.contenders.composing", b.many(agents)], says)


_ACME = "agents/acme.yaml"
_CROWD, _DELAY = 128, 0.2
_LIVE = 1000
_FLOOR = "PyYAML and Jinja2"
_IMPORTS, _MODEL = "the imports", "the imports and a model"
_IMPORTING = "import pydantic, yaml, jinja2, click"
_MAKING = f"{_IMPORTING}\nclass Model(pydantic.BaseModel): number: int"
_VALIDATED = _orchestrate("validate", _ACME)

_SHORT = Job("acme/0", REFUNDED, calls=4)
_TURN = Job("desk/0", FOUND, calls=2, tools=2)
_LONG = Job("stream/2000", "".join(streamed_pieces(2000)), pieces=2000, streamed=True)
_PACED = Job("paced/500", "".join(streamed_pieces(500)), pieces=500, streamed=True)
_FIRST = Job("stream/20", "".join(streamed_pieces(20)).rstrip())
_CALL, _START = "ms of CPU per model call", "ms of CPU per start"

CALLS = (
    Row(
        "short",
        "Short conversation: a handoff, two tools, an answer",
        _CALL,
        _does(_SHORT, OURS, BARE, SEED, *PEERS),
        _per_asked("calls", 1e3),
        BARE,
        goal=Goal(1.8, 1.3),
    ),
    Row(
        "short-streamed",
        "The same, streamed",
        _CALL,
        _does(replace(_SHORT, streamed=True), OURS, BARE),
        _per_asked("calls", 1e3),
        BARE,
        goal=Goal(1.8, 1.3),
    ),
    *(
        Row(
            f"history-{count}",
            f"A turn behind {count:,} messages",
            _CALL,
            _does(replace(_TURN, history=count), OURS, BARE, SEED, *PEERS),
            _per_asked("calls", 1e3),
            BARE,
            goal=Goal(1.5, 1.1) if count == 1000 else None,
        )
        for count in (100, 1000, 4000)
    ),
    Row(
        "growth",
        "CPU per byte sent behind 4,000 messages, of that behind 1,000",
        "ns of CPU per byte",
        {
            OURS: Does(OURS, replace(_TURN, history=4000)),
            "1,000 messages": Does(OURS, replace(_TURN, history=1000)),
        },
        _per_asked("bytes", 1e9),
        "1,000 messages",
        goal=Goal(1.0),
    ),
    Row(
        "tools",
        "200 tools on the agent",
        _CALL,
        _does(replace(_TURN, tools=200), OURS, BARE, SEED, *PEERS),
        _per_asked("calls", 1e3),
        BARE,
        goal=Goal(1.5, 1.1),
    ),
    Row(
        "streaming",
        "A reply of 2,000 chunks that are there at once",
        "µs of CPU per chunk",
        _does(_LONG, OURS, BARE, SEED, *PEERS),
        _per_asked("chunks", 1e6),
        BARE,
        goal=Goal(1.5, 1.2),
    ),
    Row(
        "streaming-paced",
        "A reply of 500 chunks that come one by one",
        "µs of CPU per chunk",
        _does(_PACED, OURS, BARE, SEED, *PEERS),
        _per_asked("chunks", 1e6),
        BARE,
    ),
)

CROWDS = (
    Row(
        "efficiency",
        f"{_CROWD} conversations at once, 200 ms a call: the part of the time that is the model's",
        "",
        _does(replace(_SHORT, scenario="acme/200", at_once=_CROWD), OURS, BARE, AIOHTTP, SEED, *PEERS),
        _efficiency,
        goal=Goal(0.78, 0.88, at_least=True),
    ),
    Row(
        "memory",
        f"Memory of each of {_LIVE:,} conversations that wait for the model",
        "KiB",
        _does(Job("hold/0", WAITED, at_once=_LIVE, memory=True), OURS, BARE, AIOHTTP, SEED, *PEERS),
        _kibibytes,
        goal=Goal(60, 40),
    ),
)

STARTS = (
    Row(
        "first-answer",
        "From start to first answer: `orchestrate run`, the session kept",
        _START,
        {
            OURS: Starts(_run, _FIRST.says, OURS),
            SEED: Starts(_article, _FIRST.says),
            **{name: _first(name) for name in (BARE, *PEERS)},
        },
        _per("turns", 1e3),
        SEED,
        goal=Goal(1.4, 0.9),
    ),
    Row(
        "help",
        "`orchestrate --help`, beside `import click`",
        _START,
        {OURS: _orchestrate("--help", says="Usage"), _IMPORTS: _python("import click")},
        _per("turns", 1e3),
        _IMPORTS,
        goal=Goal(1.6),
    ),
    Row(
        "validate",
        "`orchestrate validate` of ACME, beside `import pydantic, yaml, jinja2, click`",
        _START,
        {OURS: _VALIDATED, _IMPORTS: _python(_IMPORTING)},
        _per("turns", 1e3),
        _IMPORTS,
        goal=Goal(2.0, 1.5),
    ),
    Row(
        "validate-model",
        "The same, beside these imports and the making of one model of pydantic",
        _START,
        {OURS: _VALIDATED, _MODEL: _python(_MAKING)},
        _per("turns", 1e3),
        _MODEL,
    ),
)

SIZES = (
    *(
        Row(
            f"validate-{count}",
            f"`validate` of {count:,} agents, beside composing and compiling alone",
            _START,
            {OURS: _validate(count), _FLOOR: _composing(count)},
            _per("turns", 1e3),
            _FLOOR,
            goal=Goal(2.0) if count == 1000 else None,
        )
        for count in (10, 100, 1000)
    ),
    Row(
        "linear",
        "Time per agent in `validate`: of 1,000, beside that of 100",
        "ms of CPU per agent",
        {OURS: _validate(1000), "100 agents": _validate(100)},
        _per("things", 1e3),
        "100 agents",
    ),
    *(
        Row(
            f"graph-{count}",
            f"`graph` of {count:,} agents, beside composing and compiling alone",
            _START,
            {OURS: _graph(count), _FLOOR: _composing(count)},
            _per("turns", 1e3),
            _FLOOR,
        )
        for count in (10, 100, 1000)
    ),
)

EVENTS = (
    Row(
        "sessions",
        "Keeping an event in SQLite",
        "ms of CPU per event",
        {OURS: Does(OURS, replace(_SHORT, kept=True)), "not kept": Does(OURS, _SHORT)},
        _per("events", 1e3),
        "not kept",
        less=True,
        goal=Goal(1.5),
    ),
    Row(
        "fold",
        "Folding a session of 10,000 events",
        "thousand events per second",
        {OURS: Does(FOLDING, _SHORT)},
        lambda sample: float(sample["events"]) / float(sample["cpu"]) / 1e3,
    ),
)

ROWS = (*CALLS, *CROWDS, *STARTS, *SIZES, *EVENTS)
