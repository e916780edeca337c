"""Whether a stream takes colours: a terminal that can, and a person who has not said no (https://no-color.org)."""

import os
from typing import TextIO


def colored(stream: TextIO) -> bool:
    """Whether to write colours to this stream."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
