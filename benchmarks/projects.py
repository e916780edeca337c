"""The projects that are measured, besides the examples: one agent with many tools, and files of many agents."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DESK = "desk.yaml"

_DESK = """\
agents:
  desk:
    model: gpt-4o-mini
    instructions: You are at the desk of a warehouse. Find what people are looking for with your tools.
    tools: [tools]
"""
_TOOL = '''\
def find_{number:04}(text: str, count: int = 1) -> str:
    """Find things of kind {number} in the warehouse.

    Args:
        text: What to look for, in a few words.
        count: How many to give at most.
    """
    return f"find_{number:04}: {{text}} x {{count}}"
'''
_HEAD = """\
version: 1
entry: desk_0000
variables:
  company: ACME Inc.
  verified: false
models:
  fast: {model: gpt-4o-mini, temperature: 0.2}
defaults:
  model: fast
agents:
"""
_AGENT = """\
  desk_{number:04}:
    label: Desk {number}
    description: Answers questions about things of kind {number}.
    instructions: |
      You are desk {number} of {{{{ company }}}}, and answer questions about things of kind {number}.
      {{% if verified %}}
      The customer is known: call them by their name.
      {{% else %}}
      Ask for the customer's number first.
      {{% endif %}}
      Always be very brief. If something is not yours, hand over to
      {{% for other in handoffs %}}{{{{ other.label }}}}{{{{ ", " if not loop.last }}}}{{% endfor %}}.
    tools:
      - tools:find_{tool:04}
    handoffs:
      - to: desk_{next:04}
        when: it is about things of kind {next}
      - desk_{back:04}
"""


def desk(folder: Path, tools: int) -> Path:
    """Make a project of one agent that has so many tools, and give its folder."""
    _write(folder / "tools.py", "\n\n".join(_TOOL.format(number=number) for number in range(tools)))
    _write(folder / DESK, _DESK)
    return folder


def many(folder: Path, agents: int) -> Path:
    """Make a project of so many agents, each with a routine, a tool and two handoffs, and give its file."""
    _write(folder / "tools.py", "\n\n".join(_TOOL.format(number=number) for number in range(10)))
    told = (_AGENT.format(number=n, tool=n % 10, next=(n + 1) % agents, back=(n - 1) % agents) for n in range(agents))
    return _write(folder / "many.yaml", _HEAD + "".join(told))


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
