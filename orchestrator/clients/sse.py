"""Server-sent events: their data, from bytes that may be cut anywhere.

The rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html, with two liberties. The last
event counts though no blank line follows it. An error that comes as a field or an event of that name, as llama.cpp's
server sends it, is given as the object ``{"error": …}``.
"""


class EventStream:
    """Takes pieces of a stream and gives the data of each event that is complete."""

    def __init__(self) -> None:
        self._line: list[bytes] = []  # the pieces of a line that is not over yet
        self._data: list[bytes] = []
        self._error = False
        self._after_cr = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that this piece completes."""
        *lines, rest = self._newlines(piece).split(b"\n")
        if lines and self._line:
            lines[0] = b"".join([*self._line, lines[0]])
            self._line.clear()
        if rest:
            self._line.append(rest)
        return [data for line in lines if (data := self._take(line)) is not None]

    def end(self) -> list[bytes]:
        """The data of an event that the end of the stream completes."""
        return self.feed(b"\n\n")

    def _newlines(self, piece: bytes) -> bytes:
        """The piece with ``\\n`` for each end of a line. A ``\\r`` may have its ``\\n`` in the next piece."""
        if self._after_cr and piece:
            self._after_cr = False
            piece = piece.removeprefix(b"\n")
        if b"\r" not in piece:
            return piece
        self._after_cr = piece.endswith(b"\r")
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _take(self, line: bytes) -> bytes | None:
        """Take a line; gives the data of the event that it ends, if it ends one that has some."""
        if line.startswith(b"data: "):  # nearly every line that is not empty
            self._data.append(line[6:])
            return None
        if line:
            name, _, value = line.partition(b":")
            self._field(name, value.removeprefix(b" "))
            return None
        data, error = self._data, self._error
        self._data, self._error = [], False
        if not data:
            return None
        whole = data[0] if len(data) == 1 else b"\n".join(data)
        return b'{"error":' + whole + b"}" if error else whole

    def _field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._data.append(value)
        elif name == b"error":
            self._data.append(value)
            self._error = True
        elif name == b"event":
            self._error = value == b"error"
