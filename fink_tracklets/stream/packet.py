"""What is sent on of an alert: its record in Avro's encoding, its schema, and `tracklet` after."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from typing import Any

import fastavro
import pyarrow as pa

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.avro_schema import NotAvro, avro_schema
from fink_tracklets.ingest.containers import decompressed, raw_blocks
from fink_tracklets.ingest.decode import open_container, unzipped
from fink_tracklets.ingest.messages import FRAME_BYTES, is_framed, message_schema

FIELD = "tracklet"


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
    try:
        avro = json.dumps(avro_schema(kept))
    except NotAvro as error:
        raise UserError(
            f"The lake's {error}, so its rows cannot be sent to --out-topic: give --store in its "
            "place."
        ) from error
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


def _zigzag(number: int) -> bytes:
    out, left = io.BytesIO(), number << 1
    while left >= 0x80:
        out.write(bytes([left & 0x7F | 0x80]))
        left >>= 7
    out.write(bytes([left]))
    return out.getvalue()
