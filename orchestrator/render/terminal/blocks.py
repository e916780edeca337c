"""Blocks of Markdown as lines of a terminal."""

from collections.abc import Iterator, Sequence

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from rich import box
from rich.console import Console, JustifyMethod
from rich.segment import Segment
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from orchestrator.render.terminal.markdown import Block, clean

NARROW = 16
"""Text that is indented far is still given so many columns."""

_HEADINGS = {"h1": "bold underline", "h2": "bold", "h3": "bold"}
_MARKS = {"strong": "bold", "em": "italic", "s": "strike"}
_CODE = "cyan"
_CODE_MARGIN = "  "


def lines_of(blocks: Sequence[Block], console: Console, width: int) -> Iterator[Text]:
    """Give the lines of blocks, with a blank one before each that does not belong to the one before it."""
    page = _Page(console)
    for index, block in enumerate(blocks):
        lines = [] if _repeats(block) else page.block(_node(block.tokens), width)
        if lines and index and not block.joined:
            yield Text()
        yield from lines


class _Page:
    """Lays out the nodes of a document. A line may be wider than asked for where there is no room at all."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def block(self, node: SyntaxTreeNode, width: int) -> list[Text]:
        width = max(width, NARROW)
        match node.type:
            case "paragraph":
                return self._wrapped(_inline(node), width)
            case "heading":
                text = _inline(node)
                text.stylize(_HEADINGS.get(node.tag, "italic"))
                return self._wrapped(text, width)
            case "fence" | "code_block":
                return self._code(node, width)
            case "bullet_list" | "ordered_list":
                return self._list(node, width)
            case "blockquote":
                return _margin(self._inside(node, width - 2), Text("▌ ", "dim"), Text("▌ ", "dim"))
            case "table":
                return self._table(node, width)
            case "hr":
                return [Text("─" * width, "dim")]
            case _:
                return self._wrapped(Text(clean(node.content)), width)

    def _inside(self, node: SyntaxTreeNode, width: int) -> list[Text]:
        lines: list[Text] = []
        tight = True
        for child in node.children:
            close = child.type.endswith("_list") or bool(child.is_nested and child.hidden)
            if lines and not (tight and close):
                lines.append(Text())
            lines += self.block(child, width)
            tight = close
        return lines

    def _list(self, node: SyntaxTreeNode, width: int) -> list[Text]:
        lines: list[Text] = []
        first = int(node.attrs.get("start", 1))
        for number, item in enumerate(node.children, first):
            mark = Text(f" {number}. " if node.type == "ordered_list" else " • ", "bold")
            inner = self._inside(item, width - len(mark)) or [Text()]
            lines += _margin(inner, mark, Text(" " * len(mark)))
        return lines

    def _code(self, node: SyntaxTreeNode, width: int) -> list[Text]:
        language = (node.info or "text").split()[0] if node.type == "fence" else "text"
        syntax = Syntax("", language, theme="ansi_dark", background_color="default")
        code = syntax.highlight(clean(node.content).rstrip("\n"))
        code.rstrip()
        code.expand_tabs(4)
        if not code.plain:
            return []
        room = max(width - len(_CODE_MARGIN), 1)
        lines = [part for line in code.split("\n", allow_blank=True) for part in _chunks(line, room)]
        return _margin(lines, Text(_CODE_MARGIN), Text(_CODE_MARGIN))

    def _table(self, node: SyntaxTreeNode, width: int) -> list[Text]:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", border_style="dim")
        head, *bodies = node.children
        for cell in head.children[0].children:
            table.add_column(_inline(cell), justify=_justified(cell), overflow="fold")
        for row in (row for body in bodies for row in body.children):
            table.add_row(*map(_inline, row.children))
        options = self._console.options.update(width=width, height=None)
        return [_text_of(line) for line in self._console.render_lines(table, options, pad=False)]

    def _wrapped(self, text: Text, width: int) -> list[Text]:
        lines = list(text.wrap(self._console, width, overflow="fold"))
        for line in lines:
            line.rstrip()
        return lines


def _repeats(block: Block) -> bool:
    """Whether this is but the fence or the head of a block that was cut, and nothing follows it."""
    kinds = {token.type for token in block.tokens}
    return block.joined and block.kind == "table_open" and "tbody_open" not in kinds


def _node(tokens: Sequence[Token]) -> SyntaxTreeNode:
    return SyntaxTreeNode(tokens).children[0]


def _inline(node: SyntaxTreeNode) -> Text:
    """What stands in a paragraph, a heading or a cell."""
    text = Text()
    for child in node.children:
        for part in child.children:
            text.append_text(_part(part))
    return text


def _part(node: SyntaxTreeNode) -> Text:
    match node.type:
        case "softbreak" | "hardbreak":
            return Text("\n")
        case "code_inline":
            return Text(clean(node.content), _CODE)
        case "image":
            return _linked(Text(clean(node.content)), clean(str(node.attrs.get("src", ""))))
        case "link" | "strong" | "em" | "s":
            text = Text().join(map(_part, node.children))
            if node.type == "link":
                return _linked(text, clean(str(node.attrs.get("href", ""))))
            text.stylize(_MARKS[node.type])
            return text
        case _:
            return Text(clean(node.content))


def _linked(text: Text, address: str) -> Text:
    """A link shows where it leads; it is never a text that hides it."""
    shown = text.plain
    text.stylize("underline")
    if address and address not in {shown, f"mailto:{shown}"}:
        text.append(f" ({address})" if shown else address, "dim")
    return text


def _margin(lines: Sequence[Text], first: Text, others: Text) -> list[Text]:
    return [Text().append_text(others if index else first).append_text(line) for index, line in enumerate(lines)]


def _chunks(line: Text, width: int) -> list[Text]:
    """Parts of a line of code that fit: it is cut where it is full, not between words."""
    if line.cell_len <= width:
        return [line]
    cuts, used = [], 0
    for index, character in enumerate(line.plain):
        cells = Text(character).cell_len
        if used + cells > width:
            cuts.append(index)
            used = 0
        used += cells
    return list(line.divide(cuts))


def _justified(cell: SyntaxTreeNode) -> JustifyMethod:
    style = str(cell.attrs.get("style", ""))
    return "right" if "right" in style else "center" if "center" in style else "left"


def _text_of(line: Sequence[Segment]) -> Text:
    text = Text()
    for segment in line:
        text.append(segment.text, segment.style)
    text.rstrip()
    return text
