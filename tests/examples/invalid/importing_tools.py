"""A module that needs what is not installed."""

import no_such_package_anywhere  # type: ignore[import-not-found]  # the case


def use() -> str:
    """Use it."""
    return str(no_such_package_anywhere)
