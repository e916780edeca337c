"""Which transport goes to an address. Each is imported when it is needed: the two general ones take their time."""

from orchestrator.clients.endpoints import Address
from orchestrator.clients.transports import Transport
from orchestrator.clients.transports.direct import Direct, Target
from orchestrator.clients.transports.proxies import proxied


def way_to(address: Address) -> Transport:
    """The transport to this address.

    Raises:
        ModelError: the proxy or the certificates that the environment names can't be used.
    """
    if address.azure is not None:
        from orchestrator.clients.transports.package import ThroughPackage  # noqa: PLC0415 - see above

        return ThroughPackage(address)
    target = Target.of(address)
    if target is None or proxied():
        from orchestrator.clients.transports.general import General  # noqa: PLC0415 - see above

        return General(address)
    if not target.secure:
        return Direct(address, target, None)
    from orchestrator.clients.transports.general import certificates  # noqa: PLC0415 - see above

    return Direct(address, target, certificates(address))
