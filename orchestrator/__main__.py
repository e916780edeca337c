"""The command line: ``orchestrate``, or ``python -m orchestrator``."""

import gc
import sys

_YOUNG = 100_000  # objects between two collections; Python's 700 make it look through all classes again and again


def main() -> None:
    """Run the command. Ctrl-C ends it with 130, also while it is being loaded."""
    gc.set_threshold(_YOUNG, 20, 20)
    try:
        from orchestrator.cli import main as command  # noqa: PLC0415 - loading takes long enough to be interrupted

        command(prog_name="orchestrate")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
