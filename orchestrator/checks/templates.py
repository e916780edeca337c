"""What is wrong with instructions and guards."""

import re
from collections.abc import Iterator

from orchestrator.checks.places import first_of, inner, span_in
from orchestrator.checks.references import did_you_mean
from orchestrator.diagnostics import Diagnostic, Related, Severity
from orchestrator.errors import RenderError
from orchestrator.project import Placed, Project, Resolution
from orchestrator.spec import RESERVED_VARIABLES, EdgeSpec, ToolSpec
from orchestrator.templates import Piece, compile_expression, names_in, never_holds

_HINT = "write one over the variables, such as: verified and amount < 100"
_BRACES = re.compile(r"(?<![{\w])\$?\{ ?([a-z][a-z0-9_]*) ?\}(?!\})")
_PATH = re.compile(r"[\w./~-]*[\w-]\.(md|markdown|txt|j2|jinja2?|prompt|html|ya?ml)")


def faults(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """Instructions are sound templates, and so is all that they include."""
    for name, analysis in resolution.templates.items():
        own = project.agents[name].own
        for fault in analysis.faults:
            if fault.code != "undefined-variable" or "variables" not in project.unknown:
                span = span_in(project, resolution, own, (fault.path, fault.line, fault.column), fault.length)
                chain = tuple(
                    Related(span_in(project, resolution, own, place), "included from here") for place in fault.chain
                )
                yield Diagnostic(span, fault.code, fault.message, fault.hint, related=chain)


def single_braces(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """A variable in single braces, as other formats have it, would stay as it is."""
    for name, piece in _pieces(resolution):
        for found in _BRACES.finditer(piece.text):
            if found[1] in project.variables:
                own = project.agents[name].own
                span = span_in(project, resolution, own, inner(piece, found.start()), len(found[0]))
                message = f"{found[0]!r} stays as it is: a variable stands in double braces"
                hint = f"write {{{{ {found[1]} }}}}"
                yield Diagnostic(span, "single-brace", message, hint, Severity.WARNING)


def paths(project: Project, _: Resolution) -> Iterator[Diagnostic]:
    """Instructions are a text, not the path of one."""
    for agent in project.agents.values():
        text = agent.own.spec.instructions.strip()
        if _PATH.fullmatch(text):
            message = f"the instructions are the text {text!r}, not what stands in a file of this name"
            hint = f"""write: instructions: '{{% include "{text}" %}}'"""
            yield agent.own.fault(
                "instructions", code="path-as-text", message=message, hint=hint, severity=Severity.WARNING
            )


def guards(project: Project, resolution: Resolution) -> Iterator[Diagnostic]:
    """What tools and handoffs require is an expression over variables, whether YAML says it or a decorator."""
    entries: tuple[Placed[ToolSpec] | Placed[EdgeSpec], ...] = (*project.tools(), *project.edges())
    for entry in entries:
        if entry.spec.requires is not None:
            yield from _guard(project, entry, entry.spec.requires, None)
    for agent in project.agents.values():
        for tool_entry, function in resolution.tools_of(agent):
            if tool_entry.spec.requires is None and function.requires is not None:
                yield from _guard(project, tool_entry, function.requires, function.name)


def _guard(
    project: Project, entry: Placed[ToolSpec] | Placed[EdgeSpec], text: str, tool: str | None
) -> Iterator[Diagnostic]:
    """What is wrong with an expression. ``tool`` is the tool whose decorator has it; else it stands in the entry."""
    path = () if tool else ("requires",)
    what = f"tool {tool!r} requires {text!r}, which" if tool else repr(text)
    try:
        compile_expression(text)
        names = names_in(text)
    except RenderError as error:
        hint = "write the expression alone, without the braces" if "{{" in text or "{%" in text else error.hint
        message = f"{what} is no expression: {error}"
        inside = entry.source.inside((*entry.location, "requires"), error.line or 1, error.column or 1)
        span = entry.at() if tool else inside
        yield Diagnostic(span, "bad-expression", message, hint or _HINT)
        return
    wrong = [fault for name, column in names for fault in _wrong_name(project, entry, tool, name, column)]
    yield from wrong
    if not wrong and "variables" not in project.unknown and never_holds(text, project.known_variables):
        message = f"{what} can never be true" if tool else f"{text!r} can never be true, whatever the variables are"
        hint = "see the values that the variables may take"
        yield entry.fault(*path, code="dead-requires", message=message, hint=hint, severity=Severity.WARNING)


def _wrong_name(
    project: Project, entry: Placed[ToolSpec] | Placed[EdgeSpec], tool: str | None, name: str, column: int
) -> Iterator[Diagnostic]:
    known = project.names["variables"]
    span = entry.at() if tool else first_of(entry.source.inside((*entry.location, "requires"), 1, column), len(name))
    said = f"tool {tool!r} requires it: " if tool else ""
    if name in project.variables and project.variables[name].spec.secret:
        message = f"{said}the variable {name!r} is secret, and only tools see it"
        yield Diagnostic(span, "secret-in-template", message, "let a tool set another variable, and require that")
    elif name not in known and "variables" not in project.unknown:
        message = f"{said}no variable named {name!r}"
        hint = "templates have it, expressions only have the variables"
        hint = hint if name in RESERVED_VARIABLES else did_you_mean(name, known)
        yield Diagnostic(span, "undefined-variable", message, hint)


def _pieces(resolution: Resolution) -> Iterator[tuple[str, Piece]]:
    for name, analysis in resolution.templates.items():
        for piece in analysis.pieces:
            yield name, piece
