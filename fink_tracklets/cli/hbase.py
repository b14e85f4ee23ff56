"""The commands `publish`, `unpublish` and `verify`."""

from __future__ import annotations

import argparse

from fink_tracklets.errors import UserError
from fink_tracklets.hbase.client import HBase
from fink_tracklets.hbase.publish import need_tables, publish_night, unpublish_night
from fink_tracklets.hbase.settings import HBaseSettings, load_hbase
from fink_tracklets.hbase.verify import hbase_differences, store_differences
from fink_tracklets.progress import Progress
from fink_tracklets.spark.session import spark_session
from fink_tracklets.store.folder import local_path

SHOWN = 50
"""Differences that `verify` prints."""


def publish(options: argparse.Namespace) -> None:
    """A stored night into HBase."""
    settings = reachable(options)
    progress = Progress(options.quiet)
    with progress.step("starting Spark"):
        spark = spark_session(options.spark_log)
    done = publish_night(spark, options.store, options.night, settings, progress)
    if not options.quiet:
        tracklets, alerts = settings.tracklets.table, settings.alerts.table
        print(
            f"HBase at {settings.connection.address} has the night {options.night}: "
            f"{done.rows:,} rows in {tracklets}, {done.cells:,} cells {settings.alerts.column} in "
            f"{alerts}, {done.missing:,} alerts without a row there; {done.removed:,} rows of a "
            "state before changed or removed."
        )


def reachable(options: argparse.Namespace) -> HBaseSettings:
    """The settings, after a look at HBase: nothing is begun that cannot be ended."""
    settings = load_hbase(options.hbase)
    with HBase(settings, Progress(options.quiet).say) as hbase:
        need_tables(hbase)
    return settings


def unpublish(options: argparse.Namespace) -> None:
    """A night out of HBase."""
    settings = load_hbase(options.hbase)
    spark = None if local_path(options.store) else spark_session(options.spark_log)
    progress = Progress(options.quiet)
    removed = unpublish_night(options.store, options.night, settings, progress, spark)
    if not options.quiet:
        print(
            f"HBase at {settings.connection.address} has nothing of the night {options.night} any "
            f"more: {removed:,} rows removed or freed of its cells."
        )


def verify(options: argparse.Namespace) -> None:
    """Whether a stored night is whole and HBase has exactly it."""
    where = f"The night {options.night} in {options.store}"
    wrong = list(store_differences(options.store, options.night))
    if not wrong and options.hbase is not None:
        settings = load_hbase(options.hbase)
        where += f" and HBase at {settings.connection.address}"
        wrong = list(hbase_differences(options.store, options.night, settings))
    if not wrong:
        print(f"{where}: whole and consistent.")
        return
    print("\n".join(wrong[:SHOWN]))
    if len(wrong) > SHOWN:
        print(f"... and {len(wrong) - SHOWN:,} more.")
    raise UserError(f"{where}: {len(wrong):,} differences.")
