"""YAML text -> data, and the span of every key and value.

``positions`` turns offsets into lines and columns, ``encoding`` bytes into text, ``scalars`` knows YAML 1.2's core
schema, ``composer`` builds ``nodes`` from the parser's events, ``syntax`` puts its errors into our words, ``mending``
covers a text that lacks its quotes so that the rest can be read, and ``document`` has ``Source``, which is nearly all
that the rest of the program sees.
"""

from orchestrator.source.document import Source

__all__ = ["Source"]
