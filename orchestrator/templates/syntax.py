"""What is wrong with the syntax of a template or an expression, in our own words and at its character."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import Lexer

from orchestrator.source.nearest import nearest
from orchestrator.templates.tags import OTHERS, TAGS, Tag, ends, open_tags, tags_of
from orchestrator.templates.tokens import Places, TooComplex, tokens


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """What is wrong, what to write instead, and where; ``length`` 0 reaches to the end of the line."""

    message: str
    hint: str | None
    line: int
    column: int
    length: int
    code: str = "template-syntax"


def explain_syntax(error: TemplateSyntaxError, text: str, lexer: Lexer, *, bare: bool = False) -> SyntaxFault:
    """Explain an error whose ``lineno`` is an offset in ``text``. ``bare`` is an expression outside of a template."""
    places = Places(text)
    said = error.message or ""
    # where the text ends Jinja gives the token before
    at = len(places.text.rstrip()) if re.search("(got|unexpected) '?end of template", said) else error.lineno
    scene = _Scene(places.text, min(at, len(places.text)), said, lexer, bare)
    found = _found(scene) if not isinstance(error, TooComplex) else _At(scene.at, 0, scene.said, None)
    line, column = places.place(found.offset)
    code = "too-expensive" if isinstance(error, TooComplex) else "template-syntax"
    return SyntaxFault(found.message, found.hint, line, column, found.length, code)


@dataclass(frozen=True, slots=True)
class _At:
    offset: int
    length: int
    message: str
    hint: str | None


@dataclass(frozen=True)
class _Scene:
    """The text, the offset of the error, and Jinja's message."""

    text: str
    at: int
    said: str
    lexer: Lexer
    bare: bool

    @cached_property
    def tokens(self) -> Sequence[tuple[int, str, str]]:
        """All tokens but white space, as far as the text can be cut."""
        found: list[tuple[int, str, str]] = []
        with suppress(TemplateSyntaxError):
            found.extend(tokens(self.lexer, self.text, "variable" if self.bare else None))
        return [token for token in found if token[1] != "whitespace"]

    @property
    def here(self) -> str:
        """The word or sign at the error; empty at the end."""
        return next((value for offset, _, value in self.tokens if offset == self.at), "").strip()

    @property
    def before(self) -> str:
        """The word or sign before the error."""
        return next((value for offset, _, value in reversed(self.tokens) if offset < self.at), "").strip()

    @property
    def closing(self) -> bool:
        """Whether the error is at the end of a tag or of the text."""
        return self.here in {"", "}}", "%}", "-}}", "-%}", "+%}"}

    @property
    def tag(self) -> str:
        """The name of the block tag that the error is in; empty elsewhere."""
        last = self.tags[-1] if self.tags else None
        return last.name if last and self.opener and last.offset == self.opener[0] else ""

    @property
    def opener(self) -> tuple[int, str] | None:
        """The tag that the error is in: its offset, and its two characters."""
        for offset, kind, value in reversed(self.tokens):
            if kind in {"variable_begin", "block_begin"} and offset <= self.at:
                return offset, value[:2]
            if kind in {"variable_end", "block_end", "comment_end"} and offset < self.at:
                return None
        return None

    @property
    def tags(self) -> list[Tag]:
        """The block tags before the error."""
        return [tag for tag in tags_of(self.tokens) if tag.offset < self.at]

    def line(self, offset: int) -> int:
        """The line of an offset."""
        return self.text.count("\n", 0, offset) + 1


def _found(scene: _Scene) -> _At:
    if scene.bare and scene.text.lstrip().startswith(("{{", "{%")):
        return _At(0, 0, "an expression is written without {{ }}", "write it alone, such as: verified")
    for pattern, explain in _RULES:
        match = re.match(pattern, scene.said, re.DOTALL)
        found = explain(scene, match) if match else None
        if found is not None:
            return found
    length = len(scene.here)
    return _At(scene.at, length, "the template can't be read from here on", "look for a sign too much or too little")


def _comment(scene: _Scene, _: re.Match[str]) -> _At:
    offset = scene.text.rfind("{#", 0, scene.at)
    hint = 'for the characters themselves write {{ "{#" }}, or put the text between {% raw %} and {% endraw %}'
    return _At(offset, 2, "'{#' begins a comment that is never closed with '#}'", hint)


def _raw(scene: _Scene, _: re.Match[str]) -> _At:
    offset = scene.text.rfind("{%", 0, scene.at)
    length = scene.text.find("%}", offset) + 2 - offset
    return _At(offset, length, "'{% raw %}' is never closed", "write {% endraw %} where the literal text ends")


