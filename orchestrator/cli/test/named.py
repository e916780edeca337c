"""What pytest gets from the command, in this process and in each worker, beside the plugin that everybody has."""

import logging


def pytest_configure() -> None:
    """Keep the tracebacks of tools out of what is printed, as the command does: a worker does not begin with it."""
    logging.getLogger("orchestrator").addHandler(logging.NullHandler())
