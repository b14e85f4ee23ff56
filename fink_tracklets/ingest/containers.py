"""Avro containers, files with a schema and blocks of records, and what is no whole one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import fastavro

from fink_tracklets.ingest.codecs import CODECS, MAX_PACKET_BYTES

AVRO = b"Obj\x01"
HEADER = fastavro.parse_schema(
    {
        "type": "record",
        "name": "header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
        ],
    }
)


class DamagedPacket(Exception):
    """Why a packet cannot be read."""


class Packet(NamedTuple):
    """A packet as it lies in the archive."""

    name: str
    data: bytes | None
    """None: it is too large to be a packet."""


class Container(NamedTuple):
    """What stands at the head of a container."""

    meta: dict[str, bytes]
    sync: bytes
    """Ends every block."""

    @property
    def schema(self) -> bytes:
        """The Avro schema of the records, JSON."""
        return self.meta["avro.schema"]


def read_header(stream: IO[bytes]) -> Container:
    """The head of a container; the stream is after it."""
    try:
        header: Any = fastavro.schemaless_reader(stream, HEADER, None)
        header["meta"]["avro.schema"]
    except (EOFError, ValueError, KeyError, IndexError, MemoryError, OverflowError) as error:
        raise DamagedPacket("its header is damaged") from error
    return Container(header["meta"], header["sync"])


def raw_blocks(stream: IO[bytes], container: Container) -> Iterator[tuple[int, bytes]]:
    """The blocks after the head: the number of records, and their bytes as they are stored."""
    while True:
        try:
            count: Any = fastavro.schemaless_reader(stream, "long", None)
        except EOFError:
            return
        try:
            size: Any = fastavro.schemaless_reader(stream, "long", None)
        except EOFError as error:
            raise DamagedPacket("truncated or damaged") from error
        if size > MAX_PACKET_BYTES:
            raise DamagedPacket(f"a block of it is larger than {MAX_PACKET_BYTES >> 20} MB")
        block = stream.read(max(size, 0))
        if len(block) < size or stream.read(16) != container.sync:
            raise DamagedPacket("truncated or damaged")
        yield count, block


def decompressed(block: bytes, container: Container) -> bytes:
    """The records of a block in Avro's encoding."""
    codec = container.meta.get("avro.codec", b"null").decode(errors="replace")
    if codec not in CODECS:
        known = ", ".join(CODECS)
        raise DamagedPacket(f"compressed with {codec!r}: write it with one of {known}")
    content = CODECS[codec](block)
    if len(content) > MAX_PACKET_BYTES:
        raise DamagedPacket(f"a block of it is larger than {MAX_PACKET_BYTES >> 20} MB")
    return content


def split(name: str, stream: IO[bytes]) -> Iterator[Packet]:
    """A large container as packets of one block each, every one with the head of all.

    What cannot be taken apart is a packet that is too large, and so is the rest after a break.
    """
    try:
        container = read_header(stream)
        for number, (count, block) in enumerate(raw_blocks(stream, container)):
            part = io.BytesIO()
            header = {"magic": AVRO, "meta": container.meta, "sync": container.sync}
            fastavro.schemaless_writer(part, HEADER, header)
            for length in (count, len(block)):
                fastavro.schemaless_writer(part, "long", length)
            yield Packet(f"{name}#{number}", part.getvalue() + block + container.sync)
    except DamagedPacket:
        yield Packet(name, None)


def json_schema(schema: bytes) -> dict[str, Any]:
    """The schema of a container."""
    try:
        return dict(json.loads(schema))
    except (ValueError, TypeError) as error:
        raise DamagedPacket("its schema is damaged") from error
