"""Bringing a stored night into HBase, and taking it out.

1. Look up which of the night's alerts the broker's table has.
2. Record in the manifest every key that will be written, beside those that may be there.
3. Remove what the record has and the night has not.
4. Write the night, from the Spark executors.
5. Record that HBase has exactly this.

A crash between or within any two steps is healed by doing it again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pandas as pd
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException, PythonException
from pyspark.sql import SparkSession

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.hbase.cells import Cells, encode_rows
from fink_tracklets.hbase.client import HBase
from fink_tracklets.hbase.record import Held, Record, read_record, write_record
from fink_tracklets.hbase.rows import NightRows, night_rows
from fink_tracklets.hbase.settings import HBaseSettings
from fink_tracklets.progress import Progress
from fink_tracklets.store.night import StoredNight

LOOKED_UP = "alert_key string, present boolean, error string"
WRITTEN = "rows bigint, cells bigint, error string"


@dataclass(frozen=True)
class Published:
    """What a publication did."""

    rows: int
    """Of the tracklets' table."""
    cells: int
    """In the broker's table of alerts."""
    missing: int
    """Alerts whose row that table does not have."""
    removed: int
    """Rows from which cells were removed."""


def need_tables(hbase: HBase) -> None:
    """See that HBase answers and has the tables."""
    for table in (hbase.settings.tracklets, hbase.settings.alerts):
        hbase.need_table(table.table, table.families)


def need_types(hbase: HBase, rows: NightRows) -> None:
    """See that the schema row, be it the broker's own, has no other type for one of our columns.

    Ours are added to it; what else it has stays.
    """
    settings = hbase.settings
    key, types = rows.schema_row(settings.schema_version)
    families = settings.tracklets.families[:2]
    for _, there in hbase.rows(settings.tracklets.table, [key.decode()], families):
        for column, given in sorted(types.items()):
            known = there.get(column, given)
            if known != given:
                raise UserError(
                    f"The row {key.decode()} of {settings.tracklets.table} says that "
                    f"{column.decode()} is {known.decode(errors='replace')}, and the night's is "
                    f"{given.decode()}: readers would decode one of them wrongly. Name another row "
                    "in hbase.toml (schema_version), or give the column that type in the survey's "
                    "file."
                )


def publish_night(
    spark: SparkSession, stored: StoredNight, settings: HBaseSettings, progress: Progress
) -> Published:
    """Make HBase hold exactly the stored state of a night.

    Raises
    ------
    UserError : a table or a column family is missing
    ServiceError : HBase or Spark failed; says what is written
    """
    stored = stored.newest()
    with HBase(settings, progress.say) as hbase:
        with progress.step("looking at HBase's tables"):
            need_tables(hbase)
            cluster = hbase.cluster()
        rows = night_rows(stored, settings)
        need_types(hbase, rows)
        if rows.without_value and rows.table.num_rows:
            progress.say(
                f"No alert of the night has {', '.join(rows.without_value)}: readers that need "
                "these columns find none. docs/operations.md, Beside the broker's own writer, says "
                "what to put there."
            )
        old = read_record(stored.manifest, cluster)
        names = rows.tracklet_of_alert()
        with progress.step(f"looking up {len(names):,} alerts in {settings.alerts.table}", spark):
            present = look_up(spark, list(names), settings)
        marks = {key: name for key, name in names.items() if key in present}
        wanted = {
            settings.tracklets.table: rows.held,
            settings.alerts.table: Held((settings.alerts.column,), tuple(sorted(marks))),
        }
        record = begin(old.holding(wanted), settings)
        write_record(stored, cluster, record)

        stale = stale_cells(old, wanted, {settings.tracklets.table: rows.empty()})
        if any(stale.values()):
            with progress.step("removing what the night no longer has"):
                for table, cells in stale.items():
                    hbase.delete(table, cells, record.timestamp)
        with progress.step(f"writing {rows.table.num_rows:,} rows", spark):
            schema = rows.schema_row(settings.schema_version)
            hbase.put_all(settings.tracklets.table, [schema], record.timestamp)
            n_rows, n_cells = write(spark, rows, marks, settings, record.timestamp)
        done = replace(
            record,
            published=rows.run,
            tables={**record.tables, **wanted},
            alerts_without_row=tuple(sorted(set(names) - set(marks))),
        )
        write_record(stored, cluster, done)
    removed = sum(len(cells) for cells in stale.values())
    return Published(n_rows, n_cells, len(names) - len(marks), removed)


def unpublish_night(stored: StoredNight, settings: HBaseSettings, progress: Progress) -> int:
    """Remove from HBase all that it may hold of a night; the number of rows concerned."""
    stored = stored.newest()
    with HBase(settings, progress.say) as hbase:
        with progress.step("looking at HBase's tables"):
            cluster, there = hbase.cluster(), hbase.tables()
        old = read_record(stored.manifest, cluster)
        record = begin(old.holding({}), settings)
        write_record(stored, cluster, record)
        with progress.step("removing the night"):
            for table, held in old.tables.items():
                if table in there:
                    cells = ((key, held.columns) for key in held.keys)
                    hbase.delete(table, cells, record.timestamp)
        write_record(stored, cluster, replace(record, tables={}))
    return sum(len(held.keys) for held in old.tables.values())


