"""``/save``: the conversation as a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator.cli.conversation.chat import Chat
from orchestrator.cli.conversation.commands.command import tell
from orchestrator.cli.conversation.readers import answer
from orchestrator.errors import UsageError
from orchestrator.events import RunStarted
from orchestrator.render.transcript import as_lines, as_messages, document


async def save(chat: Chat, name: str) -> None:
    """Write the conversation to a file, in the form that its suffix names. One that is there stays unless it may go."""
    path = _path(name)
    form = _FORMS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{name}: write a name that ends in {', '.join(_FORMS)}")
    try:
        if path.exists() and not await _may_go(chat, name):
            tell(chat, "not saved")
            return
        path.write_text(form(chat), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{name} can't be written: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{name!r} is no name of a file") from None
    tell(chat, f"saved to {name}")


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise UsageError(f"{name}: there is no such home directory") from None


async def _may_go(chat: Chat, name: str) -> bool:
    try:
        said = await answer(chat.front.reader, f"{name} is there already. Overwrite it? [y]es, [n]o: ")
    except KeyboardInterrupt:
        return False
    return (said or "").strip().lower() in {"y", "yes"}


def _markdown(chat: Chat) -> str:
    began = next((event.message for event in chat.session.events if isinstance(event, RunStarted)), "")
    title = " ".join(began.split()) or chat.session.id
    facts = {"session": chat.session.id, "file": chat.session.file}
    return document(title, {fact: text for fact, text in facts.items() if text}, chat.session.events)


_FORMS: Mapping[str, Callable[[Chat], str]] = {
    ".md": _markdown,
    ".json": lambda chat: as_messages(chat.state),
    ".jsonl": lambda chat: as_lines(chat.session.events),
}
