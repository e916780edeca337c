"""The benchmarks measure what they say: the work is done, and figures come from samples. No figure is asserted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import page, projects
from benchmarks.contenders.job import Job
from benchmarks.environments import BARE, HOMES, OURS, SEED, here
from benchmarks.measuring import Bench, Does, MeasuringError, Sample, Starts, benching
from benchmarks.replies import FOUND, REFUNDED, WAITED, UnfitError, reply_to, streamed_pieces
from benchmarks.results import Results, measure
from benchmarks.rows import ROWS, Goal, Row
from benchmarks.table import lines_of, table_of
from orchestrator import load

SHORT = Job("acme/0", REFUNDED, calls=4)
TURN = Job("desk/0", FOUND, calls=2, tools=5, history=8)
STREAM = Job("stream/50", "".join(streamed_pieces(50)), pieces=50, streamed=True)
ROUND: dict[str, dict[str, Sample]] = {
    "short": {OURS: {"cpu": 3.0, "wall": 4.0, "server": {"calls": 1000, "cpu": 1.0}}, BARE: {}},
    "memory": {OURS: {"memory": 102_400, "turns": 2, "cpu": 1.0, "wall": 2.0}},
    "sessions": {
        OURS: {"cpu": 2.0, "events": 1000, "wall": 3.0},
        "not kept": {"cpu": 0.5, "events": 1000, "wall": 1.0},
    },
}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with benching(seconds=0) as bench:
        yield bench


def results(*bare: float) -> Results:
    """The samples of one round for each number of seconds that the floor took."""
    rounds = []
    for cpu in bare:
        sample = {"cpu": cpu, "wall": 4.0, "server": {"calls": 1000, "cpu": 2.5}}
        rounds.append({**ROUND, "short": {**ROUND["short"], BARE: sample}})
    return Results({}, {}, tuple(rounds))


JOBS = [
    (OURS, SHORT),
    (OURS, replace(SHORT, streamed=True, at_once=3)),
    (OURS, replace(SHORT, kept=True)),
    (OURS, TURN),
    (OURS, STREAM),
    (OURS, Job("hold/0", WAITED, at_once=5, memory=True)),
    (BARE, replace(SHORT, streamed=True)),
    (BARE, replace(TURN, at_once=3)),
    (BARE, STREAM),
    (SEED, replace(SHORT, at_once=3)),
    (SEED, TURN),
    (SEED, STREAM),
    *((peer, job) for peer in sorted(here(peers=True)) if HOMES[peer].packages for job in (SHORT, TURN, STREAM)),
]


@pytest.mark.parametrize(("contender", "job"), JOBS)
def test_every_contender_does_the_work(contender: str, job: Job, bench: Bench) -> None:
    sample = Does(contender, job).take(bench)
    assert sample["server"]["calls"] == sample["turns"] * job.calls
    assert sample["server"]["messages"] >= sample["server"]["calls"] * job.history
    assert sample["cpu"] > 0


def test_who_does_not_do_the_work_is_not_measured(bench: Bench) -> None:
    with pytest.raises(MeasuringError, match="the last reply should be 'Something else'"):
        Does(BARE, replace(SHORT, says="Something else")).take(bench)
    with pytest.raises(MeasuringError, match="calls in place of"):
        Does(BARE, replace(SHORT, calls=5)).take(bench)


def test_a_conversation_in_which_no_tool_ran_gets_no_answer() -> None:
    tools = [{"function": {"name": name}} for name in ("look_up_item", "execute_refund")]
    said = [{"role": "user", "content": "refund"}, {"role": "tool", "content": "moved"}]
    look = reply_to("acme", 0, {"messages": said, "tools": tools})
    assert look.call == ("look_up_item", '{"search_query": "anvil"}')
    with pytest.raises(UnfitError):
        reply_to("acme", 0, {"messages": [*said, {"role": "tool", "content": "not executed"}], "tools": tools})
    with pytest.raises(UnfitError):
        reply_to("acme", 0, {"messages": said[:1], "tools": tools})


def test_commands_are_measured_from_start_to_end(bench: Bench) -> None:
    sample = Starts(lambda bench: [bench.python, "-c", "print('done')"], "done", things=10).take(bench)
    assert sample["things"] == 10 * sample["turns"]
    assert sample["cpu"] > 0


@pytest.mark.parametrize("code", ["print('dont')", "raise SystemExit(3)"])
def test_a_command_that_fails_is_not_measured(code: str, bench: Bench) -> None:
    with pytest.raises(MeasuringError):
        Starts(lambda bench: [bench.python, "-c", code], "done").take(bench)


def test_the_generated_projects_are_sound(tmp_path: Path) -> None:
    assert load(projects.many(tmp_path / "many", 12)).diagnostics == ()
    assert load(projects.desk(tmp_path / "desk", 3) / projects.DESK).diagnostics == ()


def test_rounds_hold_a_sample_of_everybody_who_is_there(bench: Bench, tmp_path: Path) -> None:
    said = Starts(lambda bench: [bench.python, "-c", ""])
    absent = replace(said, contender="nobody")
    row = Row("short", "", "ms", {OURS: said, BARE: said, "nobody": absent}, lambda sample: float(sample["cpu"]), BARE)
    told: list[str] = []
    taken = measure([row], bench, 2, {OURS}, told.append)
    assert told == ["round 1 of 2: short", "round 2 of 2: short"]
    assert [sorted(samples) for samples in taken.samples("short")] == [[BARE, OURS]] * 2
    taken.write(tmp_path / "kept.json")
    assert Results.read(tmp_path / "kept.json") == taken


def test_ratios_are_those_of_each_round_and_their_middle_counts() -> None:
    line, *_ = lines_of(results(2.0, 3.0, 1.5))
    assert line.figures[OURS].figures == (1.5, 1.0, 2.0)
    assert line.figures[OURS].median == 1.5
    assert line.base == 2.0
    assert line.reached == "yes"


def test_the_table_tells_figures_and_what_is_to_be_reached() -> None:
    head, _, short, memory, sessions, _, note = table_of(lines_of(results(1.0, 2.0, 2.0))).splitlines()
    assert cells(head) == ["", "ours", "target", "stretch", "reached", "beside", BARE]
    ours, beside = "1.50 [1.50–3.00]", "httpx2: 2.00 ms of CPU per model call"
    assert cells(short)[1:] == [ours, "≤ 1.8", "≤ 1.3", "yes", beside, "1.00"]
    assert cells(memory)[1:] == ["50.0 [50.0–50.0]", "≤ 60", "≤ 40", "yes", "", ""]
    ours, beside = "1.50 [1.50–1.50]", "not kept: 0.50 ms of CPU per event"
    assert cells(sessions)[1:] == [ours, "≤ 1.5", "", "yes", beside, ""]
    assert len({len(line) for line in (head, short, memory, sessions)}) == 1
    assert cells(short)[0].endswith(" ¹")
    assert note.startswith("¹ The server worked for more than half of the time")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize(
    ("goal", "figure", "reached"),
    [
        (Goal(1.5, 1.1), 1.6, "no"),
        (Goal(1.5, 1.1), 1.5, "yes"),
        (Goal(1.5, 1.1), 1.0, "stretch"),
        (Goal(1.5), 1.0, "yes"),
        (Goal(0.78, 0.88, at_least=True), 0.7, "no"),
        (Goal(0.78, 0.88, at_least=True), 0.8, "yes"),
        (Goal(0.78, 0.88, at_least=True), 0.9, "stretch"),
    ],
)
def test_how_far_a_figure_comes(goal: Goal, figure: float, reached: str) -> None:
    assert goal.reached(figure) == reached


def test_every_row_measures_ours_and_has_something_beside_it() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert {OURS, row.beside or OURS} <= row.probes.keys()


def test_the_figures_of_the_page_are_made_of_the_samples_in_the_repository() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.filled(text, page.source_of(text)) == text
