"""The Avro schema of rows in Arrow, every field of which may be null."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

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


class NotAvro(ValueError):
    """Which column Avro cannot have, and why."""


def avro_schema(fields: list[pa.Field], path: str = "alert") -> dict[str, Any]:
    """A record of these fields; its dotted path is its name, which no other has.

    Raises
    ------
    NotAvro : a column has a name or type that Avro does not have
    """
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
        return avro_schema(list(kind), path)
    if pa.types.is_list(kind):
        return {"type": "array", "items": _optional(kind.value_type, path)}
    if pa.types.is_map(kind):
        return {"type": "map", "values": _optional(kind.item_type, path)}
    raise _not_avro(path, f"is of type {kind}, which Avro does not have")


def _not_avro(path: str, why: str) -> NotAvro:
    return NotAvro(f"column {path.partition('.')[2]} {why}")
