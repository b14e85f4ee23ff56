"""What is sent on of an alert: its record in Avro's encoding, its schema, and `tracklet` after."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from typing import Any

import fastavro
import pyarrow as pa

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.containers import decompressed, raw_blocks
from fink_tracklets.ingest.decode import open_container, unzipped
from fink_tracklets.ingest.messages import FRAME_BYTES, is_framed, message_schema

FIELD = "tracklet"
PRIMITIVE = {
    pa.null(): "null",
    pa.bool_(): "boolean",
    pa.int8(): "int",
    pa.int16(): "int",
    pa.int32(): "int",
    pa.int64(): "long",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.string(): "string",
    pa.binary(): "bytes",
    pa.date32(): {"type": "int", "logicalType": "date"},
}


def message_packet(value: bytes, schemas: str) -> tuple[bytes, str]:
    """The record of a message and its schema, JSON; of one that can be read.

    A field `tracklet` that it brings along is left out: ours takes its place.
    """
    data = unzipped(value)
    if is_framed(data):
        schema = message_schema(data, schemas)
        return _without_tracklet(data[FRAME_BYTES:], json.dumps(_plain(schema)))
    container, stream = open_container(data)
    ((_, block),) = raw_blocks(stream, container)
    return _without_tracklet(decompressed(block, container), container.schema.decode())


def row_packets(rows: pa.StructArray) -> list[tuple[bytes, str]]:
    """Rows of a lake as records, with their schema, JSON: every field may be null.

    Raises
    ------
    UserError : a column has a name or type that Avro does not have
    """
    kept = [field for field in rows.type if field.name != FIELD]
    avro = json.dumps(_record(kept, "alert"))
    parsed: Any = fastavro.parse_schema(json.loads(avro))
    return [(_encoded(row, parsed), avro) for row in rows.to_pylist(maps_as_pydicts="strict")]


def with_tracklet(body: bytes, tracklet: str | None) -> bytes:
    """A record with the field `tracklet` (null or string) after its last.

    In Avro's encoding (specification, "Binary encoding") a record is its fields one after the
    other: nothing before has to be encoded again.
    """
    if tracklet is None:
        return body + b"\x00"
    text = tracklet.encode()
    return body + b"\x02" + _zigzag(len(text)) + text


def with_tracklet_field(avro: str) -> str:
    """A schema, JSON, with the field `tracklet` after its last."""
    schema = json.loads(avro)
    field = {"name": FIELD, "type": ["null", "string"], "default": None}
    schema["fields"] = [*schema["fields"], field]
    return json.dumps(schema)


def _without_tracklet(body: bytes, avro: str) -> tuple[bytes, str]:
    schema, rest = _schemas(avro)
    if rest is None:
        return body, avro
    record: Any = fastavro.schemaless_reader(io.BytesIO(body), schema, None)
    return _encoded(record, fastavro.parse_schema(json.loads(rest))), rest


@lru_cache(maxsize=64)
def _schemas(avro: str) -> tuple[Any, str | None]:
    """A schema, parsed; the one without the field `tracklet`, None where it has none."""
    schema = json.loads(avro)
    fields = [field for field in schema["fields"] if field["name"] != FIELD]
    if len(fields) == len(schema["fields"]):
        return None, None
    return fastavro.parse_schema(schema), json.dumps({**json.loads(avro), "fields": fields})


def _encoded(record: Any, parsed: Any) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, parsed, record)
    return body.getvalue()


def _plain(schema: Any) -> Any:
    """A schema without what fastavro noted in it."""
    if isinstance(schema, dict):
        noted = ("__fastavro_parsed__", "__named_schemas")
        return {key: _plain(value) for key, value in schema.items() if key not in noted}
    return [_plain(one) for one in schema] if isinstance(schema, list) else schema


def _record(fields: list[pa.Field], path: str) -> dict[str, Any]:
    """A record of these fields; its dotted path is its name, which no other has."""
    typed = []
    for field in fields:
        where = f"{path}.{field.name}"
        if not (field.name.isidentifier() and field.name.isascii()):
            raise _not_avro(where, "has a name that Avro does not allow")
        typed.append({"name": field.name, "type": _optional(field.type, where)})
    return {"type": "record", "name": path, "fields": typed}


def _optional(kind: pa.DataType, path: str) -> Any:
    typed = _type(kind, path)
    return typed if typed == "null" else ["null", typed]


def _type(kind: pa.DataType, path: str) -> Any:
    """Avro's type of a column of Spark's."""
    if kind in PRIMITIVE:
        return PRIMITIVE[kind]
    if pa.types.is_timestamp(kind):
        zone = "" if kind.tz else "local-"
        return {"type": "long", "logicalType": f"{zone}timestamp-micros"}
    if pa.types.is_decimal(kind):
        exact = {"precision": kind.precision, "scale": kind.scale}
        return {"type": "bytes", "logicalType": "decimal", **exact}
    if pa.types.is_struct(kind):
        return _record(list(kind), path)
    if pa.types.is_list(kind):
        return {"type": "array", "items": _optional(kind.value_type, path)}
    if pa.types.is_map(kind):
        return {"type": "map", "values": _optional(kind.item_type, path)}
    raise _not_avro(path, f"is of type {kind}, which Avro does not have")


def _not_avro(path: str, why: str) -> UserError:
    return UserError(
        f"The lake's column {path.partition('.')[2]} {why}, so its rows cannot be sent to "
        "--out-topic: give --store in its place."
    )


def _zigzag(number: int) -> bytes:
    out, left = io.BytesIO(), number << 1
    while left >= 0x80:
        out.write(bytes([left & 0x7F | 0x80]))
        left >>= 7
    out.write(bytes([left]))
    return out.getvalue()
