"""The command line: ``orchestrate``, or ``python -m orchestrator``."""

import sys


def main() -> None:
    """Run the command. Ctrl-C ends it with 130, also while it is being loaded."""
    try:
        from orchestrator.cli import main as command  # noqa: PLC0415 - loading takes long enough to be interrupted

        command(prog_name="orchestrate")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
