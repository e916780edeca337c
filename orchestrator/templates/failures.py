"""Why a rendering failed, in our own words, and where."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from traceback import walk_tb

from jinja2 import Template
from jinja2.exceptions import (
    FilterArgumentError,
    SecurityError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    UndefinedError,
)

from orchestrator.templates.budget import TooExpensive


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong in a rendering. ``offset`` is in the template that is named; "" where none is."""

    code: str
    message: str
    hint: str | None
    template: Template | None
    offset: int


def failure(error: BaseException) -> Failure:
    """Explain what a rendering raised."""
    template, offset = _place(error)
    code, message, hint = _explained(error)
    return Failure(code, message, hint, template, offset)


_TYPES = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "an object",
    "None": "null",
    "NoneType": "null",
    "method": "a function",
    "Macro": "a macro",
    "builtin_function_or_method": "a function",
    "datetime.datetime": "a time",
    "datetime": "a time",
    "_Counted": "a loop",
    "generator": "a list",
}
_ENDLESS = "a macro, a loop or a template calls itself for ever"
_CONVERT = "convert it: value | string, value | int, or join texts with ~"
_NOT_NULL = "check first: {% if value %}"

Explained = tuple[str, str | None]


def _place(error: BaseException) -> tuple[Template | None, int]:
    """The innermost place of a template that was at work; of an endless recursion, whose depth is chance, the first.

    Compiled lines stand for offsets.
    """
    found: tuple[Template | None, int] = (None, 0)
    for frame, line in walk_tb(error.__traceback__):
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            found = (template, template.get_corresponding_lineno(line))
            if isinstance(error, RecursionError):
                break
    return found


def _explained(error: BaseException) -> tuple[str, str, str | None]:
    match error:
        case TooExpensive():
            return (
                "too-expensive",
                error.message or "it takes too long",
                "let it end sooner: fewer turns, shorter texts",
            )
        case RecursionError():
            return "too-expensive", _ENDLESS, "let it end, or write a loop instead"
        case MemoryError():
            return "too-expensive", "it takes too much memory", "let it end sooner: fewer turns, shorter texts"
        case SecurityError():
            return "sandbox-violation", "it reaches for what templates may not see or change", "leave it out"
        case TemplateSyntaxError():
            return "template-syntax", "an included template has an error in its syntax", None
        case TemplateNotFound():
            return "missing-include", _plain(error.message) or "an included file is not there", None
        case UndefinedError():
            return "render-failed", *_first(_UNDEFINED, error.message or "", ("a value is not there", None))
        case FilterArgumentError():
            return "render-failed", "a filter is given arguments that it does not take", None
        case TemplateRuntimeError():
            return "render-failed", *_first(_RUNTIME, error.message or "", ("it can't be rendered", None))
        case ZeroDivisionError():
            return "render-failed", "a division by zero", "check first: {% if number %}"
        case OverflowError():
            return "too-expensive", "a range or a number is too large", "a range has at most 100,000 numbers"
        case _:
            return "render-failed", *_first(_OTHERS, str(error), ("an expression fails with these values", None))


def _plain(message: str | None) -> str:
    return "none of the files is there" if message and message.startswith("none of the templates") else message or ""


def _first(table: "_Table", message: str, otherwise: Explained) -> Explained:
    for pattern, explain in table:
        match = re.match(pattern, message, re.DOTALL)
        if match is not None:
            return explain(match)
    return otherwise


def _type(name: str) -> str:
    return _TYPES.get(name.removesuffix(" object"), "this value")


def _no_attribute(match: re.Match[str]) -> Explained:
    what, name = _type(match["what"]), match["name"]
    hint = _NOT_NULL if what == "null" else None
    return f"{what} has no {name}", hint


def _two(match: re.Match[str]) -> Explained:
    left, right = _type(match["left"]), _type(match["right"])
    return f"{match['sign']!r} can't take {left} and {right}", _CONVERT


def _say(message: str, hint: str | None = None) -> Callable[[re.Match[str]], Explained]:
    return lambda match: (message.format(**{key: value or "" for key, value in match.groupdict().items()}), hint)


