"""Which transport goes to an address. Each is imported when it is needed: the two general ones take their time."""

import os
import sys

from orchestrator.clients.direct import Direct, Target
from orchestrator.clients.endpoints import Address
from orchestrator.clients.transports import Transport


def way_to(address: Address) -> Transport:
    """The transport to this address.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """
    if address.azure is not None:
        from orchestrator.clients.package import ThroughPackage  # noqa: PLC0415 - see above

        return ThroughPackage(address)
    target = Target.of(address)
    if target is not None and not target.secure and not _proxied():
        return Direct(address, target, None)
    from orchestrator.clients.general import General, certificates  # noqa: PLC0415 - see above

    if target is None or _proxied():
        return General(address)
    return Direct(address, target, certificates(address))


def _proxied() -> bool:
    """Whether a proxy may be in between: a variable names one, or the system does."""
    if any(name.lower() in {"http_proxy", "https_proxy", "all_proxy"} for name in os.environ):
        return True
    if sys.platform not in {"darwin", "win32"}:
        return False
    from urllib.request import getproxies  # noqa: PLC0415 - it takes 20 ms

    return bool(getproxies())