def _unclosed(scene: _Scene, _: re.Match[str]) -> _At | None:
    """A tag whose end is missing shows itself anywhere behind: as a stray word, a stray sign, or the end."""
    if scene.opener is None or scene.bare:
        return None
    offset, sign = scene.opener
    close = {"{{": "}}", "{%": "%}"}[sign]
    other = {"{{": "%}", "{%": "}}"}[sign]
    rest = scene.text[offset + 2 :]
    following = re.search(r"\{\{|\{%|\{#", re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", lambda quoted: "." * len(quoted[0]), rest))
    inside = rest[: following.start()] if following else rest
    if close in inside:
        return None
    if other in inside:
        return _At(offset + 2 + inside.index(other), 2, f"{sign!r} is closed by {other!r}", f"write {close} instead")
    single = inside.find(close[1])
    if single >= 0 and "\n" not in inside[:single]:
        return _At(offset + 2 + single, 1, f"{sign!r} is closed by {close!r}, not by a single '}}'", f"write {close}")
    hint = f"write {close} behind the {'expression' if sign == '{{' else 'tag'}; for the characters themselves write"
    return _At(offset, 2, f"{sign!r} is never closed with {close!r}", f'{hint} {{{{ "{sign}" }}}}')


_SIGNS = {
    "&": ("'and' is written as a word", "write `and` instead of '&&'"),
    "!": ("'not' is written as a word", "write `not` instead of '!'"),
    "?": ("there is no '?' in an expression", "a choice is written: a if condition else b"),
    "$": ("names have no '$' before them", "write the name alone"),
    "@": ("there is no '@' in an expression", "put text into quotes"),
    "#": ("there is no '#' inside of a tag", "a comment is written: {# … #}"),
    "\\": ("there is no '\\' outside of quotes", "put text into quotes"),
    "`": ("a '`' is no quote", "put text into ' or \""),
    ";": ("there is no ';' in an expression", "end the tag instead"),
}
_CURLY = "‘’“”„«»"


def _character(scene: _Scene, match: re.Match[str]) -> _At | None:
    offset = int(match["offset"])
    character = scene.text[offset : offset + 1]
    if character in "'\"":
        return _At(offset, 1, f"the quote {character} is never closed", f"write {character} where the text ends")
    if character and character in _CURLY:
        return _At(offset, 1, f"{character} is not the quote that is wanted here", "write ' or \" around text")
    message, hint = _SIGNS.get(character, (f"{character!r} means nothing in an expression", "put text into quotes"))
    length = 2 if scene.text[offset : offset + 2] == "&&" else 1
    return _At(offset, length, message, hint)


def _bracket(scene: _Scene, match: re.Match[str]) -> _At:
    offset = next((index for index in range(scene.at, len(scene.text)) if scene.text[index] == match["sign"]), scene.at)
    opened = _still_open(scene)
    if opened is not None and scene.text[offset : offset + 2] in {"}}", "%}"}:
        message = f"{scene.text[opened]!r} is never closed"
        return _At(opened, 1, message, f"write {match['expected'] or _CLOSING[scene.text[opened]]!r} before the end")
    if match["expected"]:
        return _At(offset, 1, f"{match['sign']!r} closes no bracket", f"{match['expected']!r} is wanted first")
    return _At(offset, 1, f"{match['sign']!r} closes nothing", "leave it out, or open it before")


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _still_open(scene: _Scene) -> int | None:
    """The innermost bracket that is open at the error."""
    start = scene.opener[0] if scene.opener else 0
    still: list[int] = []
    for offset, kind, value in scene.tokens:
        if kind == "operator" and start <= offset < scene.at:
            if value in _CLOSING:
                still.append(offset)
            elif value in _CLOSING.values() and still:
                still.pop()
    return still[-1] if still else None


def _tag(scene: _Scene, match: re.Match[str]) -> _At:
    name = match["name"]
    still = open_tags(scene.tags)
    whole = scene.text[scene.at :].split("%}", 1)[0].strip(" -+")
    message, hint = f"there is no tag {name!r}", None
    if name in ends(TAGS) or name in {"else", "elif"}:
        message, hint = _stray(name, still, scene)
    elif name == "end" and (ended := whole.removeprefix("end").strip()) in TAGS:
        return _At(scene.at, len(whole), f"there is no tag {whole!r}", f"write {{% end{ended} %}}")
    elif name in OTHERS:
        hint = OTHERS[name]
    elif name.startswith("end"):
        hint = f"write {{% end{still[-1].name} %}}" if still else "nothing is open here: leave it out"
        message = f"there is no tag {whole!r}"
    else:
        meant = nearest(name, [*TAGS, *ends(TAGS), "else", "elif"])
        hint = f"did you mean {meant!r}?" if meant else f"there are: {', '.join(sorted(TAGS))}"
    return _At(scene.at, len(name), message, hint)


def _stray(name: str, still: Sequence[Tag], scene: _Scene) -> tuple[str, str]:
    begins = name.removeprefix("end")
    if not still:
        opener = "if" if name in {"else", "elif"} else begins
        return f"{{% {name} %}} has no {{% {opener} %}} before it", "leave it out, or open the block before"
    last = still[-1]
    behind = scene.line(scene.at) - scene.line(last.offset)  # the text may be part of a file, with lines of its own
    above = f" {behind} line{'s' if behind > 1 else ''} above" if behind else ""
    message = f"{{% {name} %}} does not fit the {{% {last.name} %}}{above}, which is open"
    return message, f"write {{% end{last.name} %}} before it"


def _end(scene: _Scene, _: re.Match[str]) -> _At | None:
    still = open_tags(tags_of(scene.tokens))
    if not still:
        return None
    tag = still[-1]
    hint = f"write {{% end{tag.name} %}} where it ends"
    if tag.name == "set":
        hint = "write {% endset %} where its text ends, or a value: {% set name = … %}"
    return _At(tag.offset, tag.length, f"{{% {tag.name} %}} is never closed", hint)


def _expected(scene: _Scene, match: re.Match[str]) -> _At | None:
    here, before, wanted = scene.here, scene.before, match["wanted"]
    length = len(here)
    if here == "=":
        return _At(scene.at, 1, "'=' does not compare", "write == to compare")
    if before == "else" and here == "if":
        return _At(scene.at, length, "'else if' is one word here", "write {% elif … %}")
    if before == "|" and here == "|":
        return _At(scene.at - 1, 2, "'or' is written as a word", "write `or` instead of '||'")
    if wanted == "in":
        return _At(scene.at, length, "the loop does not say over what", "write {% for item in items %}")
    if wanted in {"as", "import"}:
        forms = '{% import "file.md" as m %} or {% from "file.md" import name %}'
        return _At(scene.at, length, f"{wanted!r} is wanted here", f"write {forms}")
    if wanted.startswith("end of") or wanted == "chunk after expression":
        return _two(scene, here, before)
    if scene.text.startswith("{{{", scene.opener[0] if scene.opener else 0):
        return _At(scene.opener[0] if scene.opener else 0, 3, "there is a brace too much", "write {{ and }}")
    if scene.closing:
        return _At(scene.at, length, f"something is missing after {before!r}", _FORMS.get(scene.tag))
    what = {"name": "a name"}.get(wanted, repr(wanted))
    return _At(scene.at, length, f"{what} is wanted here, not {here!r}", _FORMS.get(scene.tag))


_QUOTES = "put the name of the file into quotes"
_FORMS = {
    "macro": "write {% macro name(arguments) %}",
    "for": "write {% for item in items %}",
    "if": "write {% if condition %}",
    "elif": "write {% elif condition %}",
    "set": "write {% set name = value %}",
    "block": "write {% block name %}",
    "include": 'write {% include "file.md" %}',
    "extends": 'write {% extends "file.md" %}',
    "import": 'write {% import "file.md" as name %}',
    "from": 'write {% from "file.md" import name %}',
    "call": "write {% call name() %}",
    "filter": "write {% filter name %}",
    "with": "write {% with name = value %}",
}


def _two(scene: _Scene, here: str, before: str) -> _At:
    """The expression is at its end, and something follows."""
    if before in {"endif", "endfor", "else", "endmacro", "endset", "endblock", "endwith", "endcall", "endfilter"}:
        return _At(scene.at, len(here), f"{{% {before} %}} takes nothing more", f"write {{% {before} %}}")
    hint = None
    if scene.tag in {"include", "import", "from", "extends"} and before != "missing":
        hint = _QUOTES
    elif re.match(r"\w", here) and re.match(r"[A-Za-z_]\w*$", before):
        hint = f"write {before}_{here} if it is one name, quotes around text, and ~ between two texts"
    elif here:
        hint = "join texts with ~, and put text into quotes"
    return _At(scene.at, len(here), f"{here!r} can't follow {before!r}" if here else "the tag does not end", hint)


def _no_expression(scene: _Scene, _: re.Match[str]) -> _At | None:
    here, before = scene.here, scene.before
    if scene.closing and scene.opener and before.startswith("{{"):
        start = scene.opener[0]
        hint = f'write a name; for the characters themselves write {{{{ "{scene.text[start : scene.at + 2]}" }}}}'
        return _At(start, scene.at + 2 - start, "there is nothing between '{{' and '}}'", hint)
    if scene.bare and not before:
        return _At(0, 0, "there is no expression", "write one over the variables, such as: verified and amount < 100")
    if scene.closing:
        return _At(scene.at, len(here), f"something is missing after {before!r}", _FORMS.get(scene.tag))
    if here == "=" and before in {"==", "!="}:
        return _At(scene.at - 2, 3, f"there is no '{before}='", f"write {before}")
    hint = _QUOTES if before in {"include", "import", "from", "extends"} else "a name, a number or a text is wanted"
    return _At(scene.at, len(here), f"{here!r} can't stand after {before!r}", hint)


def _attribute(scene: _Scene, _: re.Match[str]) -> _At:
    return _At(scene.at, len(scene.here), "a name or a number is wanted after the dot", "write it, or drop the dot")


def _plain(message: str, hint: str | None) -> Callable[[_Scene, re.Match[str]], _At]:
    return lambda scene, _: _At(scene.at, len(scene.here), message, hint)


def _assigned(scene: _Scene, _: re.Match[str]) -> _At:
    shown = scene.here or "this"
    return _At(scene.at, len(scene.here), f"{shown!r} can't be given a value", "choose another name")


def _no_filter(scene: _Scene, match: re.Match[str]) -> _At:
    return _At(scene.at, len(match["name"]), f"there is no {match['kind']} {match['name']!r}", None)


def _twice(scene: _Scene, match: re.Match[str]) -> _At:
    message = f"the block {match['name']!r} stands twice"
    return _At(scene.at, 0, message, f"give each its own name, or write {{{{ self.{match['name']}() }}}}")


_RULES: Sequence[tuple[str, Callable[[_Scene, re.Match[str]], _At | None]]] = (
    (r"Missing end of comment", _comment),
    (r"Missing end of raw", _raw),
    (r"(unexpected|expected|Expected|Unexpected end)", _unclosed),
    (r"unexpected char .* at (?P<offset>\d+)$", _character),
    (r"unexpected '(?P<sign>[)}\]])'(, expected '(?P<expected>.)')?$", _bracket),
    (r"Encountered unknown tag '(?P<name>.*?)'\.", _tag),
    (r"Unexpected end of template", _end),
    (r"tag name expected", _plain("a tag begins with its name", "write one, such as {% if … %} or {% include … %}")),
    (r"expected token '(?P<wanted>[^']*)'", _expected),
    (r"unexpected end of template, expected '(?P<wanted>.*)'", _expected),
    (r"(?P<wanted>chunk after expression)", _expected),
    (r"(Expected an expression|unexpected ')", _no_expression),
    (r"expected name or number", _attribute),
    (r"expected subscript", _plain("an index is wanted between the brackets", "write a number or a text in quotes")),
    (r"(can't assign|Can't assign)", _assigned),
    (r"Block names", _plain("the name of a block has no hyphens", "write an underscore instead")),
    (r"names starting with an underline", _plain("names that begin with '_' can't be imported", "rename it")),
    (r"non-default argument", _plain("an argument without default follows one with a default", "put it before them")),
    (r"expected call", _plain("a call block calls a macro", "write {% call name() %}")),
    (r"invalid syntax for function call", _plain("this can't stand here among the arguments of a call", None)),
    (r"You cannot chain", _plain("one test can't follow another", "join them with `and`")),
    (r"Required blocks", _plain("a required block holds nothing but comments", "leave its body empty")),
    (r"No (?P<kind>filter|test) named '(?P<name>.*)'", _no_filter),
    (r"block '(?P<name>.*)' defined twice", _twice),
    (r"cannot use extend", _plain("{% extends %} stands inside of another block", "put it first in the template")),
    (r"Invalid character in identifier", _plain("a name has letters, digits and underscores only", None)),
    (r"When defining macros", _plain("the argument 'caller' of a macro needs a default", "write caller=none")),
    (r"(truncated|malformed|unknown Unicode|illegal|\\)", _plain("a '\\' in the text is not complete", "write \\\\")),
)
