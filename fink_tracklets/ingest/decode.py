"""Avro packets to rows of the survey's table: only the fields that are needed.

Every packet is an Avro file of its own with its schema, 23 kB of JSON, in front: parsed once per
schema, not per packet. Of a file with one record only the part up to the last field needed is
decoded, so that histories and cutouts cost nothing.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import fastavro
import pyarrow as pa
from fastavro.schema import SchemaParseException, UnknownType, expand_schema

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.source import AVRO, MAX_PACKET_BYTES, Packet
from fink_tracklets.survey import Columns, StandIn, Survey

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
ARROW = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "enum": pa.string(),
    "bytes": pa.binary(),
    "fixed": pa.binary(),
}
CUTOUT = "cutout"
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class DamagedPacket(Exception):
    """Why a packet cannot be read."""


@dataclass(frozen=True)
class Wanted:
    """The fields that are to be kept."""

    names: frozenset[str]
    """Packet columns by their dotted names; those that no schema has are no columns."""
    added: tuple[tuple[str, str], ...]
    """Dotted names and Avro types of columns that older schema versions lack."""
    cutouts: bool

    @staticmethod
    def of(survey: Survey, cutouts: bool) -> Wanted:
        """All names in the survey's SQL, its columns among them."""
        sql = [getattr(survey.columns, name) for name in Columns.__dataclass_fields__]
        sql += [*(cut.predicate for cut in survey.cuts), *survey.carry.columns]
        names = frozenset(
            name for text in sql for name in NAME.findall(re.sub(r"'[^']*'", "", text))
        )
        added = sorted((name, StandIn.of(text).type) for name, text in survey.added.items())
        return Wanted(names, tuple(added), cutouts)


def table_schema(avro: Mapping[str, Any], wanted: Wanted) -> pa.Schema:
    """The wanted columns of packets with an Avro schema, and the added ones, as in the packets.

    Raises
    ------
    UserError : none of the wanted columns is there
    """
    own = _struct(_expanded(avro), wanted, "")
    if own is None:
        raise UserError(
            "The packets have none of the columns that the survey needs; is --survey right?"
        )
    fields = {field.name: field for field in own}
    for name, kind in wanted.added:
        top, _, leaf = name.partition(".")
        if not leaf:
            fields.setdefault(top, pa.field(top, ARROW[kind]))
        elif top in fields and leaf not in {f.name for f in fields[top].type}:
            fields[top] = pa.field(top, pa.struct([*fields[top].type, pa.field(leaf, ARROW[kind])]))
    return pa.schema(list(fields.values()))


def _expanded(avro: Mapping[str, Any]) -> Any:
    expanded: Any = expand_schema(dict(avro))
    if not isinstance(expanded, dict) or expanded.get("type") != "record":
        raise DamagedPacket("its records are no alerts")
    return expanded


def _struct(record: Mapping[str, Any], wanted: Wanted, path: str) -> pa.StructType | None:
    """Of a record the wanted fields; None without any."""
    fields = []
    for field in record["fields"]:
        name, kind = path + field["name"], _not_null(field["type"])
        inner = isinstance(kind, dict) and kind.get("type") == "record"
        if name in wanted.names or (wanted.cutouts and not path and name.startswith(CUTOUT)):
            fields.append(pa.field(field["name"], _arrow(kind)))
        elif inner and (some := _struct(kind, wanted, f"{name}.")) is not None:
            fields.append(pa.field(field["name"], some))
    return pa.struct(fields) if fields else None


def _not_null(kind: Any) -> Any:
    """Of a union with null the other type."""
    if isinstance(kind, list):
        others = [one for one in kind if one != "null"]
        return others[0] if len(others) == 1 else "unknown"
    return kind


def _arrow(kind: Any) -> pa.DataType:
    kind = _not_null(kind)
    name = kind["type"] if isinstance(kind, dict) else kind
    if name == "record":
        return pa.struct([pa.field(f["name"], _arrow(f["type"])) for f in kind["fields"]])
    if name == "array":
        return pa.list_(_arrow(kind["items"]))
    if name not in ARROW:
        raise UserError(f"The packets have a field of the Avro type {name}, which is not read.")
    return ARROW[name]


