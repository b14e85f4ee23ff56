"""Containers decoded inside Spark's Java, where they begin with a head that is known.

All messages of a night bring the same schema along, 22 kB in front of each packet. Where a message
begins so, its record is cut out, and Spark's own `from_avro` reads the wanted fields. What is
otherwise in the least is left to `decode`, which also says what is wrong with it.
"""

from __future__ import annotations

import io
import json
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.types import from_arrow_schema

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.columns import Wanted, table_schema
from fink_tracklets.ingest.containers import AVRO, DamagedPacket, json_schema, read_header

SYNC = 16
"""The bytes that end a container's head and each of its blocks."""
ONE = b"\x02"
"""A block's number of records, in Avro's encoding."""


class Schemas(NamedTuple):
    """Avro schemas, JSON."""

    writer: str
    """Of the packets up to the last wanted field."""
    reader: str
    """Of the wanted fields."""


def head_of(value: bytes) -> bytes:
    """What stands before the sync of a container that is not compressed; empty: it is none."""
    if not value.startswith(AVRO):
        return b""
    stream = io.BytesIO(value)
    try:
        container = read_header(stream)
    except DamagedPacket:
        return b""
    plain = container.meta.get("avro.codec", b"null") == b"null"
    return value[: stream.tell() - SYNC] if plain else b""


def decoded_inside(
    messages: DataFrame, head: bytes, wanted: Wanted, columns: pa.Schema
) -> DataFrame | None:
    """The packets of the messages that begin with a head.

    Parameters
    ----------
    messages : value, partition and offset, as Spark's Kafka source has them
    head : see `head_of`
    columns : of the packets, see `decode.columns_of`

    Returns
    -------
    DataFrame or None
        The messages with `packet`, a struct of the columns, and `is_read`: without it the packet
        is `decode`'s to read. None: the head's schema has other columns or types, or this Spark
        lacks its Avro.
    """
    schemas = _schemas(head, wanted, columns) if head else None
    if schemas is None:
        return None
    options = {"mode": "PERMISSIVE", "avroSchema": schemas.reader}
    given = F.create_map(*(F.lit(text) for pair in options.items() for text in pair))
    record = F.call_function("from_avro", _record(head), F.lit(schemas.writer), given)
    try:
        read = messages.withColumn("packet", record)
        kind = read.schema["packet"].dataType
    except AnalysisException:
        return None
    if _plain(kind) != _plain(from_arrow_schema(columns)):
        return None
    # Of a damaged record all fields are null; and a text may be any bytes for Java's Avro.
    some = reduce(Column.__or__, (F.col(f"packet.`{name}`").isNotNull() for name in columns.names))
    texts = [F.coalesce(F.is_valid_utf8(F.col(path)), F.lit(True)) for path in _texts(kind)]
    return read.withColumn("is_read", reduce(Column.__and__, texts, some))


def _record(head: bytes) -> Column:
    """The one record of a whole container that begins with the head; null of anything else."""
    value, size_at = F.col("value"), len(head) + SYNC + len(ONE) + 1
    digits = [
        F.conv(F.hex(F.substring(value, size_at + k, 1)), 16, 10).cast("int") for k in range(3)
    ]
    n_digits = F.when(digits[0] < 128, 1).when(digits[1] < 128, 2).when(digits[2] < 128, 3)
    twice = reduce(
        Column.__add__,
        (
            F.when(n_digits > k, digit.bitwiseAND(127) * (1 << 7 * k)).otherwise(0)
            for k, digit in enumerate(digits)
        ),
    )
    before = n_digits + (size_at - 1)
    size = F.length(value) - before - SYNC
    sync = F.substring(value, len(head) + 1, SYNC)
    whole = (
        (F.substring(value, 1, len(head)) == F.lit(head))
        & (F.substring(value, len(head) + SYNC + 1, len(ONE)) == F.lit(ONE))
        & (twice == 2 * size)
        & (F.substring(value, -SYNC, SYNC) == sync)
    )
    return F.when(whole, F.substring(value, before + 1, size))


@lru_cache(maxsize=8)
def _schemas(head: bytes, wanted: Wanted, columns: pa.Schema) -> Schemas | None:
    """None: packets of this head do not have these very columns."""
    try:
        avro = json_schema(read_header(io.BytesIO(head + bytes(SYNC))).schema)
        if table_schema(avro, wanted) != columns:
            return None
    except (DamagedPacket, UserError):
        return None
    last = max(k for k, field in enumerate(avro["fields"]) if field["name"] in columns.names)
    part = {**avro, "fields": avro["fields"][: last + 1]}
    return Schemas(
        json.dumps(_bare(part)), json.dumps(_some(_bare(part), pa.struct(list(columns))))
    )


def _bare(schema: Any) -> Any:
    """A schema without what Java's Avro would be strict about and nobody needs."""
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key not in ("doc", "default")}
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema


def _some(schema: Any, kind: pa.DataType) -> Any:
    """Of a schema's records the fields of a struct."""
    if isinstance(schema, list):
        return [_some(one, kind) for one in schema]
    if not isinstance(schema, dict) or schema.get("type") != "record":
        return schema
    fields = [field for field in schema["fields"] if kind.get_field_index(field["name"]) >= 0]
    some = [{**f, "type": _some(f["type"], kind.field(f["name"]).type)} for f in fields]
    return {**schema, "fields": some}


def _plain(kind: T.DataType) -> Any:
    """A type without what may be null."""
    if isinstance(kind, T.StructType):
        return [(field.name, _plain(field.dataType)) for field in kind]
    return kind.simpleString()


def _texts(kind: T.DataType, path: str = "packet") -> list[str]:
    """The texts in a struct."""
    if isinstance(kind, T.StructType):
        return [one for f in kind for one in _texts(f.dataType, f"{path}.`{f.name}`")]
    return [path] if isinstance(kind, T.StringType) else []
