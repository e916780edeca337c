"""Jinja for instructions and guards: sandboxed, bounded, strict, and analysed before it runs.

``tokens``, ``environment`` and ``budget`` read templates and bound them, and ``files`` keeps includes inside the
project. ``syntax`` (with ``tags``) and ``failures`` put errors into our words. ``analysis`` is ``walk``, which goes
through a routine and all that it includes, and ``trial``, which renders it. ``walk`` asks ``names`` and ``scopes``
for what names mean, ``undefined`` for those that are not there, ``parts`` for what is wrong whatever the variables are,
and ``candidates`` for the files that an include may mean, with the ``values`` that variables may take.
"""

from orchestrator.templates.analysis import analyse, check_syntax
from orchestrator.templates.budget import TooExpensive
from orchestrator.templates.environment import Sandbox, environment
from orchestrator.templates.expressions import compile_expression, holds, names_in, never_holds
from orchestrator.templates.facts import Analysis, Known, Piece, TemplateFault
from orchestrator.templates.instructions import Instructions
from orchestrator.templates.syntax import SyntaxFault, explain_syntax

__all__ = [
    "Analysis",
    "Instructions",
    "Known",
    "Piece",
    "Sandbox",
    "SyntaxFault",
    "TemplateFault",
    "TooExpensive",
    "analyse",
    "check_syntax",
    "compile_expression",
    "environment",
    "explain_syntax",
    "holds",
    "names_in",
    "never_holds",
]
