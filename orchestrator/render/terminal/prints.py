"""What tools print, from whatever thread, kept until it can be shown without running into what is drawn."""

import io
import threading
from typing import TextIO

from orchestrator.render.terminal.markdown import clean


class Prints(io.TextIOBase):
    """Stands in for a stream of the process. While it is ``open``, what is written goes straight to that stream."""

    def __init__(self, stream: TextIO) -> None:
        self.open = False
        self._stream = stream
        self._lock = threading.Lock()
        self._text = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has it writable
        """That of the stream."""
        return self._stream.encoding

    def fileno(self) -> int:
        """The number of the stream's file."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Keep a text, or hand it on."""
        if self.open:
            return self._stream.write(text)
        with self._lock:
            self._text += text
        return len(text)

    def flush(self) -> None:
        """Hand on what the stream itself keeps."""
        self._stream.flush()

    def take(self, *, over: bool = False) -> list[str]:
        """Give the lines that were printed since the last call; what is not finished stays, unless it is ``over``."""
        with self._lock:
            *lines, self._text = self._text.split("\n")
            if over and self._text:
                lines.append(self._text)
                self._text = ""
        # of a line that was overwritten, as a progress bar is, the last state counts
        return [clean(line.rstrip("\r").rpartition("\r")[2]) for line in lines]
