"""Which session a conversation goes on with, whether it can, and how it is found again."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.agents import AgentGraph
from orchestrator.cli.conversation.opening import Keeping, Opening
from orchestrator.errors import UsageError
from orchestrator.runner import Changed, changed
from orchestrator.stores import SessionStore, Summary
from orchestrator.stores.finding import ID, find
from orchestrator.stores.session import Session

_TELLING = 8
"""So many characters of an id tell it from all others, and no name looks like them by chance."""


async def open_session(keeping: Keeping) -> Session:
    """Open the session that is asked for, or begin one.

    Raises:
        UsageError: there is none.
        StoreError: the store can't be used, or somebody else holds the session.
    """
    if keeping.last:
        return await Session.load(keeping.store, await _last(keeping.store, keeping.file))
    if keeping.session is not None:
        found = _named(await keeping.store.list(), keeping.session)
        if found is not None:
            return await Session.load(keeping.store, found.id)
        if keeping.session.startswith(ID):
            raise UsageError(f"there is no session {keeping.session}; see: orchestrate sessions list")
    return Session(keeping.store, file=keeping.file, name=keeping.session)


def _named(sessions: Sequence[Summary], called: str) -> Summary | None:
    """The session that is meant. A short name that is new is no beginning of an id, though some id may begin so."""
    if called.startswith(ID) or len(called) >= _TELLING:
        return find(sessions, called)
    return next((each for each in sessions if each.name == called), None)


async def _last(store: SessionStore, file: str) -> str:
    of_file = [summary for summary in await store.list() if summary.file == file]
    if not of_file:
        raise UsageError(f"--continue: no session of {file} is kept yet")
    return of_file[0].id


@dataclass(frozen=True, slots=True)
class Difference:
    """What has changed since a session was held: lines to tell, and whether an unfinished turn can go on."""

    notes: tuple[str, ...] = ()
    resumable: bool = True


def difference(graph: AgentGraph, session: Session, opening: Opening, *, accept: bool) -> Difference:
    """Compare the agents with those that a session was held with.

    Raises:
        UsageError: it can't go on like this; the text says what is missing and what can be done.
    """
    found = changed(graph, session.state)
    if found is None:
        return Difference()
    problems = [*_agent(found, graph, opening), *([] if accept else _calls(found)), *_values(found, opening)]
    if problems:
        raise UsageError("\n".join([f"session {session.id} can't go on: the agents have changed", *problems]))
    return Difference(tuple(_notes(found)), resumable=found.agent is None and not found.unfit)


def how_to_go_on(session: Session, keeping: Keeping, *, talked: bool) -> Iterator[str]:
    """Lines on how a session goes on, where that is of use: it waits for a yes, or a person has talked to it."""
    if not keeping.typed or not session.events:
        return
    called = shlex.quote(session.name or session.id)
    run = f"orchestrate run {shlex.quote(keeping.typed)}"
    store = f" --store {shlex.quote(keeping.option)}" if keeping.option else ""
    again = f"{run} --session {called}{store}"
    for slot in session.state.awaiting_approval:
        yield f"waits for a yes: {slot.call.name}({slot.call.arguments})"
    if session.state.awaiting_approval:
        yield f"answer with: orchestrate sessions approve {called}{store}, or with --deny REASON"
    if session.state.running:
        yield f"then go on with: {again}" if session.state.awaiting_approval else f"go on with: {again}"
    elif talked:
        yield f"kept as {called}; go on with: {again if session.name else f'{run} --continue{store}'}"


def _agent(found: Changed, graph: AgentGraph, opening: Opening) -> Iterator[str]:
    if found.agent is not None and opening.agent is None:
        yield (
            f"- agent {found.agent!r}, who was to answer, is gone: name another one with --agent "
            f"(there are: {', '.join(graph.agents)})"
        )


def _calls(found: Changed) -> Iterator[str]:
    for call in found.calls:
        yield (
            f"- {call.name}({call.arguments}) was under way, and is no tool any more: with --accept-changes the model "
            "is told so, or bring the tool back"
        )


def _values(found: Changed, opening: Opening) -> Iterator[str]:
    for name, fault in found.unfit:
        if name not in opening.variables:
            yield f"- {fault}: give it anew with --var {name}=VALUE"


def _notes(found: Changed) -> Iterator[str]:
    if found.digest:
        yield "the agents have changed since this session was held"
    for name in found.callers:
        yield f"agent {name!r}, who was to go on later, is gone"
    for name in found.undeclared:
        yield f"variable {name!r} is not declared any more"
