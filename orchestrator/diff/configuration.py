"""One of the two configurations that are compared: a project without errors, and what its names really are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from orchestrator.checks.references import entry_of
from orchestrator.project import Declared, Function, Placed, Project, Resolution
from orchestrator.spec import EdgeSpec, ToolSpec


@dataclass(frozen=True)
class Configuration:
    """A project in which no check has found an error."""

    project: Project
    resolution: Resolution

    @property
    def entry(self) -> str:
        """The agent that begins."""
        return entry_of(self.project) or ""

    def tools(self, agent: Declared) -> dict[str, tuple[Placed[ToolSpec], Function]]:
        """The functions of an agent by name, each with the entry that brings it."""
        return {function.name: (entry, function) for entry, function in self.resolution.tools_of(agent)}

    def edges(self, agent: Declared) -> dict[str, Placed[EdgeSpec]]:
        """The handoffs of an agent by target."""
        return {edge.spec.to: edge for edge in agent.edges}

    def model(self, name: str) -> Mapping[str, object]:
        """What is said about a model, by its alias, or by the API name where there are no aliases.

        What is written and means nothing, because it holds anyway, is left out.
        """
        placed = self.project.models.get(name)
        return (
            placed.spec.model_dump(mode="json", exclude_none=True, exclude_defaults=True) if placed else {"model": name}
        )

    def included(self, agent: str) -> dict[str, str]:
        """The texts of the files that the instructions of an agent include, by their path in the project."""
        files = self.resolution.templates[agent].files
        return {path.relative_to(self.project.root).as_posix(): text for path, text in files.items()}

    @cached_property
    def templates(self) -> Mapping[str, str]:
        """The texts of all files that instructions include."""
        return {path: text for agent in self.project.agents for path, text in self.included(agent).items()}

    def including(self, template: str) -> list[str]:
        """The agents whose instructions include a file."""
        return [agent for agent in self.project.agents if template in self.included(agent)]
