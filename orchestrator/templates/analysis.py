"""The analysis of a routine: what is wrong with it and with all that it includes, without running an agent."""

from pathlib import Path

from jinja2.exceptions import TemplateSyntaxError

from orchestrator.templates.environment import Sandbox
from orchestrator.templates.facts import Analysis, Known, TemplateFault
from orchestrator.templates.failures import Failure
from orchestrator.templates.syntax import SyntaxFault, explain_syntax
from orchestrator.templates.tokens import Places
from orchestrator.templates.trial import trial
from orchestrator.templates.walk import Walk


def analyse(text: str, origin: Path, env: Sandbox, known: Known) -> Analysis:
    """Analyse a routine in the file ``origin`` (absolute). Nothing is raised: every problem is a fault."""
    walk = Walk(env, origin, known)
    walk.routine(text)
    faults = tuple(walk.faults)
    if not faults and "{" in text:
        faults = tuple(_tried(text, origin, env, known, walk))
    return Analysis(
        faults=faults,
        used=frozenset(walk.used),
        pieces=tuple(walk.pieces),
        files=walk.files,
        complete=walk.complete,
    )


def check_syntax(text: str, env: Sandbox) -> SyntaxFault | None:
    """What is wrong with the syntax of a template that is no routine; None if nothing is."""
    try:
        env.routine(text, "")
    except TemplateSyntaxError as error:
        return explain_syntax(error, text, env.lexer)
    return None


def _tried(text: str, origin: Path, env: Sandbox, known: Known, walk: Walk) -> list[TemplateFault]:
    try:
        trees = [env.tree(each) for each in (text, *walk.files.values())]
        failures = trial(text, str(origin), env, known, frozenset(walk.used), trees)
    except TemplateSyntaxError as error:
        fault = explain_syntax(error, text, env.lexer)
        return [TemplateFault(fault.code, fault.message, fault.hint, None, fault.line, fault.column, fault.length)]
    return [_fault(failure, text, str(origin), walk) for failure in failures]


def _fault(failure: Failure, text: str, origin: str, walk: Walk) -> TemplateFault:
    name = failure.template.name if failure.template else None
    path = None if name in {None, origin} else Path(str(name))
    places = Places(text if path is None else walk.files.get(path, ""))
    offset = failure.offset + (places.text[failure.offset : failure.offset + 1] == ".")  # the name behind the dot
    line, column = places.place(offset)
    rest = places.text[offset:].split("\n", 1)[0]
    ends = [end for end in (rest.find("}}"), rest.find("%}")) if end >= 0]
    length = len(rest[: min(ends)].rstrip()) if ends else 0
    chain = walk.chains.get(path, ())
    return TemplateFault(failure.code, failure.message, failure.hint, path, line, column, length, chain)
