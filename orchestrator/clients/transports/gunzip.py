"""What was compressed, unpacked bit by bit: a little of it may be a lot."""

import zlib

MOST = 1024 * 1024  # bytes that are unpacked at once


class Gunzip:
    """Unpacks a body in the form of gzip."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._packed = b""

    def give(self, packed: bytes) -> None:
        """Add what has come of the body."""
        self._packed += packed

    def take(self) -> bytes:
        """What can be unpacked now, or the beginning of it; ``b""`` before more is given.

        Raises:
            zlib.error: the compression is broken, or something follows it.
        """
        plain = self._decoder.decompress(self._packed, MOST)
        self._packed = self._decoder.unconsumed_tail
        if self._decoder.unused_data:
            raise zlib.error("something follows the end")
        return plain
