"""What a person sees before the first prompt: who answers, and where the conversation was left."""

import time
from collections.abc import Iterator

from orchestrator.cli.conversation.chat import Chat
from orchestrator.cli.conversation.screen import Screen
from orchestrator.render.sessions import ago
from orchestrator.stores.session import turn_began


def greet(chat: Chat) -> None:
    """Tell a person at a terminal who answers and how to get help, and show again the last turn of a session."""
    view = chat.front.view
    if chat.front.interactive and isinstance(view, Screen):
        events = chat.session.events
        view.greet(_lines(chat), events[turn_began(events) :])


def _lines(chat: Chat) -> Iterator[str]:
    state, session = chat.state, chat.session
    if state.runs:
        turns = "1 turn" if state.runs == 1 else f"{state.runs:,} turns"
        unfinished = ", not finished" if state.running else ""
        yield f"session {session.name or session.id} · {turns}, the last one {ago(state.at, time.time())}{unfinished}"
    yield f"{chat.next_agent.label} answers · /help shows the commands"
