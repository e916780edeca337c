"""A conversation on a terminal."""

from orchestrator.render.terminal.view import TerminalView

__all__ = ["TerminalView"]
