"""Conversations whose process is killed, and which go on: ``python -m tests.support.crashing FOLDER SEED KILLS``.

A life is a process that holds a conversation through the command's own code, over a real store. All that it does is
noted in a file before it is done, and at one moment of its fate it is killed. Lives are forked from one process that
has imported everything, so that hundreds of them take seconds. Nothing is judged here: each conversation is printed
as one line of JSON, for a test to judge.
"""

import asyncio
import io
import itertools
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from orchestrator.cli.conversation import PROMPT, Talk, converse
from orchestrator.cli.conversation.front import Front
from orchestrator.cli.conversation.opening import Keeping, Opening
from orchestrator.events import Event, LiveEvent, RecordedEvent, RunStarted, to_json
from orchestrator.model_client import ModelDelta, ModelRequest, ModelResponse
from orchestrator.stores.sqlite import SqliteStore
from tests.support.crash_office import SCRIPT, Moment, agents

SESSION = "crash"
KINDS = ("model", "entering", "leaving", "approval", "question", "storing", "writing", "stored", "making", "anytime")
"""Where a life can end: in a model call, before and after the effect of a tool, while a person is asked by an approval
or by a tool, before, in and after the transaction that keeps an event, and some microseconds after the store began to
be made, or after any transaction began."""

LATEST = {"making": 0.01, "anytime": 0.004}  # seconds after a moment of these kinds
MOST_KILLS = 4
LIFE_SECONDS = 20.0


@dataclass(frozen=True)
class Fate:
    """A life ends at the ``nth`` moment of a kind, or ``delay`` seconds after it."""

    kind: str
    nth: int
    delay: float = 0.0


@dataclass(frozen=True)
class Life:
    """What is left of a process.

    Args:
        fate: where it was to end; None for one that may live.
        code: its exit code; below 0 the signal that ended it.
        seen: what it was about to do, in order. The ``kind`` of each is one of ``KINDS``, or ``shown``, or ``broke``.
        log: all events that the store held after it, as JSON.
    """

    fate: Fate | None
    code: int
    seen: list[dict[str, Any]]
    log: list[str]

    @property
    def killed(self) -> bool:
        return self.code < 0


@dataclass(frozen=True)
class Conversation:
    """What a person says, the life that says it all, and the lives that it takes when they are killed."""

    turns: Sequence[str]
    whole: Life
    lives: Sequence[Life]

    @classmethod
    def read(cls, line: str) -> "Conversation":
        """Read what ``main`` has printed."""
        data = json.loads(line)
        return cls(data["turns"], _life(data["whole"]), [_life(each) for each in data["lives"]])


def conversations(folder: Path, seed: int, kills: int) -> Iterator[Conversation]:
    """Hold conversations until there were so many kills, of each kind in its turn."""
    rng = Random(seed)
    due = itertools.cycle(rng.sample(KINDS, len(KINDS)))
    kind = next(due)
    for number in range(2 * kills):
        place = folder / str(number)
        turns = _turns(rng)
        whole = _live(place / "whole", turns, None)
        lives: list[Life] = []
        for _ in range(min(kills, rng.randint(1, MOST_KILLS))):
            lives.append(_live(place / "lives", turns, _fate(kind, whole, lives, rng)))
            if not lives[-1].killed:
                break  # what was due here comes in the next conversation
            kind, kills = next(due), kills - 1
        if lives[-1].killed:
            lives.append(_live(place / "lives", turns, None))
        yield Conversation(turns, whole, lives)
        if not kills:
            return


def main() -> None:
    """Print conversations, one a line."""
    folder, seed, kills = sys.argv[1:]
    for conversation in conversations(Path(folder), int(seed), int(kills)):
        print(json.dumps(asdict(conversation)), flush=True)


# ---- the plan


def _turns(rng: Random) -> list[str]:
    """What a person says: each number is of one turn alone, and each kind of moment is to be had."""
    words = ["order", "ask", *rng.sample(["errand", "refund", "move", "errand", "nothing"], 2)]
    rng.shuffle(words)
    return [f"{word} {10 * place + rng.randrange(4)}" for place, word in enumerate(words, 1)]


def _fate(kind: str, whole: Life, lives: Sequence[Life], rng: Random) -> Fate:
    """A moment that is still to come."""
    had = Counter(seen["kind"] for life in lives for seen in life.seen)
    left = Counter(seen["kind"] for seen in whole.seen)[kind] - had[kind]
    return Fate(kind, rng.randint(1, max(1, left)), rng.uniform(0, LATEST.get(kind, 0.0)))


def _life(data: Mapping[str, Any]) -> Life:
    return Life(Fate(**data["fate"]) if data["fate"] else None, data["code"], data["seen"], data["log"])


# ---- a life, from outside


