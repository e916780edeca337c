"""The ``orchestrate`` command. Each command is a module of its own, and imports what it needs when it runs.

Exit codes: 0 fine; 1 what is in a file is at fault, or ``diff --fail-on`` found something; 2 wrong usage, or a path
that is not there; 3 the run ended without an answer; 4 a limit; 5 a test failed; 6 a call waits for an approval; 130
cancelled.
"""

import sys
from typing import Any

import click

from orchestrator.cli.completion import completion
from orchestrator.cli.diff import diff
from orchestrator.cli.explain import explain
from orchestrator.cli.graph import graph
from orchestrator.cli.new import new
from orchestrator.cli.render import render
from orchestrator.cli.run import run
from orchestrator.cli.schema import schema
from orchestrator.cli.sessions import sessions
from orchestrator.cli.streams import prepare
from orchestrator.cli.test import test
from orchestrator.cli.tools import tools
from orchestrator.cli.validate import validate


class _Interruptible(click.Group):
    """Commands that leave quietly with 130 on Ctrl-C, whatever they are doing."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(130)


@click.group(cls=_Interruptible, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="orchestrate-agents", prog_name="orchestrate")
def main() -> None:
    """Declarative agents: YAML routines with handoffs, checked like code before they run."""
    import logging

    prepare()
    # a tool's traceback belongs into a log, not between the lines of a conversation
    logging.getLogger("orchestrator").addHandler(logging.NullHandler())


for command in (run, sessions, validate, explain, graph, render, test, diff, tools, schema, new, completion):
    main.add_command(command)
