"""Small projects, each in a folder of its own."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

Write = Callable[[str, str], Path]

BOT = """
    version: 1
    entry: front
    variables:
      company: ACME
      count: 1
      plan: {default: basic, enum: [basic, pro]}
    agents:
      front:
        description: Anything else
        instructions: The front of {{ company }}, for {{ count }} on the plan {{ plan }}.
        model: some-model
        tools: [helpers]
        handoffs: [back]
      back:
        description: What is kept in the back
        instructions: The back.
        model: some-model
        handoffs: [front]
"""
HELPERS = '''
    """Tools that behave as tools should not."""

    import sys
    import time

    from orchestrator.tools import ToolContext, tool


    def chatter() -> str:
        """Print to standard output."""
        print("printed by a tool")
        return "quiet"


    def fail() -> str:
        """Raise an exception."""
        raise ValueError("no such luck")


    @tool(timeout=0.3)
    def hang_briefly() -> str:
        """Sleep for longer than it may."""
        time.sleep(60)
        return "late"


    def hang() -> str:
        """Sleep for a minute."""
        time.sleep(60)
        return "late"


    def leave() -> str:
        """Exit."""
        sys.exit("Goodbye from the tool.")


    def question(context: ToolContext) -> str:
        """Ask the person through the context."""
        return f"heard {context.ask('What is your name?')}"


    def old_question() -> str:
        """Ask the person with input()."""
        return f"heard {input('And your age? ')}"


    def again() -> str:
        """Give the same each time."""
        return "the same"
'''


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of the project: ``write("bot.yaml", text)``. Gives its path."""

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return make


@pytest.fixture
def bot(write: Write) -> Path:
    """A bot of two agents, without a key, whose script calls whatever tool it is told: ``use fail``."""
    write("helpers.py", HELPERS)
    tools = ("chatter", "fail", "hang_briefly", "hang", "leave", "question", "old_question", "again")
    rules = [
        "{agent: front, user: ^back, call: [transfer_to_back]}",
        "{agent: back, user: ^front, call: [transfer_to_front]}",
        '{user: ^tell, say: "{{ company }} {{ count }} {{ plan }}"}',
        "{user: use again, after: again, call: [again]}",
        *(f"{{user: use {tool}$, call: [{tool}]}}" for tool in tools),
        *(f'{{after: {tool}, say: "result: {{{{ result }}}}"}}' for tool in tools),
        '{agent: front, say: "front heard {{ user }}"}',
        '{agent: back, say: "back heard {{ user }}"}',
    ]
    write("bot.script.yaml", "rules:\n" + "".join(f"  - {rule}\n" for rule in rules))
    return write("bot.yaml", BOT)
