"""Proxies between us and an endpoint."""

import os
import sys


def proxied() -> bool:
    """Whether a proxy may be in between: a variable names one, or the system does."""
    if any(name.lower() in {"http_proxy", "https_proxy", "all_proxy"} for name in os.environ):
        return True
    if sys.platform not in {"darwin", "win32"}:
        return False
    from urllib.request import getproxies  # noqa: PLC0415 - it takes 20 ms

    return bool(getproxies())
