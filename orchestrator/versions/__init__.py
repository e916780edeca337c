"""Two versions of files of agents: where they are, how they are loaded, and what differs between them.

``git`` reads revisions, ``sides`` says what a person means by a path, ``roots`` finds the files in a folder. The
comparison itself is that of ``orchestrator.diff``.
"""

from orchestrator.versions.files import compare_paths, compare_revision

__all__ = ["compare_paths", "compare_revision"]