_Table = tuple[tuple[str, Callable[[re.Match[str]], Explained]], ...]

_UNDEFINED: _Table = (
    (
        r"'(?P<name>\w+)' is undefined$",
        _say("{name!r} has no value here", "set it before, on every way that leads here"),
    ),
    (r"'?(?P<what>[\w. ]+?)'? has no (attribute|element) (?P<name>.+)$", _no_attribute),
    (r"parameter '(?P<name>\w+)' was not provided", _say("the argument {name!r} of the macro is not given")),
    (r"the template '.*' .* does not export the requested name '(?P<name>\w+)'", _say("the file has no {name!r}")),
    (r"No (first|last|random) item", _say("an empty list has no such item", "check first: {{% if items %}}")),
    (r"no caller|No caller defined", _say("`caller()` is used, and the macro is not called by {{% call %}}")),
    (r"there is no parent block called '(?P<name>.*)'", _say("no parent has a block {name!r}", "leave super() out")),
    (r"there is no block|No block", _say("there is no such block")),
)
_RUNTIME: _Table = (
    (
        r"cannot print generator",
        _say("a list that is still to be made can't be put out", "write | list or | join(', ')"),
    ),
    (r"cannot print ", _say("a function can't be put out", "call it: write () behind its name")),
    (r"extended multiple times", _say("{{% extends %}} stands twice", "leave one out")),
    (r"Required block '(?P<name>.*)' not found", _say("the block {name!r} is required, and is not there")),
    (r"No (?P<kind>filter|test) named '(?P<name>.*?)'", _say("there is no {kind} {name!r}")),
    (r"cannot assign attribute on non-namespace", _say("only a namespace takes attributes", "begin with namespace()")),
)
_OTHERS: _Table = (
    (
        r"can only concatenate (?P<left>\w+) \(not \"(?P<right>[\w.]+)\"\)(?P<sign>)",
        lambda match: (f"'+' can't take {_type(match['left'])} and {_type(match['right'])}", _CONVERT),
    ),
    (r"unsupported operand type\(s\) for (?P<sign>\S+?)( or \S+)?: '(?P<left>.*)' and '(?P<right>.*)'", _two),
    (r"'(?P<sign>[<>=]+)' not supported between instances of '(?P<left>.*)' and '(?P<right>.*)'", _two),
    (r"'(?P<what>.*)' object is not iterable", lambda match: (f"{_type(match['what'])} can't be looped over", None)),
    (r"'(?P<what>.*)' object is not callable", lambda match: (f"{_type(match['what'])} can't be called", None)),
    (r"object of type '(?P<what>.*)' has no len", lambda match: (f"{_type(match['what'])} has no length", None)),
    (r"argument of type '(?P<what>.*)' is not", lambda match: (f"nothing is 'in' {_type(match['what'])}", None)),
    (
        r"bad operand type for unary (?P<sign>.): '(?P<what>.*)'",
        lambda match: (f"{match['sign']!r} can't take {_type(match['what'])}", _CONVERT),
    ),
    (
        r"macro '(?P<name>.*)' takes no keyword argument '(?P<key>.*)'",
        _say("the macro {name!r} has no argument {key!r}"),
    ),
    (r"macro '(?P<name>.*)' takes not more than (?P<most>\d+)", _say("the macro {name!r} takes {most} arguments only")),
    (r"macro '(?P<name>.*)' was invoked with two values", _say("an argument of the macro {name!r} is given twice")),
    (
        r"(?P<name>.*?)\(?\)? (missing \d+ required|got an unexpected|takes |got multiple)",
        _say("a function or a filter is given arguments that it does not take"),
    ),
    (r"not (all|enough) arguments", _say("the format and its values do not fit: there are too many or too few")),
    (r"%.* format: ", _say("the format wants a number", _CONVERT)),
    (r"'NoneType' object has no attribute", _say("null has nothing inside", _NOT_NULL)),
    (r"can't multiply", _say("'*' can't take a text or a list and this", _CONVERT)),
    (r"invalid literal|could not convert", _say("a text is no number")),
)
