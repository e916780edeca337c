"""What pytest gets from Orchestrate: conversations as tests, and fixtures for tests in Python.

pytest imports this module in every session of an environment that has Orchestrate, so it imports next to nothing.
"""

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from orchestrator.testing.fixtures import RunConversation, ScriptedModel

SUFFIXES = (".test.yaml", ".test.yml")
"""How the names of test files end."""

_KEYS = {"file", "tests"}
_OURS = re.compile(rb"""^(?:\{\s*)?["']?(?:file|tests)["']?\s*:""", re.MULTILINE)
_LOOKED_INTO = 2 * 1024 * 1024  # bytes
_OF_ENCODINGS = b"\xef\xbb\xbf\xff\xfe\0"  # byte order marks, and what stands beside each letter in UTF-16


def is_suite(path: Path) -> bool:
    """Whether this is a test file of ours: by its name, and by ``file`` or ``tests`` among its outermost keys.

    One that can't be read, or is not UTF-8, counts: that is told when it is to be used.
    """
    if not path.name.endswith(SUFFIXES) or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            content = file.read(_LOOKED_INTO)
    except OSError:
        return True
    return _OURS.search(content.translate(None, _OF_ENCODINGS)) is not None or _has_our_keys(content)


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known that each conversation carries."""
    config.addinivalue_line("markers", "conversation: a conversation with agents, from a *.test.yaml file.")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Take test files. Those of other tools that are named alike are left alone.

    One that the command line names, and that nobody else takes, is ours all the same: what is wrong with it is told.
    """
    taken = yield
    asked_for = not taken and parent.session.isinitpath(file_path) and file_path.name.endswith(SUFFIXES)
    if not asked_for and not is_suite(file_path):
        return taken
    from orchestrator.testing.collecting import SuiteFile

    return [*taken, SuiteFile.from_parent(parent, path=file_path)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what came of a conversation into its report, which is sent home from the workers of pytest-xdist."""
    report = yield
    if hasattr(item, "tell"):  # the class of conversations is not loaded where there are none
        item.tell(report)
    return report


@pytest.fixture
def scripted_model() -> "ScriptedModel":
    """Make a model client that gives replies in order: ``scripted_model("Hello", {"call": "look_up"}, "Done.")``."""
    from orchestrator.testing.fixtures import scripted_model as make

    return make


@pytest.fixture
def run_conversation() -> "RunConversation":
    """Have a conversation, as in a test file, and give what came of it: ``run_conversation("bot.yaml", *turns)``."""
    from orchestrator.testing.fixtures import run_conversation as run

    return run


def _has_our_keys(content: bytes) -> bool:
    """Keys may be indented, quoted, tagged, or stand behind a question mark: only reading tells."""
    from orchestrator.source import Source

    data = Source.parse("", content).data
    return isinstance(data, dict) and not _KEYS.isdisjoint(data)
