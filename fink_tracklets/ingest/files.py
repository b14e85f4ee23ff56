"""The Parquet files of one part of an archive, while they are written."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_BYTES = 32 << 20


class PartFile:
    """A Parquet file under way."""

    def __init__(self, path: Path, schema: pa.Schema, open_files: ExitStack) -> None:
        self.path, self.new = path, path.with_suffix(".new")
        self.writer = open_files.enter_context(
            pq.ParquetWriter(self.new, schema, compression="zstd")
        )
        self.waiting = [schema.empty_table()]

    def add(self, table: pa.Table) -> None:
        """Write a table, once there is enough for a row group."""
        self.waiting.append(table)
        if sum(one.nbytes for one in self.waiting) >= ROW_GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self.writer.write_table(pa.concat_tables(self.waiting))
        self.waiting = self.waiting[:1]


class PartFiles:
    """The files of one part: its own, and where packets are kept whole, one for each further
    schema."""

    def __init__(self, part: Path, open_files: ExitStack) -> None:
        self.part, self.open_files = part, open_files
        self.by_schema: dict[pa.Schema, PartFile] = {}

    def of(self, schema: pa.Schema) -> PartFile:
        """The file for tables of a schema."""
        if schema not in self.by_schema:
            n = len(self.by_schema)
            path = self.part.with_stem(f"{self.part.stem}-schema{n}") if n else self.part
            self.by_schema[schema] = PartFile(path, schema, self.open_files)
        return self.by_schema[schema]
