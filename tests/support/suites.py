"""A desk that finds things and takes money, with a test file: small enough to know each line of it."""

from pathlib import Path

AGENTS = """\
version: 1
entry: desk
variables: {paid: false}
agents:
  desk:
    description: Finds out what it is about.
    instructions: Be brief.
    model: some-model
    tools: [desk_tools]
    handoffs: [billing]
  billing:
    description: Everything about bills.
    instructions: Be exact.
    model: some-model
    handoffs: [desk]
"""
TOOLS = '''\
"""What a desk can do."""

import time

from orchestrator.tools import tool


@tool(effects="read")
def look_up(item: str) -> str:
    """Look an item up."""
    print("looking for", item)
    if item == "moon":
        time.sleep(30)
    return f"{item} is here"


def pay(amount: int) -> str:
    """Pay."""
    raise AssertionError("no test may ever run this")
'''
SUITE = """\
file: desk.yaml
tools:
  pay: {result: paid, variables: {paid: true}}
tests:
  an item is found:
    turns:
      - user: Where is the lamp?
        model:
          - call: look_up
            with: {item: lamp}
          - It is here.
        expect:
          calls: [{look_up: {item: lamp}}]
          reply: {contains: here}
  a bill is paid:
    description: The money moves.
    cases:
      small: {amount: 1}
      large: {amount: 1000}
    turns:
      - user: Pay
        model:
          - call: pay
            with: {amount: "{{ amount }}"}
          - call: transfer_to_billing
          - Paid.
        expect:
          agents: [desk, billing]
          variables: {paid: true}
"""


def write_desk(folder: Path) -> Path:
    """Write the project into a folder. Gives the path of its test file."""
    texts = {"desk.yaml": AGENTS, "desk_tools.py": TOOLS, "desk.test.yaml": SUITE, "pyproject.toml": ""}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "desk.test.yaml"
