"""These tests need a real server, which ``make test-local`` installs. Elsewhere they are not collected."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PYTHON = os.environ.get("LOCAL_PYTHON")

collect_ignore_glob = [] if PYTHON else ["test_*.py"]


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """The address of a server that runs while the tests do."""
    assert PYTHON, "LOCAL_PYTHON names no interpreter"
    server = subprocess.Popen(
        [PYTHON, str(Path(__file__).with_name("serve.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address, f"the server did not start; to see why: {PYTHON} tests/local/serve.py"
        yield f"{address}/v1"
