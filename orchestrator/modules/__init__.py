"""From the names under ``tools:`` to functions: finds the module, imports or parses it, takes its functions.

A module is looked up in the folder of the file that names it, then in each folder above it up to the project root, and
nowhere else, but for installed packages that ``packages:`` names. ``finder`` finds it; ``imports`` and ``functions``
run it and read what came of it; ``bindings``, ``signatures`` and ``parsing`` read its text and run none of it.
"""

from orchestrator.modules.entries import IMPORT_SECONDS, Modules

__all__ = ["IMPORT_SECONDS", "Modules"]
