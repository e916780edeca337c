"""What goes wrong with a connection, told in plain words."""

import socket
import ssl
from collections.abc import Iterator

import httpx2

from orchestrator.clients.failures import Failure

Broken = Failure | httpx2.HTTPError | httpx2.InvalidURL


def failure_of(error: Broken, *, begun: bool) -> Failure:
    """What went wrong with a call. ``begun``: the reply had begun."""
    match error:
        case Failure():
            return error
        case httpx2.ConnectTimeout():
            return Failure("the connection did not come about in time", "is the address right?", "timeout")
        case httpx2.UnsupportedProtocol() | httpx2.InvalidURL():
            return Failure("this is no web address", "is the base_url right?", "refused", transient=False)
        case httpx2.ProxyError():
            return Failure("the proxy in between refused", "is HTTPS_PROXY or HTTP_PROXY right?", "unreachable")
        case httpx2.ConnectError():
            return _unconnected(set(map(type, _causes(error))))
        case httpx2.DecodingError():
            return Failure("sent a reply whose compression is broken")
        case _ if begun:
            return Failure("broke off in the middle of its reply")
        case _:
            return Failure("hung up without an answer", kind="unreachable")


def _unconnected(causes: set[type[BaseException]]) -> Failure:
    if ssl.SSLCertVerificationError in causes:
        what = "its certificate can't be trusted"
        return Failure(what, "is the address right, and SSL_CERT_FILE?", "unreachable", transient=False)
    if ssl.SSLError in causes:
        return Failure("it does not speak TLS", "is it http in place of https?", "unreachable", transient=False)
    if socket.gaierror in causes:
        return Failure("no host of this name was found", "is the address right?", "unreachable")
    return Failure("the connection failed", "does a server listen there, and is the address right?", "unreachable")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, what caused it, and what these hold in groups."""
    for _ in range(20):
        if error is None:
            return
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__
