"""Files composed into one project, each part with its origin; and what its tools and templates really are.

``parts`` has the parts with their places, ``files`` reads a file and all that it includes, ``composition`` joins them
into a ``Project``, ``models`` makes its models, and ``facts`` has what its names turn out to be.
"""

from orchestrator.project.composition import Project, compose, variable_of
from orchestrator.project.facts import Function, Functions, Resolution, Unresolved
from orchestrator.project.files import OTHER_KINDS, Files, called, includes_of, read_file, read_files, root_of
from orchestrator.project.models import models_of
from orchestrator.project.parts import Declared, Parts, Place, Placed

__all__ = [
    "OTHER_KINDS",
    "Declared",
    "Files",
    "Function",
    "Functions",
    "Parts",
    "Place",
    "Placed",
    "Project",
    "Resolution",
    "Unresolved",
    "called",
    "compose",
    "includes_of",
    "models_of",
    "read_file",
    "read_files",
    "root_of",
    "variable_of",
]
