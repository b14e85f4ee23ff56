"""A simulated night's alerts as the messages of a Kafka stream, in the order of their exposures."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_tracklets.ingest.avro_schema import avro_schema

SYNC = b"fink_tracklets__"
ZTF_TIME, RUBIN_TIME = ("candidate", "jd"), ("diaSource", "midpointMjdTai")
AT_ONCE = 2_000
VERSION = (10, 0)
"""Of the schema that framed messages name."""


def packets(alerts: str | Path) -> Iterator[tuple[float, bytes]]:
    """Each alert's exposure start or middle [d] and its packet, an Avro container as ZTF sends.

    Parameters
    ----------
    alerts : folder or file of Parquet, as `simulate_night` writes it
    """
    table = pq.read_table(alerts)
    schema = avro_schema(list(table.schema))
    head = io.BytesIO()
    meta = {"avro.schema": json.dumps(schema).encode(), "avro.codec": b"null"}
    head.write(b"Obj\x01")
    fastavro.schemaless_writer(head, {"type": "map", "values": "bytes"}, meta)
    head.write(SYNC)
    for time, body in _bodies(table, schema):
        sizes = io.BytesIO()
        for number in (1, len(body)):
            fastavro.schemaless_writer(sizes, "long", number)
        yield time, head.getvalue() + sizes.getvalue() + body + SYNC


def framed(alerts: str | Path, schemas: str | Path) -> Iterator[tuple[float, bytes]]:
    """Each alert's time [d] and its message, framed as Rubin sends.

    Parameters
    ----------
    schemas : gets the schema that the messages name, in its folder MAJOR/MINOR
    """
    table = pq.read_table(alerts)
    schema = avro_schema(list(table.schema))
    major, minor = VERSION
    folder = Path(schemas, str(major), str(minor))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alert.avsc").write_text(json.dumps(schema))
    frame = b"\0" + (100 * major + minor).to_bytes(4, "big")
    for time, body in _bodies(table, schema):
        yield time, frame + body


def _bodies(table: pa.Table, schema: dict[str, Any]) -> Iterator[tuple[float, bytes]]:
    """Each row's time and itself in Avro's encoding; rows without a time come last."""
    struct, name = ZTF_TIME if "candidate" in table.schema.names else RUBIN_TIME
    times = np.array(pc.struct_field(table[struct], name).to_numpy(), dtype=float)
    order = np.argsort(times, kind="stable")
    parsed: Any = fastavro.parse_schema(schema)
    for first in range(0, len(order), AT_ONCE):
        some = order[first : first + AT_ONCE]
        for k, row in zip(some, table.take(some).to_pylist(), strict=True):
            body = io.BytesIO()
            fastavro.schemaless_writer(body, parsed, row)
            yield float(times[k]), body.getvalue()