def begin(record: Record, settings: HBaseSettings) -> Record:
    """The record with which a change begins; its time is later than that of any before."""
    return replace(
        record,
        address=settings.connection.address,
        timestamp=max(record.timestamp + 1, time.time_ns() // 1_000_000),
        alerts_without_row=(),
    )


def stale_cells(
    old: Record, wanted: dict[str, Held], empty: dict[str, dict[str, list[str]]]
) -> dict[str, list[tuple[str, list[str]]]]:
    """For each table the cells that may be there and shall not be: row key and columns.

    Parameters
    ----------
    empty : table to row key to the columns in which a wanted row has nothing
    """
    stale: dict[str, list[tuple[str, list[str]]]] = {}
    for table, now in wanted.items():
        held, keys = old.tables.get(table, Held()), set(now.keys)
        dropped = [column for column in held.columns if column not in now.columns]
        stale[table] = []
        for key in held.keys:
            nothing = [c for c in empty.get(table, {}).get(key, ()) if c in held.columns]
            if cells := [*dropped, *nothing] if key in keys else list(held.columns):
                stale[table].append((key, cells))
    return stale


def look_up(spark: SparkSession, keys: list[str], settings: HBaseSettings) -> set[str]:
    """Those of the keys under which the broker's table of alerts has a row."""
    asked = spark.createDataFrame(pa.table({"alert_key": pa.array(keys, pa.string())}))
    alerts = settings.alerts

    def ask(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        with HBase(settings) as hbase:
            for frame in frames:
                try:
                    found = dict(hbase.rows(alerts.table, frame["alert_key"], [alerts.present]))
                except UserError as error:
                    yield frame.assign(present=False, error=str(error))
                    return
                yield frame.assign(present=frame["alert_key"].isin(found), error=None)

    with _spark_failures("Nothing was written"):
        answer = asked.repartition(settings.writers).mapInPandas(ask, LOOKED_UP).toPandas()
    errors = answer["error"].dropna()
    if len(errors):
        raise ServiceError(f"{errors.iloc[0]} Nothing was written; publish again.")
    return set(answer.loc[answer["present"].astype(bool), "alert_key"])


def write(
    spark: SparkSession,
    rows: NightRows,
    marks: dict[str, str],
    settings: HBaseSettings,
    timestamp: int,
) -> tuple[int, int]:
    """Write the rows and the alerts' cells from the executors; how many of each.

    Parameters
    ----------
    marks : key of the alerts' table to tracklet
    """
    mark = settings.alerts.column.encode()
    columns, tables = rows.columns, (settings.tracklets.table, settings.alerts.table)
    names = [marks.get(key) for key in rows.table["alert_key"].to_pylist()]
    table = rows.table.append_column("mark", pa.array(names, pa.string()))

    def send(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        sent, failure = [0, 0], None
        with HBase(settings) as hbase:
            try:
                for batch in batches:
                    content = (encode_rows(batch, columns), _marks(batch, mark))
                    for k, (table, some) in enumerate(zip(tables, content, strict=True)):
                        for n in hbase.put(table, some, timestamp):
                            sent[k] += n
            except UserError as error:
                failure = str(error)
        yield pa.RecordBatch.from_pydict(
            {"rows": sent[:1], "cells": sent[1:], "error": pa.array([failure], pa.string())}
        )

    with _spark_failures("A part of the night may be written"):
        frame = spark.createDataFrame(table).repartition(settings.writers)
        done = frame.mapInArrow(send, WRITTEN).toPandas()
    errors = done["error"].dropna()
    if len(errors):
        raise ServiceError(
            f"{errors.iloc[0]} Written are {done['rows'].sum():,} of {len(names):,} rows to "
            f"{tables[0]} and {done['cells'].sum():,} of {len(marks):,} cells to {tables[1]}; "
            "publish again."
        )
    return len(names), len(marks)


def _marks(batch: pa.RecordBatch, column: bytes) -> Iterator[tuple[bytes, Cells]]:
    """The alerts' cells of some rows."""
    keys, names = batch.column("alert_key").to_pylist(), batch.column("mark").to_pylist()
    for key, name in zip(keys, names, strict=True):
        if name is not None:
            yield key.encode(), {column: name.encode()}


@contextmanager
def _spark_failures(state: str) -> Iterator[None]:
    """Turn a failure of Spark itself into a sentence."""
    try:
        yield
    except PythonException:
        raise  # a bug of ours
    except (PySparkException, Py4JError) as error:
        line = str(error).strip().splitlines()[0]
        raise ServiceError(f"Spark failed: {line} {state}; publish again.") from error
