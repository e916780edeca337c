"""Group 24: what docstrings say of tools and parameters."""

from typing import Annotated

import pytest
from pydantic import Field
from typing_extensions import Doc

from orchestrator.tools import Options, Tool

GOOGLE = """Find things.

    More: about it, in
    two lines.

    Args:
        query: What to find: words,
            over two lines.
        limit (int, optional): How many. Defaults to 3.

    Returns:
        What was found.

    Raises:
        ValueError: nothing was.
    """
NUMPY = """Find things.

    More: about it, in
    two lines.

    Parameters
    ----------
    query : str
        What to find: words,
        over two lines.
    limit : int, optional
        How many. Defaults to 3.

    Returns
    -------
    str
        What was found.
    """
SPHINX = """Find things.

    More: about it, in
    two lines.

    :param query: What to find: words,
        over two lines.
    :param int limit: How many. Defaults to 3.
    :type query: str
    :returns: What was found.
    :raises ValueError: nothing was.
    """


def documented(text: str | None) -> Tool:
    def find(query: str = "", limit: int = 3) -> None: ...

    find.__doc__ = text
    return Tool.from_function(find)


def descriptions(tool: Tool) -> dict[str, str]:
    properties = tool.schema.parameters["properties"]
    assert isinstance(properties, dict)
    return {name: one["description"] for name, one in properties.items() if "description" in one}


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_group_24_three_styles(text: str) -> None:
    tool = documented(text)
    assert tool.schema.description == "Find things.\n\nMore: about it, in\ntwo lines."
    assert descriptions(tool) == {
        "query": "What to find: words, over two lines.",
        "limit": "How many. Defaults to 3.",
    }


@pytest.mark.parametrize(
    ("text", "description"),
    [
        (None, ""),
        ("", ""),
        ("   \n  ", ""),
        ("One line.", "One line."),
        ("One line: with a colon.", "One line: with a colon."),
        ("Args: are not a section here.", "Args: are not a section here."),
        ("Do it.\n\nNote: see http://a.b:80/c.", "Do it.\n\nNote: see http://a.b:80/c."),
        ("Do it.\n\n- one: 1\n- two: 2", "Do it.\n\n- one: 1\n- two: 2"),
        ("Do it.\n\nArgs:\nquery: not indented", "Do it.\n\nArgs:\nquery: not indented"),
        ("Do it.\n\nArgs:\n    what stands here has no colon", "Do it.\n\nArgs:\n    what stands here has no colon"),
        ("Parameters\n---\n", "Parameters\n---"),
        (":param", ":param"),
        (":param x", ":param x"),
        ("é 漢 \U0001f600", "é 漢 \U0001f600"),
        ("Do it.\n\nReturns:\n    int: a number", "Do it."),
        ("Do it.\n\nArgs:\n    other: one that is not there\n", "Do it."),
    ],
)
def test_group_24_odd_docstrings(text: str | None, description: str) -> None:
    tool = documented(text)
    assert tool.schema.description == description
    assert descriptions(tool) == {}
    assert (b'"description"' in tool.schema.wire) is bool(description)


def test_group_24_sections_alone() -> None:
    tool = documented("\n    Args:\n        query: What to find.\n    ")
    assert tool.schema.description == ""
    assert descriptions(tool) == {"query": "What to find."}


def test_group_24_parameters_that_share_a_description() -> None:
    tool = documented("Find.\n\n    Parameters\n    ----------\n    query, limit : int\n        Both.\n    ")
    assert descriptions(tool) == {"query": "Both.", "limit": "Both."}


def test_group_24_a_lone_surrogate_does_not_break_the_wire() -> None:
    assert "Find ? it." in documented("Find \ud800 it.").schema.wire.decode()


def test_group_24_annotations_beat_docstrings() -> None:
    def find(
        a: Annotated[int, "Text."],
        b: Annotated[int, Field(description="Field.")],
        c: Annotated[int, Doc("Doc.")],
        d: int = Field(4, description="Default."),
        e: int = 5,
    ) -> None:
        """Find.

        Args:
            a: no
            b: no
            c: no
            d: no
            e: Docstring.
        """

    expected = {"a": "Text.", "b": "Field.", "c": "Doc.", "d": "Default.", "e": "Docstring."}
    assert descriptions(Tool.from_function(find)) == expected


def test_group_24_options_beat_docstrings() -> None:
    def find() -> None:
        """Find."""

    tool = Tool.from_function(find, Options(name="look", description="Look."))
    assert (tool.name, tool.schema.description) == ("look", "Look.")


def test_group_24_methods_and_objects() -> None:
    class Finder:
        """A class."""

        def __call__(self, query: str) -> None:
            """Find.

            Args:
                query: What.
            """

    tool = Tool.from_function(Finder())
    assert tool.schema.description == "Find."
    assert descriptions(tool) == {"query": "What."}
