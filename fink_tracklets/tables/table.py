"""What a table is: typed columns with unit and meaning, as Spark and pyarrow spell them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

ARROW_TYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
    "array<double>": pa.list_(pa.float64()),
    "array<string>": pa.list_(pa.string()),
    "array<struct<cut:string,alerts:bigint>>": pa.list_(
        pa.struct([("cut", pa.string()), ("alerts", pa.int64())])
    ),
}


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """Name of the column."""
    type: str
    """Its type, as Spark SQL spells it."""
    unit: str
    """Unit of its values, empty without one."""
    meaning: str
    """What its values are, for docs/tables.md."""
    since: int = 1
    """Version of the tables that introduced it."""


@dataclass(frozen=True)
class Table:
    """A table of the store."""

    name: str
    """Name of the table and of its folder in the store."""
    meaning: str
    """What one row is, for docs/tables.md."""
    columns: tuple[Column, ...]
    """Its columns, in order."""

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]

    @property
    def ddl(self) -> str:
        """The schema as Spark SQL reads it."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """The schema for pyarrow."""
        return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self.columns])

    def from_frame(self, frame: pd.DataFrame) -> pa.Table:
        """A frame's rows as this table: its columns in order, in their types.

        NaN is null, and so is a column that the frame lacks.
        """
        columns = []
        for field in self.arrow_schema:
            values = frame[field.name] if field.name in frame else [None] * len(frame)
            plain = [_plain(value) for value in values]
            columns.append(pa.array(plain, field.type, from_pandas=True))
        return pa.Table.from_arrays(columns, schema=self.arrow_schema)


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    return None if value is pd.NA or value is pd.NaT else value
