"""Two configurations compared by what they mean, not by their lines.

``changes`` has the catalogue of what may change, ``compare`` finds all of it, ``words`` compares texts by their words.
"""

from orchestrator.diff.changes import Change, FileDiff, Impact, Kind, Subject
from orchestrator.diff.compare import compare
from orchestrator.diff.configuration import Configuration
from orchestrator.diff.words import Piece, elided, word_diff

__all__ = [
    "Change",
    "Configuration",
    "FileDiff",
    "Impact",
    "Kind",
    "Piece",
    "Subject",
    "compare",
    "elided",
    "word_diff",
]
