"""What is known of a routine before its analysis, and what the analysis finds. Frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.agents import Variable

Chain = tuple[tuple[Path | None, int, int], ...]
"""The includes and imports that lead to a file, outermost first: file (None: the routine itself), line, column."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the templates of one agent see. ``agent`` and each of ``handoffs`` have a name, a label, a description."""

    variables: Mapping[str, Variable]
    agent: Mapping[str, str]
    handoffs: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """Something wrong in a template. Lines and columns count from 1 in the template's own text, in code points.

    ``path`` is None for the routine itself; ``length`` 0 reaches to the end of the line.
    """

    code: str
    message: str
    hint: str | None
    path: Path | None
    line: int
    column: int
    length: int
    chain: Chain = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Literal text of a template, and where it begins."""

    text: str
    path: Path | None
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a routine is made of and what is wrong with it.

    ``used`` are the variables, and of ``agent``, ``handoffs`` and ``now`` those that are used in any template reached.
    ``files`` are the texts of the files that were read. The analysis is not ``complete`` where a template or an
    include could not be read, so that nothing can be called unused or absent.
    """

    faults: tuple[TemplateFault, ...]
    used: frozenset[str]
    pieces: tuple[Piece, ...]
    files: Mapping[Path, str]
    complete: bool
