"""Rules of approval that can't be asked."""


def too_few(arguments: dict[str, object]) -> bool:
    """Take no context."""
    return bool(arguments)


def too_many(arguments: dict[str, object], context: object, limit: int) -> bool:
    """Take one more than there is."""
    return bool(arguments) and bool(context) and limit > 0


def by_name(*, arguments: dict[str, object], context: object) -> bool:
    """Take arguments by name only."""
    return bool(arguments) and bool(context)
