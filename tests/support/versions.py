"""Small configurations of which one version is compared with another."""

from pathlib import Path
from textwrap import dedent

from tests.support.cli import Done, in_process

ONE = "agents: {a: {instructions: 'Hello there.', model: m}}\n"
TWO = """
    entry: a
    agents:
      a: {instructions: Hello there., model: m, description: The first one., handoffs: [{to: b, when: asked}]}
      b: {instructions: Good morning., model: m, description: The second one., handoffs: [{to: a, when: asked}]}
"""
THIRD = """\
      c: {instructions: Good night., model: m, description: The third one., handoffs: [{to: a}, {to: b}]}
"""
TOOL = """
    agents:
      a: {instructions: Hello there., model: m, tools: ["shop:pay"]}
"""
FLAG = "    variables: {v: false}\n"
PAY = '''
    def pay(amount: int) -> str:
        """Pay an amount."""
        return "paid"
'''
RULES = f'''{PAY}

    def often(arguments: object, context: object) -> bool:
        """Whether to ask."""
        return True


    def seldom(arguments: object, context: object) -> bool:
        """Whether to ask."""
        return False
'''
LONG = f"Be brief. {'Say what is the case, and nothing else. ' * 5}\nBe kind.\n"


def put(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")


def diff(*arguments: str | Path) -> Done:
    """Run ``orchestrate diff`` inside this process."""
    return in_process("diff", *arguments)


def last_line(done: Done) -> str:
    """What is said at the end of standard error."""
    return done.err.splitlines()[-1]
