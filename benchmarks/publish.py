"""Publishing 10,000 alerts against what happybase alone takes for the same cells and look-ups.

    make services-up
    python -m benchmarks.publish 127.0.0.1:9090

Each way writes into tables of its own, in turn, three times; Spark's start is not counted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import happybase
import numpy as np
import pyarrow as pa

from fink_tracklets import load_survey
from fink_tracklets.hbase.cells import encode_rows
from fink_tracklets.hbase.publish import publish_night
from fink_tracklets.hbase.rows import NightRows, night_rows
from fink_tracklets.hbase.settings import HBaseSettings, load_hbase
from fink_tracklets.progress import Progress
from fink_tracklets.spark.session import spark_session
from fink_tracklets.store.commit import check_writable, write_night
from fink_tracklets.store.manifest import Manifest
from fink_tracklets.store.night import StoredNight
from fink_tracklets.tables import TABLES, VERSION
from fink_tracklets.version import __version__

NIGHT, TRACKLETS, POINTS, ROUNDS = "20240101", 1000, 10, 3
TEXTS = {"publisher": "Fink", "ssnamenr": "null", "isdiffpos": "t"}
WHOLE = ("rcid", "fid", "nid", "field", "tooflag", "nmtchps", "ndethist")
WIDE = ("ra", "dec", "jd", "jdstarthist", "jdendhist")


def make_night(store: str) -> StoredNight:
    """A stored night of so many tracklets, with all of ZTF's carried columns."""
    spark = spark_session()
    survey = load_survey("ztf")
    draw = np.random.default_rng(1)
    n = TRACKLETS * POINTS
    names = [f"TRCK_20240101_{k // 100:04d}00_{k % 100:02d}" for k in range(TRACKLETS)]
    ids = np.arange(n) + 25_000_000_000_000_000
    objects = [f"ZTF24{k:08d}" for k in range(n)]
    jd = 2460310.5 + np.repeat(np.arange(TRACKLETS), POINTS) / 1440
    known = {"tracklet": np.repeat(names, POINTS), "alert_id": ids, "object_id": objects}
    known |= {"jd": jd, "candid": ids, "objectId": objects}

    def column(name: str, rows: int, given: pa.DataType | None = None) -> pa.Array:
        if name in known and rows == n:
            return pa.array(known[name])
        if given is None:
            given = pa.int32() if name in WHOLE else pa.float64() if name in WIDE else pa.float32()
            given = pa.string() if name in TEXTS else given
        if pa.types.is_string(given):
            return pa.array([TEXTS.get(name, f"{name} of an alert")] * rows)
        if pa.types.is_floating(given):
            return pa.array(draw.uniform(0, 360, rows)).cast(given)
        return pa.array(draw.integers(0, 2 if pa.types.is_boolean(given) else 1000, rows)).cast(
            given
        )

    tables = {}
    for name, rows in (("tracklets", TRACKLETS), ("tracklet_alerts", n)):
        columns = {field.name: field.type for field in TABLES[name].arrow_schema}
        if name == "tracklet_alerts":
            columns |= dict.fromkeys(set(survey.carry.by_name) - set(columns))
        made = {c: column(c, rows, given) for c, given in columns.items()}
        if name == "tracklets":
            made["tracklet"] = pa.array(names)
        tables[name] = spark.createDataFrame(pa.table(made))
    draft = Manifest(
        night=NIGHT,
        run="",
        version=__version__,
        tables_version=VERSION,
        survey=survey.name,
        configuration=asdict(survey),
        rows={},
        files={},
    )
    return write_night(check_writable(store, spark), tables, draft)


@contextmanager
def timed(times: list[float]) -> Iterator[None]:
    """Note how long the block takes."""
    start = time.perf_counter()
    yield
    times.append(time.perf_counter() - start)


def fresh(settings: HBaseSettings, rows: NightRows, way: str) -> HBaseSettings:
    """Settings with tables of their own; that of the alerts is filled."""
    tracklets = replace(settings.tracklets, table=f"bench.{time.time_ns()}.{way}.tracklet")
    alerts = replace(settings.alerts, table=f"bench.{time.time_ns()}.{way}")
    to = connection(settings)
    to.create_table(tracklets.table, {family: {} for family in tracklets.families})
    to.create_table(alerts.table, {family: {} for family in tracklets.families})
    with to.table(alerts.table).batch(batch_size=1000) as batch:
        for key in rows.table["alert_key"].to_pylist():
            batch.put(key, {alerts.present.encode(): key.split("_")[0].encode()})
    return replace(settings, tracklets=tracklets, alerts=alerts)


def connection(settings: HBaseSettings) -> happybase.Connection:
    """happybase's own."""
    return happybase.Connection(settings.connection.host, settings.connection.port)


def bare(settings: HBaseSettings, rows: NightRows) -> list[float]:
    """Look up the alerts, put all cells: one connection, the bytes made beforehand."""
    cells = list(encode_rows(rows.table, rows.columns))
    names = rows.tracklet_of_alert()
    to, keys, times = connection(settings), [key.encode() for key in names], []
    n = settings.batch_rows
    with timed(times):
        for k in range(0, len(keys), n):
            to.table(settings.alerts.table).rows(
                keys[k : k + n], columns=[settings.alerts.present.encode()]
            )
        with to.table(settings.tracklets.table).batch(batch_size=n * len(rows.columns)) as batch:
            for key, row in cells:
                batch.put(key, row)
        with to.table(settings.alerts.table).batch(batch_size=n) as batch:
            for key, name in names.items():
                batch.put(key.encode(), {settings.alerts.column.encode(): name.encode()})
    return times


def main(address: str) -> None:
    """Print the table."""
    settings = load_hbase(address)
    store = str(Path(tempfile.mkdtemp()) / "store")
    stored = make_night(store)
    rows = night_rows(stored, settings)
    n_rows, n_cells = (
        rows.table.num_rows,
        sum(len(c) for _, c in encode_rows(rows.table, rows.columns)),
    )
    times: dict[str, list[float]] = {"bare": [], "1 writer": [], "2 writers": []}
    for k in range(ROUNDS + 1):
        for way, taken in times.items():
            own = fresh(settings, rows, way[0])
            if way == "bare":
                taken += bare(own, rows)
                continue
            own = replace(own, writers=int(way[0]))
            with timed(taken):
                publish_night(spark_session(), stored, own, Progress(quiet=True))
        if k == 0:  # Java and Python warm up
            times = {way: [] for way in times}
    print(f"{n_rows:,} rows with {n_cells:,} cells, {n_rows:,} alerts looked up and marked")
    print(f"{'':12}{'seconds':>9}{'rows/s':>9}{'of bare':>9}   each round")
    base = statistics.median(times["bare"])
    for way, taken in times.items():
        middle = statistics.median(taken)
        each = " ".join(f"{t:.2f}" for t in taken)
        print(f"{way:12}{middle:9.2f}{n_rows / middle:9.0f}{middle / base:9.2f}   {each}")


if __name__ == "__main__":
    main(sys.argv[1])
