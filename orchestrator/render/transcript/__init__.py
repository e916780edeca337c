"""A session as people read it afterwards: lines for a terminal, or a Markdown document.

``story`` tells each event with what earlier ones say of it, ``words`` has the phrases, ``page`` and ``markdown`` the
looks, ``plain`` the forms for programs, ``contained`` keeps texts of models and tools from spilling over in Markdown.
"""

from orchestrator.render.transcript.markdown import MarkdownView, document
from orchestrator.render.transcript.page import standing, transcript
from orchestrator.render.transcript.plain import as_lines, as_messages

__all__ = ["MarkdownView", "as_lines", "as_messages", "document", "standing", "transcript"]
