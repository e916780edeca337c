"""What pyproject.toml promises."""

import re
import tomllib

import orchestrator
from tests.support.generate import ROOT


def test_the_lower_bounds_are_those_that_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "tests" / "lowest.txt").read_text().splitlines()
    pinned = {line.replace("==", ">=") for line in lines if not line.startswith("#")}
    promised = {re.sub(r"(>=\d+\.\d+)$", r"\1.0", dependency) for dependency in project["dependencies"]}
    assert {re.sub(r"(>=\d+\.\d+)$", r"\1.0", line) for line in pinned} == promised


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[><=]", dependency)[0] for dependency in project["dependencies"]}
    rows = re.findall(r"^\| ([\w-]+) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    assert set(rows) - {"package"} == names


def test_every_public_name_is_there() -> None:
    assert all(getattr(orchestrator, name) is not None for name in orchestrator.__all__)
    assert set(orchestrator.__all__) <= set(dir(orchestrator))
