"""Where an endpoint is and which key it takes, read from the environment when a client is made.

``OPENAI_API_KEY`` goes to OpenAI's own URL or to ``OPENAI_BASE_URL``, never to a URL that stands in a YAML file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.errors import ModelError
from orchestrator.model import Endpoint, FromEnv, Model

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Address:
    """A resolved endpoint. ``api_key`` is None for a server that takes none; it is left out of every representation."""

    base_url: str
    api_key: str | None

    def __repr__(self) -> str:
        return f"Address({self.base_url!r})"


def address_of(endpoint: Endpoint, environ: Mapping[str, str]) -> Address:
    """Resolve an endpoint.

    Raises:
        ModelError: an environment variable is not set, or a URL has no key.
    """
    return Address(_url(endpoint, environ), _key(endpoint, environ))


def missing_key(models: Iterable[Model], environ: Mapping[str, str]) -> str | None:
    """The environment variable of the first key that one of these models needs and that is not set."""
    for model in models:
        name = _key_name(model.endpoint)
        if name and not environ.get(name):
            return name
    return None


def _url(endpoint: Endpoint, environ: Mapping[str, str]) -> str:
    match endpoint.base_url:
        case None:
            return environ.get("OPENAI_BASE_URL") or OPENAI_URL
        case FromEnv(name, default):
            url = environ.get(name) or default
            if not url:
                raise ModelError(f"the environment variable {name} is not set: a model takes its base_url from it")
            return url
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
        where = _url(endpoint, environ)
        raise ModelError(f"no key for {where}: add api_key: {{env: NAME}} to the model, or api_key: none")
    key = environ.get(name)
    if not key:
        raise ModelError(f"the environment variable {name} is not set: a model takes its key from it")
    return key
