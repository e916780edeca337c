"""Jinja for instructions and guards: sandboxed, bounded, strict, with includes that stay inside the project."""

from orchestrator.templates.budget import TooExpensive
from orchestrator.templates.environment import environment
from orchestrator.templates.expressions import compile_expression, holds
from orchestrator.templates.instructions import Instructions

__all__ = ["Instructions", "TooExpensive", "compile_expression", "environment", "holds"]
