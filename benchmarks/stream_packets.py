"""Nights of alerts as the messages that brokers really get, in the surveys' own schemas."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from fink_tracklets.ingest.containers import read_header
from fink_tracklets.ingest.messages import message_schema
from fink_tracklets.simulate import simulate_night
from fink_tracklets.simulate.messages import SYNC

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT.parent / "shared" / "data" / "ztf_public_sample.tar.gz"
NIGHT, RUBIN_NIGHT = "20211022", "20261022"
RUBIN_SCHEMAS = SAMPLE.parent / "rubin" / "schemas"
SEEDS, VISITS, PER_VISIT = range(1, 9), 20, 5_000


def make_night(folder: Path) -> Path:
    """The alerts of exposures with tracklets, in the order of their exposures."""
    parts = []
    for seed in SEEDS:
        night = simulate_night(NIGHT, folder / f"sky-{seed}", seed)
        truth = pq.read_table(night.truth, columns=["exposure", "tracklet_id"])
        some = pc.unique(truth.filter(truth["tracklet_id"].is_valid())["exposure"])
        table = pq.read_table(night.alerts)
        jd = pc.struct_field(table["candidate"], "jd")
        parts.append(table.filter(pc.is_in(jd, pa.array([float(x) for x in some.to_pylist()]))))
    table = pa.concat_tables(parts)
    jd = pc.struct_field(table["candidate"], "jd").to_numpy()
    (folder / "alerts").mkdir()
    pq.write_table(table.take(np.argsort(jd, kind="stable")), folder / "alerts" / "a.parquet")
    return folder / "alerts"


def real_packets(alerts: Path) -> Iterator[tuple[int, bytes]]:
    """candid and packet, in ZTF's own schema, in the order of the rows."""
    with tarfile.open(SAMPLE) as tar:
        for member in tar:
            if member.isfile():
                head = read_header(io.BytesIO(tar.extractfile(member).read()))  # type: ignore[union-attr]
                if json.loads(head.schema)["version"] == "3.3":
                    break
    schema = json.loads(head.schema)
    parsed: Any = fastavro.parse_schema(json.loads(head.schema))
    stream = io.BytesIO(b"")
    stream.write(b"Obj\x01")
    meta = {"avro.schema": head.schema, "avro.codec": b"null"}
    fastavro.schemaless_writer(stream, {"type": "map", "values": "bytes"}, meta)
    begin = stream.getvalue() + SYNC
    for batch in ds.dataset(alerts).to_batches(batch_size=500, batch_readahead=0):
        for row in batch.to_pylist():
            record = filled(schema, row)
            body = io.BytesIO()
            fastavro.schemaless_writer(body, parsed, record)
            sizes = io.BytesIO()
            for number in (1, len(body.getvalue())):
                fastavro.schemaless_writer(sizes, "long", number)
            yield row["candid"], begin + sizes.getvalue() + body.getvalue() + SYNC


def filled(schema: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A row with something in every field of a schema that may not be null."""
    record = {}
    for field in schema["fields"]:
        value = row.get(field["name"])
        optional = isinstance(field["type"], list)
        kind = next(k for k in field["type"] if k != "null") if optional else field["type"]
        if isinstance(kind, dict) and kind["type"] == "record":
            known = value is not None and any(one is not None for one in value.values())
            value = filled(kind, value or {}) if known or not optional else None
        elif value is None and not optional:
            value = "" if kind == "string" else 0
        record[field["name"]] = value
    return record


def make_visits(folder: Path) -> Path:
    """Visits, those with tracklets first, filled up to 5,000 alerts."""
    parts: list[pa.Table] = []
    for seed in SEEDS[:2]:
        night = simulate_night(
            RUBIN_NIGHT, folder / f"sky-{seed}", seed, survey="rubin", exposures=300
        )
        truth = pq.read_table(night.truth, columns=["exposure", "tracklet_id"])
        with_tracklets = truth.filter(truth["tracklet_id"].is_valid())["exposure"].to_pylist()
        some = list(dict.fromkeys([*with_tracklets, *truth["exposure"].to_pylist()]))
        table = pq.read_table(night.alerts)
        for visit in some[: VISITS // 2]:
            of_visit = pc.equal(pc.struct_field(table["diaSource"], "visit"), int(visit))
            parts.append(filled_up(table.filter(of_visit), len(parts)))
    (folder / "alerts").mkdir()
    pq.write_table(pa.concat_tables(parts), folder / "alerts" / "a.parquet")
    return folder / "alerts"


def filled_up(visit: pa.Table, number: int) -> pa.Table:
    """A visit with 5,000 alerts: copies have ids of their own and a low score."""
    rows = visit.to_pylist()
    for k in range(PER_VISIT - len(rows)):
        row = json.loads(json.dumps(rows[k % len(visit)]))
        row["diaSource"]["diaSourceId"] = row["diaSourceId"] = 10**17 + number * 10**6 + k
        row["diaSource"]["reliability"] = 0.1
        rows.append(row)
    for row in rows:  # seeds have the same visits
        row["diaSource"]["visit"] = int(RUBIN_NIGHT) * 100_000 + number
        row["diaSource"]["midpointMjdTai"] = 61335.1 + number * 39 / 86400
    return pa.Table.from_pylist(rows, visit.schema)


def real_messages(alerts: Path) -> Iterator[tuple[int, bytes]]:
    """diaSourceId and message, framed, in Rubin's own schema."""
    parsed = message_schema(b"\0" + (1000).to_bytes(4, "big"), str(RUBIN_SCHEMAS))
    for batch in pq.ParquetFile(alerts / "a.parquet").iter_batches(2_000):
        for row in batch.to_pylist():
            body = io.BytesIO()
            fastavro.schemaless_writer(body, parsed, filled(parsed, row))
            yield row["diaSourceId"], b"\0" + (1000).to_bytes(4, "big") + body.getvalue()
