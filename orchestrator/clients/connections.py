"""How connections come about, and what goes wrong with them, told in plain words."""

import socket
import ssl
from collections.abc import Iterator

from orchestrator.clients.failures import Failure

BROKEN_COMPRESSION = "sent a reply whose compression is broken"


def unconnected(error: BaseException) -> Failure:
    """Why no connection has come about: ``error`` is what a socket raised, or what wraps that."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        what = "its certificate can't be trusted"
        return Failure(what, "is the address right, and SSL_CERT_FILE?", "unreachable", transient=False)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Failure("it does not speak TLS", "is it http in place of https?", "unreachable", transient=False)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Failure("no host of this name was found", "is the address right?", "unreachable")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Failure("the connection did not come about in time", "is the address right?", "timeout")
    return Failure("the connection failed", "does a server listen there, and is the address right?", "unreachable")


def broke(*, begun: bool) -> Failure:
    """A connection that broke. ``begun``: the reply had begun."""
    if begun:
        return Failure("broke off in the middle of its reply")
    return Failure("hung up without an answer", kind="unreachable")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, what caused it, and what these hold in groups."""
    for _ in range(20):
        if error is None:
            return
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__
