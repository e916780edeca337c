"""The names of boxes in the languages for graphs: never a raw name, for many a word means something there."""

import re

from orchestrator.render.graph.picture import Key

START = "start"
_PLAIN = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def identifier(key: Key) -> str:
    """Give the name of a box, made of letters, digits, ``_`` and ``.`` only, another one for each box."""
    return "agent_" + ".".join(map(_part, key))


def _part(name: str) -> str:
    """A name as it is, where that is safe; else its bytes, behind a sign with which no safe one begins."""
    return name if _PLAIN.fullmatch(name) else f"_{name.encode('utf-8', 'surrogatepass').hex()}"
