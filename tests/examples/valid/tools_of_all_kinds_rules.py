"""Rules of approval, in whatever form two arguments are taken."""


async def late(arguments: dict[str, object], context: object = None, *more: object) -> bool:
    """Ask for long calls."""
    return bool(arguments) and not more and context is not None
