"""What pytest gets from the command, in this process and in each worker, beside the plugin that everybody has."""

import logging
from pathlib import Path

import pytest

from orchestrator.testing.collecting import SuiteFile
from orchestrator.testing.plugin import is_suite


def pytest_configure() -> None:
    """Keep the tracebacks of tools out of what is printed, as the command does: a worker does not begin with it."""
    logging.getLogger("orchestrator").addHandler(logging.NullHandler())


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a file that is named even where it does not look like a test file: what is wrong with it is told."""
    if is_suite(file_path) or not parent.session.isinitpath(file_path):
        return None
    return SuiteFile.from_parent(parent, path=file_path)
