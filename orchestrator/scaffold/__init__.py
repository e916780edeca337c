"""What writes files of agents: a new project, and a new agent in a file that is there.

``project`` copies the folder ``starter``, a project that works, under another name. ``layout`` finds where in a text an
entry of a mapping or of a list can be inserted, ``wording`` writes it in the style that it finds there, ``adding``
decides what is to be inserted and proves that nothing else changes, and ``replacing`` writes the files.
"""

from orchestrator.scaffold.adding import Addition, add_agent
from orchestrator.scaffold.project import create

__all__ = ["Addition", "add_agent", "create"]
