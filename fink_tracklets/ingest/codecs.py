"""How blocks of an Avro container are compressed: the codecs of Avro's specification.

Python's and pyarrow's own decoders read them all. None makes more of a block than a packet may
have, so that a few bytes that claim to be gigabytes end as a damaged packet.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable

import pyarrow as pa

MAX_PACKET_BYTES = 64 << 20
"""What is larger is no alert packet: it is counted as damaged, unread."""


def _deflate(block: bytes) -> bytes:
    stream = zlib.decompressobj(-15)
    return _whole(stream.decompress(block, MAX_PACKET_BYTES + 1), stream.eof)


def _bzip2(block: bytes) -> bytes:
    stream = bz2.BZ2Decompressor()
    return _whole(stream.decompress(block, MAX_PACKET_BYTES + 1), stream.eof)


def _xz(block: bytes) -> bytes:
    stream = lzma.LZMADecompressor(memlimit=2 * MAX_PACKET_BYTES)
    return _whole(stream.decompress(block, MAX_PACKET_BYTES + 1), stream.eof)


def _zstandard(block: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(block), "zstd") as stream:
        return stream.read(MAX_PACKET_BYTES + 1)


def _snappy(block: bytes) -> bytes:
    """Snappy's bare form, which begins with its length, and then Avro's CRC-32 of the content."""
    last = next(k for k in range(5) if block[k] < 0x80)
    size = sum((byte & 0x7F) << 7 * k for k, byte in enumerate(block[: last + 1]))
    if size > MAX_PACKET_BYTES:
        return bytes(MAX_PACKET_BYTES + 1)
    content = pa.decompress(block[:-4], size, "snappy", asbytes=True)
    if zlib.crc32(content) != int.from_bytes(block[-4:], "big"):
        raise ValueError("the checksum is another one")
    return content


def _whole(content: bytes, at_end: bool) -> bytes:
    if not at_end and len(content) <= MAX_PACKET_BYTES:
        raise EOFError("the block is cut short")
    return content


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "null": bytes,
    "deflate": _deflate,
    "snappy": _snappy,
    "zstandard": _zstandard,
    "bzip2": _bzip2,
    "xz": _xz,
}
"""By the name in a container's head."""
