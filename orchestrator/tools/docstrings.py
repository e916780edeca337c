"""What a docstring says of a function and of its parameters, in Google's, NumPy's or Sphinx's style."""

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from docstring_parser import DocstringStyle, ParseError, parse

_FIRST_LINE = "Summary."
_STYLES = (
    (DocstringStyle.REST, re.compile(r"^\s*:(?:param|parameter|arg|returns?|raises?)\b[^:]*:", re.MULTILINE)),
    (
        DocstringStyle.NUMPYDOC,
        re.compile(r"^\s*(?:Parameters|Returns|Raises|Notes|Examples)\s*\n\s*-{3,}", re.MULTILINE),
    ),
    (DocstringStyle.GOOGLE, re.compile(r"^\s*(?:Args|Arguments|Parameters|Params|Returns|Raises):", re.MULTILINE)),
)


@dataclass(frozen=True, slots=True)
class Documentation:
    """``text`` is the summary and the body, without the sections; ``parameters`` is by name."""

    text: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def documentation_of(function: object) -> Documentation:
    """Read a function's docstring."""
    return documentation_in(inspect.getdoc(function) or "")


def documentation_in(docstring: str) -> Documentation:
    """Read a docstring without its indentation. One without a known section is text as a whole."""
    text = docstring.strip()
    style = next((style for style, sign in _STYLES if sign.search(text)), None)
    if style is None:
        return Documentation(text)
    try:
        # below a line of our own, since the parser would dedent what stands below the first line
        parsed = parse(f"{_FIRST_LINE}\n\n{text}", style)
    except ParseError:
        return Documentation(text)
    parameters = {
        name.strip().lstrip("*"): _one_line(parameter.description)
        for parameter in parsed.params
        if parameter.description
        for name in parameter.arg_name.split(",")  # NumPy's style lets several share a description
    }
    return Documentation(parsed.long_description or "", parameters)


def _one_line(text: str) -> str:
    return " ".join(text.split())
