"""Data whose texts are templates, such as the arguments of a call that a script plays."""

from collections.abc import Callable, Iterator

from orchestrator.spec.draft import Location, leaves


def texts_in(value: object, at: Location = ()) -> Iterator[tuple[Location, str]]:
    """Give every text in a value, with its place."""
    return ((place, text) for place, text in leaves(value, at) if isinstance(text, str))


def rendered(value: object, render: Callable[[str, Location], object], at: Location = ()) -> object:
    """Give the value with what ``render`` makes of each text and its place."""
    match value:
        case str():
            return render(value, at)
        case dict():
            return {key: rendered(inner, render, (*at, key)) for key, inner in value.items()}
        case list():
            return [rendered(inner, render, (*at, index)) for index, inner in enumerate(value)]
        case _:
            return value
