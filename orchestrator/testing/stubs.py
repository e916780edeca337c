"""The tools of a test: what the test file says instead of what would really happen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.agents import AgentGraph
from orchestrator.errors import VariableError
from orchestrator.spec.suite import Every, StubSpec
from orchestrator.testing.places import Broken, Place
from orchestrator.testing.playing import Course
from orchestrator.testing.scope import Scope
from orchestrator.tools import Outcome, Tool, ToolContext
from orchestrator.tools.results import text_of

Answer = Callable[[Mapping[str, object], ToolContext], Outcome]
_NOT_RUN = "Error: this tool was not run"


@dataclass(frozen=True)
class StubbedTool(Tool):
    """A tool that is described, guarded and checked as it is, and does something else."""

    answer: Answer = field(kw_only=True)

    async def call(self, arguments: str, context: ToolContext) -> Outcome:
        """Check the arguments as the tool does, and give the answer.

        Raises:
            BadArguments: the arguments do not fit.
        """
        return self.answer(self.check(arguments), context)


class Stubs:
    """The stubs of a test. One alone serves every call of its tool; those of a list serve a call each.

    Args:
        specs: by the tool, each with its place.
        scope: gives what templates see at this moment of the conversation.
        course: where broken rules are noted.
    """

    def __init__(
        self,
        specs: Mapping[str, tuple[Place, Mapping[int, StubSpec]]],
        scope: Callable[[], Scope],
        course: Course,
    ) -> None:
        self._specs = specs
        self._scope = scope
        self._course = course
        self._served: dict[str, int] = {}

    def in_graph(self, graph: AgentGraph, real: frozenset[str]) -> AgentGraph:
        """The graph with every tool replaced that is stubbed, or that must not run in a test."""
        agents = {
            name: replace(agent, tools=tuple(self._instead(tool, real) for tool in agent.tools))
            if agent.tools
            else agent
            for name, agent in graph.agents.items()
        }
        return replace(graph, agents=agents)

    def _instead(self, tool: Tool, real: frozenset[str]) -> Tool:
        if tool.name in self._specs:
            return StubbedTool(**vars(tool), answer=lambda arguments, context: self._serve(tool, arguments, context))
        if tool.effects == "read" or tool.name in real:
            return tool
        return StubbedTool(**vars(tool), answer=lambda *_: self._refuse(tool))

    def _refuse(self, tool: Tool) -> Outcome:
        message = f"{tool.name} may change something (effects: {tool.effects})"
        hint = "stub it under tools:, or list it under real:"
        self._course.note(self._course.here.failure(f"{message}: {hint}"))
        return Outcome(f"{_NOT_RUN}: it may change something, and this is a test", error=True)

    def _serve(self, tool: Tool, arguments: Mapping[str, object], context: ToolContext) -> Outcome:
        place, stubs = self._specs[tool.name]
        index = self._served.get(tool.name, 0)
        self._served[tool.name] = index + 1
        at, index = (place, 0) if isinstance(stubs, Every) else (place.at(index), index)
        if index not in stubs:
            times = "one time" if len(stubs) == 1 else f"{len(stubs)} times"
            message = f"{tool.name} is called once more than the {times} that it is stubbed for"
            self._course.note(place.failure(message, span=place.key))
            return Outcome(f"{_NOT_RUN}: the test has no stub for this call", error=True)
        try:
            return _outcome(stubs[index], arguments, context, self._scope(), at)
        except Broken as broken:
            self._course.note(broken.failure)
            return Outcome(f"{_NOT_RUN}: its stub is at fault", error=True)


def _outcome(
    stub: StubSpec, arguments: Mapping[str, object], context: ToolContext, scope: Scope, place: Place
) -> Outcome:
    seen = scope.knowing({**context.variables, "arguments": dict(arguments)})
    for name, value in stub.variables.items():
        at = place.at("variables", name)
        try:
            context.set(name, seen.value(value, at))
        except VariableError as error:
            raise Broken(at.failure(str(error))) from None
    if stub.error is not None:
        told = seen.text(stub.error, place.at("error"))
        content = told if told.startswith("Error: ") else f"Error: {told}"
        return Outcome(content, error=True, variables=context.changes)
    result = seen.value(stub.result, place.at("result"))
    nothing = result is None and (stub.handoff is not None or stub.end is True)
    content = "" if nothing else text_of(result)
    return Outcome(content, variables=context.changes, handoff=stub.handoff, end=stub.end is True)
