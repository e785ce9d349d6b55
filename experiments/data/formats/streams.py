"""Reading of promised numbers of bytes: memory grows with what is really there, never with what a header promises."""

from typing import Protocol

PIECE = 1 << 20
LARGEST_MEMBER = 1 << 30
"""Bytes that one member of an archive may have: above the largest official one, a third of this."""


class Stream(Protocol):
    """What can be read from front to back."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


def read_exactly(stream: Stream, size: int) -> bytearray:
    """Read so many bytes, a piece at a time.

    Raises
    ------
    EOFError
        If the stream ends before.
    """
    content = bytearray()
    while len(content) < size:
        piece = stream.read(min(PIECE, size - len(content)))
        if not piece:
            raise EOFError(f"{size} bytes are promised, but {len(content)} follow")
        content += piece
    return content


def require_end(stream: Stream) -> None:
    """Raise unless the stream ends here; a decompressor verifies its own checksum as it finds the end.

    Raises
    ------
    EOFError
        If bytes follow.
    """
    if stream.read(1):
        raise EOFError("more bytes follow than are promised")


def read_all(stream: Stream, limit: int = LARGEST_MEMBER) -> bytearray:
    """Read to the end, a piece at a time.

    Raises
    ------
    EOFError
        If there are more bytes than the limit.
    """
    content = bytearray()
    while piece := stream.read(PIECE):
        content += piece
        if len(content) > limit:
            raise EOFError(f"it holds more than {limit} bytes")
    return content