def read_header(data: bytes | None) -> tuple[bytes, str, bytes, io.BytesIO]:
    """Of a packet's file: its schema, its codec, its sync marker, and the stream after them."""
    if data is None:
        raise DamagedPacket(f"larger than {MAX_PACKET_BYTES >> 20} MB")
    if not data.startswith(AVRO):
        raise DamagedPacket("not an Avro file" if data else "empty")
    stream = io.BytesIO(data)
    try:
        header: Any = fastavro.schemaless_reader(stream, HEADER, None)
        schema = header["meta"]["avro.schema"]
    except (EOFError, ValueError, KeyError, IndexError, MemoryError, OverflowError) as error:
        raise DamagedPacket("its header is damaged") from error
    return schema, header["meta"].get("avro.codec", b"null").decode(), header["sync"], stream


def packet_schema(packet: Packet) -> Mapping[str, Any]:
    """The Avro schema that a packet brings along."""
    try:
        return dict(json.loads(read_header(packet.data)[0]))
    except (ValueError, TypeError) as error:
        raise DamagedPacket("its schema is damaged") from error


@lru_cache(maxsize=64)
def _reader(schema: bytes, wanted: Wanted, target: pa.Schema, single: bool) -> tuple[Any, Any]:
    """Writer's and reader's schema: `single` records need no decoding past the last field."""
    try:
        avro = json.loads(schema)
        own = table_schema(avro, wanted)
        full: Any = fastavro.parse_schema(dict(avro))
    except (ValueError, TypeError, KeyError, SchemaParseException, UnknownType) as error:
        raise DamagedPacket("its schema is damaged") from error
    if new := sorted(_paths(own) - _paths(target)):
        raise UserError(
            f"Packets of schema version {avro.get('version', '?')} have the column {new[0]}, which "
            "the first packet lacks: name it with its type under [added] in the survey's file."
        )
    names = set(own.names)
    last = max(k for k, field in enumerate(avro["fields"]) if field["name"] in names)
    try:
        if single and not wanted.cutouts:
            return fastavro.parse_schema({**avro, "fields": avro["fields"][: last + 1]}), None
        some = [field for field in avro["fields"] if field["name"] in names]
        return full, fastavro.parse_schema({**avro, "fields": some})
    except (SchemaParseException, UnknownType):  # a type is defined in a field left out
        return full, None


def _paths(schema: pa.Schema | pa.StructType, path: str = "") -> set[str]:
    found = set()
    for field in schema:
        found.add(path + field.name)
        if pa.types.is_struct(field.type):
            found |= _paths(field.type, f"{path}{field.name}.")
    return found


def read_records(data: bytes | None, wanted: Wanted, target: pa.Schema) -> list[dict[str, Any]]:
    """The records of a packet's file, one as a rule, with at least the wanted fields."""
    schema, codec, sync, stream = read_header(data)
    records: list[dict[str, Any]] = []
    assert data is not None
    try:
        while stream.tell() < len(data):
            count: Any = fastavro.schemaless_reader(stream, "long", None)
            size: Any = fastavro.schemaless_reader(stream, "long", None)
            block = stream.read(max(size, 0))
            if len(block) < size or stream.read(16) != sync:
                raise DamagedPacket("truncated or damaged")
            if codec == "deflate":
                block = zlib.decompress(block, -15)
            elif codec != "null":
                raise DamagedPacket(f"compressed with {codec}, which is not read")
            writer, reader = _reader(schema, wanted, target, count == 1)
            inside = io.BytesIO(block)
            records += [fastavro.schemaless_reader(inside, writer, reader) for _ in range(count)]  # type: ignore[misc]
    except (DamagedPacket, UserError):
        raise
    except Exception as error:  # whatever damaged bytes make of a decoder
        raise DamagedPacket(f"damaged ({type(error).__name__})") from error
    if not records:
        raise DamagedPacket("no alert in it")
    return records


def decode(
    packets: Sequence[Packet], wanted: Wanted, target: pa.Schema
) -> tuple[pa.Table, list[tuple[str, str]]]:
    """The alerts of packets, in their order, and name and reason of the damaged ones."""
    rows: list[dict[str, Any]] = []
    damaged = []
    for packet in packets:
        try:
            records = read_records(packet.data, wanted, target)
            pa.Table.from_pylist(records, target)
        except DamagedPacket as error:
            damaged.append((packet.name, str(error)))
        except (pa.ArrowException, OverflowError, TypeError) as error:
            damaged.append((packet.name, f"a value does not fit ({error})"))
        else:
            rows += records
    return pa.Table.from_pylist(rows, target), damaged
