"""Where an endpoint is and which key it takes, read from the environment when a client is made.

``OPENAI_API_KEY`` goes to OpenAI's own URL or to ``OPENAI_BASE_URL``, never to a URL that stands in a YAML file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from orchestrator.clients.failures import no_address, public
from orchestrator.errors import ModelError
from orchestrator.model import Endpoint, FromEnv, Model

if TYPE_CHECKING:
    import httpx2

OPENAI_URL = "https://api.openai.com/v1"
SHORTEST_SECRET = 6  # what is shorter stands for no key, and hiding it would garble what is said


@dataclass(frozen=True)
class Address:
    """A resolved endpoint. What could be secret is left out of every representation.

    Args:
        api_key: None for a server that takes none.
        headers: further headers, which win over our own.
        azure: the deployment and the version of the API, where Azure is asked.
        secrets: what came from the environment and must never be shown.
    """

    base_url: str = field(repr=False)
    api_key: str | None = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    azure: tuple[str, str] | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"

    @cached_property
    def shown(self) -> str:
        """The URL as messages show it: without name, password and query."""
        return public(self.base_url)

    @property
    def asked(self) -> str:
        """Where requests go, as logs show it."""
        shown = self.shown.rstrip("/")
        return f"{shown.removesuffix('/openai') if self.azure else shown}{self._tail}"

    @cached_property
    def url(self) -> "httpx2.URL":
        """Where requests go.

        Raises:
            Failure: the base_url is no URL.
        """
        import httpx2  # noqa: PLC0415 - it takes 25 ms, and neither scripts nor plain addresses need it

        try:
            url = httpx2.URL(self.base_url)
            if not _has_host(url):
                raise httpx2.InvalidURL("no host that could be asked")
        except httpx2.InvalidURL:
            raise no_address() from None
        path = url.path.rstrip("/")
        if self.azure is None:
            return url.copy_with(path=f"{path}{self._tail}")
        return url.copy_with(path=f"{path.removesuffix('/openai')}{self._tail}", params={"api-version": self.azure[1]})

    @property
    def _tail(self) -> str:
        return f"/openai/deployments/{self.azure[0]}/chat/completions" if self.azure else "/chat/completions"

    @cached_property
    def authorization(self) -> dict[str, str]:
        """The header that carries the key."""
        if self.api_key is None:
            return {}
        return {"api-key": self.api_key} if self.azure else {"Authorization": f"Bearer {self.api_key}"}

    def hide(self, text: str) -> str:
        """The text without the secrets, should an endpoint say them back."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "…") if len(secret) >= SHORTEST_SECRET else text
        return text


def address_of(model: Model, environ: Mapping[str, str]) -> Address:
    """Resolve where a model is asked.

    Raises:
        ModelError: an environment variable is not set or of no use, or a URL has no key.
    """
    endpoint = model.endpoint
    url, key = _url(endpoint, environ), _key(endpoint, environ)
    headers = {name: _header(name, value, environ) for name, value in model.headers.items()}
    hidden = [headers[name] for name, value in model.headers.items() if isinstance(value, FromEnv)]
    azure = (endpoint.deployment or model.model, endpoint.api_version or "") if model.provider == "azure" else None
    secrets = frozenset(secret for secret in (key, *hidden) if secret)
    return Address(url, key, tuple(headers.items()), azure, secrets)


def missing_key(models: Iterable[Model], environ: Mapping[str, str]) -> str | None:
    """The environment variable of the first key that one of these models needs and that is not set."""
    for model in models:
        name = _key_name(model.endpoint) if model.provider in {"openai", "azure"} else None
        if name and not environ.get(name):
            return name
    return None


def _has_host(url: "httpx2.URL") -> bool:
    """Whether there is a host with a port: what httpx lets pass, and sockets do not."""
    try:
        return bool(url.host.encode("idna")) and (url.port or 0) < 65_536
    except UnicodeError:
        return False


def _url(endpoint: Endpoint, environ: Mapping[str, str]) -> str:
    match endpoint.base_url:
        case None:
            return environ.get("OPENAI_BASE_URL") or OPENAI_URL
        case FromEnv() as value:
            return _from_env(value, "base_url", environ)
        case str() as url:
            return url


def _key_name(endpoint: Endpoint) -> str | None:
    match endpoint.api_key:
        case FromEnv(name):
            return name
        case None if endpoint.base_url is None:
            return "OPENAI_API_KEY"
        case _:
            return None


def _key(endpoint: Endpoint, environ: Mapping[str, str]) -> str | None:
    if endpoint.api_key == "":
        return None
    name = _key_name(endpoint)
    if name is None:
        where = Address(_url(endpoint, environ), None).shown
        message = f"no key for {where}: add api_key: {{env: NAME}} to the model, or api_key: none"
        raise ModelError(message, kind="unauthorized")
    return _fit(_from_env(FromEnv(name), "key", environ), f"the environment variable {name}")


def _header(name: str, value: str | FromEnv, environ: Mapping[str, str]) -> str:
    if isinstance(value, FromEnv):
        return _fit(_from_env(value, f"header {name}", environ), f"the environment variable {value.env}")
    return _fit(value, f"the header {name}")


def _from_env(value: FromEnv, what: str, environ: Mapping[str, str]) -> str:
    found = environ.get(value.env) or value.default
    if not found:
        message = f"the environment variable {value.env} is not set: a model takes its {what} from it"
        raise ModelError(message, kind="unauthorized")
    return found


def _fit(value: str, holder: str) -> str:
    """The value of a header. The error must not show it."""
    value = value.strip()
    if not value.isascii() or not value.isprintable():
        message = f"{holder} holds a character that no header can carry: a line break, or one that is not ASCII"
        raise ModelError(message, kind="unauthorized")
    return value
