"""Packets to rows of tables.

Every packet is an Avro file of its own with its schema, 23 kB of JSON, in front, parsed once per
schema, not per packet; or a message that names its schema. Of a file with one record only the part
up to the last field needed is decoded, so that histories and cutouts cost nothing.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import fastavro
import pyarrow as pa
from fastavro.schema import SchemaParseException, UnknownType

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.codecs import MAX_PACKET_BYTES
from fink_tracklets.ingest.columns import Wanted, paths, schema_name, table_schema
from fink_tracklets.ingest.containers import (
    AVRO,
    DamagedPacket,
    Packet,
    decompressed,
    json_schema,
    raw_blocks,
    read_header,
)
from fink_tracklets.ingest.messages import (
    FRAME_BYTES,
    is_framed,
    message_schema,
    message_version,
)

GZIP = b"\x1f\x8b"
Parted = tuple[list[pa.Table], list[tuple[str, str]]]
"""The alerts of packets, a table for each schema, and name and reason of the damaged packets."""


def packet_schema(packet: Packet, wanted: Wanted) -> Mapping[str, Any]:
    """The Avro schema that a packet brings along or names."""
    data = unzipped(packet.data)
    if is_framed(data):
        return dict(message_schema(data, wanted.schemas))
    return json_schema(open_container(data)[0].schema)


def decode(packets: Sequence[Packet], wanted: Wanted, target: pa.Schema) -> Parted:
    """The alerts of packets in their order, and the damaged packets.

    Parameters
    ----------
    target : the schema of the table that they go into; where packets are kept whole each has its
        own instead

    Raises
    ------
    UserError : a packet that is whole and does not fit the survey or the table
    """
    tables: dict[pa.Schema, list[pa.Table]] = {}
    damaged = []
    for packet in packets:
        try:
            records, schema = read_records(packet.data, wanted, target)
            table = pa.Table.from_pylist(records, schema)
        except DamagedPacket as error:
            damaged.append((packet.name, str(error)))
        except UserError as error:
            raise UserError(f"{packet.name}: {error}") from error
        except (pa.ArrowException, OverflowError, TypeError) as error:
            damaged.append((packet.name, f"a value does not fit ({error})"))
        else:
            tables.setdefault(schema, []).append(table)
    return [pa.concat_tables(some).combine_chunks() for some in tables.values()], damaged


def unzipped(data: bytes | None) -> bytes:
    """A packet's bytes, unzipped where they are gzipped."""
    if data is not None and data.startswith(GZIP):
        try:
            with gzip.open(io.BytesIO(data)) as file:
                data = file.read(MAX_PACKET_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DamagedPacket(f"its gzip is truncated or damaged ({error})") from error
        data = data if len(data) <= MAX_PACKET_BYTES else None
    if data is None:
        raise DamagedPacket(f"larger than {MAX_PACKET_BYTES >> 20} MB")
    return data


def open_container(data: bytes) -> Any:
    """The head of a container, and the stream after it."""
    if not data.startswith(AVRO):
        raise DamagedPacket("not an Avro file" if data else "empty")
    stream = io.BytesIO(data)
    return read_header(stream), stream


class _Plan(NamedTuple):
    """How records of a schema are read."""

    writer: Any
    reader: Any
    """None: the writer's."""
    schema: pa.Schema
    """Of their table."""


def read_records(
    packet: bytes | None, wanted: Wanted, target: pa.Schema
) -> tuple[list[dict[str, Any]], pa.Schema]:
    """The records of a packet, one as a rule, with at least the wanted fields; their schema.

    Raises
    ------
    DamagedPacket : it cannot be read
    UserError : it is whole and does not fit the survey or the table
    """
    data = unzipped(packet)
    if is_framed(data):
        return _read_message(data, wanted, target)
    container, stream = open_container(data)
    records: list[dict[str, Any]] = []
    schema = target
    try:
        for count, block in raw_blocks(stream, container):
            plan = _plan(container.schema, wanted, target, count == 1)
            schema = plan.schema
            inside = io.BytesIO(decompressed(block, container))
            records += [_record(inside, plan) for _ in range(count)]
    except (DamagedPacket, UserError):
        raise
    except Exception as error:  # whatever damaged bytes make of a decoder
        raise DamagedPacket(f"damaged ({type(error).__name__})") from error
    if not records:
        raise DamagedPacket("no alert in it")
    return records, schema


def _read_message(
    data: bytes, wanted: Wanted, target: pa.Schema
) -> tuple[list[dict[str, Any]], pa.Schema]:
    plan = _message_plan(data[:FRAME_BYTES], wanted, target)
    stream = io.BytesIO(data)
    stream.seek(FRAME_BYTES)
    what = f"a message of the schema version {message_version(data)}"
    try:
        record = _record(stream, plan)
    except Exception as error:  # whatever damaged bytes make of a decoder
        raise DamagedPacket(f"{what}, cut short or damaged ({type(error).__name__})") from error
    if stream.tell() < len(data):
        raise DamagedPacket(f"{what}, with {len(data) - stream.tell()} bytes too many")
    return [record], plan.schema


def _record(stream: io.BytesIO, plan: _Plan) -> dict[str, Any]:
    record: Any = fastavro.schemaless_reader(stream, plan.writer, plan.reader)
    return dict(record)


@lru_cache(maxsize=64)
def _plan(schema: bytes, wanted: Wanted, target: pa.Schema, single: bool) -> _Plan:
    """For a container; `single` records need no decoding past the last field."""
    try:
        avro = json.loads(schema)
        own = table_schema(avro, wanted)
        full: Any = fastavro.parse_schema(dict(avro))
    except (ValueError, TypeError, KeyError, SchemaParseException, UnknownType) as error:
        raise DamagedPacket("its schema is damaged") from error
    if wanted.whole:
        return _Plan(full, None, own)
    _check_columns(avro, own, target)
    names = set(own.names)
    last = max(k for k, field in enumerate(avro["fields"]) if field["name"] in names)
    try:
        if single and not wanted.cutouts:
            part = {**avro, "fields": avro["fields"][: last + 1]}
            return _Plan(fastavro.parse_schema(part), None, target)
        some = [field for field in avro["fields"] if field["name"] in names]
        return _Plan(full, fastavro.parse_schema({**avro, "fields": some}), target)
    except (SchemaParseException, UnknownType):  # a type is defined in a field left out
        return _Plan(full, None, target)


@lru_cache(maxsize=64)
def _message_plan(frame: bytes, wanted: Wanted, target: pa.Schema) -> _Plan:
    """For messages that begin with this frame."""
    avro = message_schema(frame, wanted.schemas)
    own = table_schema(avro, wanted)
    if wanted.whole:
        return _Plan(avro, None, own)
    _check_columns(avro, own, target)
    return _Plan(avro, None, target)


def _check_columns(avro: Mapping[str, Any], own: pa.Schema, target: pa.Schema) -> None:
    """Nothing is dropped in silence: a column that the table lacks is an error."""
    if new := sorted(paths(own) - paths(target)):
        raise UserError(
            f"Packets of the schema {schema_name(avro)} have the column {new[0]}, which the first "
            "packet lacks: name it with its type under [added] in the survey's file."
        )
