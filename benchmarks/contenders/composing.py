"""The floor of ``validate``: PyYAML's composing in Python, and Jinja's compiling of every instruction in the file.

``python -m benchmarks.contenders.composing FILE`` prints how many it compiled.
"""

import sys
from pathlib import Path

import jinja2
import yaml


def main() -> None:
    """Compose a file, and compile its templates."""
    root = yaml.compose(Path(sys.argv[1]).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    agents = next(value for key, value in root.value if key.value == "agents")
    environment = jinja2.Environment()
    count = 0
    for _, agent in agents.value:
        for key, value in agent.value:
            if key.value == "instructions":
                environment.compile(value.value)
                count += 1
    sys.stdout.write(f"{count} templates\n")


if __name__ == "__main__":
    main()
