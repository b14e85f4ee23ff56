"""The bytes of cells, as the broker's own connector writes them to HBase.

Numbers are big-endian, texts UTF-8, and a null is no cell. Booleans, times and arrays are texts,
the ones that Spark makes of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Cells = dict[bytes, bytes]

NUMBERS = {
    "byte": pa.int8(),
    "short": pa.int16(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
}
"""By Spark's names, under which the broker's readers know them."""


def type_name(given: pa.DataType) -> str:
    """How the row schema_<version> names a type. What readers cannot know is called string."""
    for name, number in NUMBERS.items():
        if given == number:
            return name
    return "boolean" if pa.types.is_boolean(given) else "string"


def encode(column: pa.Array) -> list[bytes | None]:
    """A column's values as bytes, None for null.

    Examples
    --------
    >>> encode(pa.array([1.0, None]))
    [b'?\\xf0\\x00\\x00\\x00\\x00\\x00\\x00', None]
    >>> encode(pa.array([True, False]))
    [b'true', b'false']
    """
    if column.type not in NUMBERS.values():
        return [None if value is None else text(value).encode() for value in column.to_pylist()]
    width = column.type.bit_width // 8
    whole = np.frombuffer(column.buffers()[1], f"<u{width}", len(column), column.offset * width)
    swapped = whole.byteswap().tobytes()
    values: list[bytes | None] = [swapped[k : k + width] for k in range(0, len(swapped), width)]
    if column.null_count:
        for k in pc.indices_nonzero(column.is_null()).to_pylist():
            values[k] = None
    return values


def text(value: Any) -> str:
    """A value as Spark casts it to a string.

    Examples
    --------
    >>> text(datetime(2021, 6, 4, 9, 36, 9, 996000, UTC))
    '2021-06-04 09:36:09.996'
    >>> text([1.5, None])
    '[1.5, null]'
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
        return f"{moment:%Y-%m-%d %H:%M:%S}{fraction}"
    if isinstance(value, list):
        return f"[{', '.join(text(item) for item in value)}]"
    return str(value)


def decode(value: bytes, given: str) -> Any:
    """A cell's value by the type that the row schema_<version> names."""
    if number := NUMBERS.get(given):
        kind = "f" if pa.types.is_floating(number) else "i"
        return np.frombuffer(value, f">{kind}{number.bit_width // 8}")[0].item()
    return value.decode()


def encode_rows(
    table: pa.Table | pa.RecordBatch, columns: dict[str, str]
) -> Iterator[tuple[bytes, Cells]]:
    """Key and cells of each row.

    Parameters
    ----------
    table : with a column `key`
    columns : table column to HBase column (family:name)
    """
    names = [column.encode() for column in columns.values()]
    values = [encode(_whole(table.column(name))) for name in columns]
    keys = encode(_whole(table.column("key")))
    for key, row in zip(keys, zip(*values, strict=True), strict=True):
        assert key is not None
        yield key, {n: value for n, value in zip(names, row, strict=True) if value is not None}


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
