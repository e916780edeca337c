"""A project whose agents take money, which needs a yes: the command on it, and a server that answers."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.chat_server import ChatServer, Reply
from tests.support.cli import ROOT, Done, Terminal, in_process

KEY = "sk-of-the-test"
BACK = """\
  back:
    description: What is kept in the back
    instructions: The back, on the plan {{ plan }}.
    model: m
    tools: ["till:pay"]
    handoffs: [front]
"""
DESK = f"""\
entry: front
variables:
  plan: {{default: basic, enum: [basic, pro]}}
agents:
  front:
    description: Anything else
    instructions: The front, on the plan {{{{ plan }}}}.
    model: m
    tools: ["till"]
    handoffs: [back]
{BACK}"""
TILL = '''\
"""What the desk does."""

from pathlib import Path

from orchestrator.tools import End, ToolContext, tool


@tool(approval="always")
def pay(amount: int, to: str = "Bob") -> str:
    """Pay somebody."""
    with Path(__file__).with_name("paid.txt").open("a", encoding="utf-8") as book:
        book.write(f"{amount} to {to}\\n")
    return f"paid {amount} to {to}"


@tool(approval="always")
def shut(account: str) -> str:
    """Shut an account."""
    return f"shut {account}"


def upgrade(context: ToolContext) -> str:
    """Take the better plan."""
    context.set("plan", "pro")
    return "upgraded"


@tool(effects="read")
def who(context: ToolContext) -> str:
    """Ask who it is."""
    return f"it is {context.ask('Who are you?')}"


def leave() -> End:
    """Say goodbye."""
    return End("Goodbye.")
'''


@dataclass
class Desk:
    """The command on a project of its own, which a server answers."""

    file: Path
    server: ChatServer
    replies: list[Reply]

    @property
    def store(self) -> Path:
        """Where its sessions are kept."""
        return self.file.with_name("kept.db")

    @property
    def settings(self) -> dict[str, str]:
        """The environment of its commands."""
        return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": self.server.url, "ORCHESTRATE_STORE": str(self.store)}

    def run(
        self,
        *arguments: str | Path,
        replies: Sequence[Reply] = (),
        lines: str = "",
        file: Path | None = None,
        **more: str,
    ) -> Done:
        """Run the command to its end. It has to ask for all of the replies."""
        self.replies[:] = replies
        done = in_process("run", file or self.file, *arguments, lines=lines, **{**self.settings, **more})
        assert self.replies == []
        return done

    def sessions(self, *arguments: str | Path) -> Done:
        """Run ``orchestrate sessions`` on what it keeps."""
        return in_process("sessions", *arguments, **self.settings)

    def terminal(self, *arguments: str, replies: Sequence[Reply]) -> Terminal:
        """Run the command on a terminal."""
        self.replies[:] = replies
        return Terminal("run", self.file, *arguments, cwd=ROOT, **self.settings)

    def edit(self, old: str, new: str) -> None:
        """Change the file of agents."""
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The messages of the last request."""
        messages: list[dict[str, Any]] = self.server.requests[-1].body["messages"]
        return messages

    @property
    def said(self) -> list[str]:
        """What stands in the messages of the last request."""
        return [message["content"] for message in self.asked if message["content"]]

    @property
    def paid(self) -> str:
        """What ``pay`` has done."""
        book = self.file.with_name("paid.txt")
        return book.read_text(encoding="utf-8") if book.exists() else ""

    @property
    def ids(self) -> list[str]:
        """The sessions that are kept, the one that was used last first."""
        return [each["id"] for each in json.loads(self.sessions("list", "--json").out)]

    def told(self, *calls: str, name: str = "bob", option: str = "") -> str:
        """What is told of calls that wait."""
        waiting = "".join(f"waits for a yes: {each}\n" for each in calls)
        return (
            f"{waiting}answer with: orchestrate sessions approve {name}{option}, or with --deny REASON\n"
            f"then go on with: orchestrate run {self.file} --session {name}{option}\n"
        )


@contextlib.contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    """A desk with a front and a back, which both may pay."""
    with working({"desk.yaml": DESK, "till.py": TILL}, folder, key=KEY) as desk:
        yield desk


@contextlib.contextmanager
def working(files: Mapping[str, str], folder: Path, *, key: str) -> Iterator[Desk]:
    """A project of these files, the first of which is that of the agents; ``URL`` in it is where the server is."""
    replies: list[Reply] = []
    with ChatServer(lambda _: replies.pop(0), key=key) as server:
        for name, text in {**files, "pyproject.toml": ""}.items():
            (folder / name).write_text(text.replace("URL", server.url), encoding="utf-8")
        yield Desk(folder / next(iter(files)), server, replies)
    assert server.refused == []