def _live(place: Path, turns: Sequence[str], fate: Fate | None) -> Life:
    """Hold the conversation of a place, or go on with it, in a process of its own."""
    place.mkdir(parents=True, exist_ok=True)
    noted = place / "noted"
    noted.unlink(missing_ok=True)
    said = sum(isinstance(event, RunStarted) for event in _kept(place))
    process = os.fork()
    if not process:
        _be(place, noted, turns[said:], fate)
    code = _ended(process)
    seen = [json.loads(line) for line in noted.read_text().splitlines()]
    return Life(fate, code, seen, [to_json(event) for event in _kept(place)])


def _ended(process: int) -> int:
    """Wait for the end of a process. One that takes too long is ended, and has the exit code 70."""
    deadline = time.monotonic() + LIFE_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return os.EX_SOFTWARE


def _kept(place: Path) -> list[RecordedEvent]:
    """The events in the store of a place. A copy is read: to mend what a kill has torn is for the next life."""
    copy = place / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in place.glob("store*"):
        if file.is_file():
            shutil.copy(file, copy)
    return asyncio.run(_events(copy / "store"))


async def _events(path: Path) -> list[RecordedEvent]:
    async with SqliteStore(path) as store:
        sessions = await store.list()
        assert len(sessions) <= 1, "a session was begun twice"
        return await store.events(sessions[0].id) if sessions else []


# ---- a life, from inside


class _Mortal:
    """Notes each moment, and ends the process where its fate says so."""

    def __init__(self, noted: Path, fate: Fate | None) -> None:
        self._file = os.open(noted, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._fate = fate
        self._counts = Counter[str]()

    def __call__(self, kind: str, /, **facts: object) -> None:
        os.write(self._file, json.dumps({"kind": kind, **facts}).encode() + b"\n")
        self._counts[kind] += 1
        if self._fate is None or (kind, self._counts[kind]) != (self._fate.kind, self._fate.nth):
            return
        if self._fate.delay:
            signal.setitimer(signal.ITIMER_REAL, self._fate.delay)  # ends the process: nobody handles its signal
        else:
            os.kill(os.getpid(), signal.SIGKILL)


class _Model:
    """A ``ModelClient`` that may be in the middle of a reply."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelResponse]:
        self._moment("model", begun=True)
        async for item in SCRIPT.stream(request):
            await asyncio.sleep(0)
            self._moment("model", begun=False)
            yield item


class _Person:
    """A ``Reader`` who says the turns, and answers to what stands on the screen, the same whenever it is asked."""

    def __init__(self, turns: Sequence[str], screen: io.StringIO, moment: Moment) -> None:
        self._turns = iter(turns)
        self._screen = screen
        self._moment = moment

    async def read(self, prompt: str) -> str | None:
        await asyncio.sleep(0)
        if prompt == PROMPT:
            return next(self._turns, None)
        if asked := re.fullmatch(r"what is (\d+)\? ", prompt):
            self._moment("question")
            return f"number {asked[1]}"
        self._moment("approval")
        number = int(re.findall(r'wants to call \w+:\n  \{\n    "n": "?(\d+)', self._screen.getvalue())[-1])
        return ("yes", "no, not today", f'edit {{"n": {number + 1000}}}', "always")[number % 4]


class _Store(SqliteStore):
    """A store that may end before, in and after a transaction."""

    def __init__(self, path: Path, moment: Moment) -> None:
        super().__init__(path)
        self._moment = moment
        self._connections: list[sqlite3.Connection] = []
        sys.addaudithook(self._hear)

    async def create(self, session_id: str, *, file: str = "", name: str | None = None) -> None:
        self._moment("making")
        await super().create(session_id, file=file, name=name)

    async def append(self, session_id: str, events: Sequence[RecordedEvent]) -> None:
        self._moment("storing")
        self._connections[-1].set_trace_callback(lambda _statement: self._moment("writing"))
        self._moment("anytime")
        await super().append(session_id, events)
        self._moment("stored")

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect/handle":
            self._connections.append(arguments[0])


def _be(place: Path, noted: Path, turns: Sequence[str], fate: Fate | None) -> None:
    """Be the process of a life."""
    code = os.EX_SOFTWARE
    moment = _Mortal(noted, fate)
    sys.stdout = sys.stderr = screen = io.StringIO()
    try:
        front = Front(lambda event: _shown(event, moment), _Person(turns, screen, moment), interactive=True)
        talk = Talk(agents(moment), _Model(moment), front)
        code = converse(talk, Opening(), Keeping(_Store(place / "store", moment), session=SESSION))
    finally:
        if code:
            moment("broke", how=f"{screen.getvalue()}\n{traceback.format_exc()}")
        os._exit(code)


def _shown(event: Event, moment: Moment) -> None:
    if not isinstance(event, LiveEvent):
        moment("shown", type=event.type)


if __name__ == "__main__":
    main()
