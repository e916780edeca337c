"""Collects what is wrong with a text."""

from typing import NoReturn

from orchestrator.diagnostics import Diagnostic, Related, Severity
from orchestrator.source.positions import Place, Positions

MAX_DIAGNOSTICS = 1_000

_LONGEST_SHOWN = 40


class Stop(Exception):  # noqa: N818
    """There is no point in reading on; the diagnostic that says why is recorded."""


class Faults:
    """The diagnostics of one text, in the order in which they are found.

    ``report`` raises Stop when there are more than ``MAX_DIAGNOSTICS``.
    """

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self.found: list[Diagnostic] = []

    def report(
        self,
        place: Place,
        code: str,
        message: str,
        hint: str,
        *,
        related: tuple[Place, str] | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Record a fault; ``related`` is another place and what is there."""
        if len(self.found) >= MAX_DIAGNOSTICS:
            self.stop(place, "too-large", "there are too many problems; the rest is not shown", "start with the first")
        others = (Related(self.positions.span(related[0]), related[1]),) if related else ()
        self.found.append(Diagnostic(self.positions.span(place), code, message, hint, severity, others))

    def stop(self, place: Place, code: str, message: str, hint: str) -> NoReturn:
        """Record a fault, and raise Stop."""
        self.found.append(Diagnostic(self.positions.span(place), code, message, hint))
        raise Stop


def shown(text: str) -> str:
    """Give a text as it stands in a message: in quotes, and not too long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")
