"""The commands `publish`, `unpublish` and `verify`."""

from __future__ import annotations

import argparse
from functools import cache
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_nights, at_nights, need_stored
from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    from fink_tracklets.hbase.settings import HBaseSettings
    from fink_tracklets.progress import Progress
    from fink_tracklets.store.night import StoredNight

SHOWN = 50
"""Differences that `verify` prints."""


def add(commands: common.Commands) -> None:
    """The three commands and their options."""
    command = common.add_command(
        commands,
        "publish",
        publish,
        "bring a stored night into HBase, in place of its old state",
        "fink-tracklets publish --night 20210604 --store /data/tracklets --hbase thrift:9090\n"
        "  fink-tracklets publish --nights 20191101..20211231 --store /data/tracklets",
    )
    add_nights(command)
    common.add_store(command)
    common.add_hbase(command, "where to", default="")
    common.add_talk(command)

    command = common.add_command(
        commands,
        "unpublish",
        unpublish,
        "take a night out of HBase",
        "fink-tracklets unpublish --night 20210604 --store /data/tracklets --hbase thrift:9090",
    )
    common.add_night(command)
    common.add_store(command)
    common.add_hbase(command, "where from", default="")
    common.add_talk(command)

    command = common.add_command(
        commands,
        "verify",
        verify,
        "say whether a stored night is whole, and HBase has exactly it",
        "fink-tracklets verify --night 20210604 --store /data/tracklets --hbase thrift:9090\n"
        "  fink-tracklets verify --nights 20191101..20211231 --store /data/tracklets",
    )
    add_nights(command)
    common.add_store(command)
    common.add_hbase(command, "compare HBase, too, cell by cell")


def publish(options: argparse.Namespace) -> None:
    """Stored nights into HBase."""
    from fink_tracklets.progress import Progress
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path

    progress = Progress(options.quiet)
    settings_of = cache(lambda survey: reachable(options.hbase, survey, progress))
    need_stored(options)
    if options.nights is None and local_path(options.store) is not None:
        settings_of(open_night(options.store, options.night).survey.name)
    with progress.step("starting Spark"):
        spark = spark_session(options.spark_log)

    def work(night: str) -> None:
        stored = open_night(options.store, night, spark)
        publish_stored(stored, settings_of(stored.survey.name), progress)

    at_nights(options, work, progress, spark)


def publish_stored(stored: StoredNight, settings: HBaseSettings, progress: Progress) -> None:
    """Publish a night, and say what was done."""
    from fink_tracklets.hbase.publish import publish_night
    from fink_tracklets.spark.session import spark_session

    done = publish_night(spark_session(), stored, settings, progress)
    if not progress.quiet:
        tracklets, alerts = settings.tracklets.table, settings.alerts.table
        print(
            f"HBase at {settings.connection.address} has the night {stored.night}: "
            f"{done.rows:,} rows in {tracklets}, {done.cells:,} cells {settings.alerts.column} in "
            f"{alerts}, {done.missing:,} alerts without a row there; {done.removed:,} rows of a "
            "state before changed or removed."
        )


def is_published(stored: StoredNight, settings: HBaseSettings) -> bool:
    """Whether HBase at this address got the night as it is stored now."""
    address, run = settings.connection.address, stored.manifest.run
    records = stored.manifest.hbase.values()
    return any(record["address"] == address and record["published"] == run for record in records)


def reachable(address: str, survey: str, progress: Progress) -> HBaseSettings:
    """The settings, after a look at HBase: nothing is begun that cannot be ended."""
    from fink_tracklets.hbase.client import HBase
    from fink_tracklets.hbase.publish import need_tables
    from fink_tracklets.hbase.settings import load_hbase

    settings = load_hbase(address, survey)
    with HBase(settings, progress.say) as hbase:
        need_tables(hbase)
    return settings


def unpublish(options: argparse.Namespace) -> None:
    """A night out of HBase."""
    from fink_tracklets.hbase.publish import unpublish_night
    from fink_tracklets.hbase.settings import load_hbase
    from fink_tracklets.progress import Progress
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path

    spark = None if local_path(options.store) else spark_session(options.spark_log)
    stored = open_night(options.store, options.night, spark)
    settings = load_hbase(options.hbase, stored.survey.name)
    removed = unpublish_night(stored, settings, Progress(options.quiet))
    if not options.quiet:
        print(
            f"HBase at {settings.connection.address} has nothing of the night {options.night} any "
            f"more: {removed:,} rows removed or freed of its cells."
        )


def verify(options: argparse.Namespace) -> None:
    """Whether stored nights are whole and HBase has exactly them."""
    from fink_tracklets.progress import Progress

    at_nights(options, lambda night: verify_night(options, night), Progress())


def verify_night(options: argparse.Namespace, night: str) -> None:
    """Say whether a stored night is whole; differences are an error."""
    from fink_tracklets.hbase.settings import load_hbase
    from fink_tracklets.hbase.verify import hbase_differences
    from fink_tracklets.store.night import read_state
    from fink_tracklets.store.verify import store_differences

    where = [f"The night {night} in {options.store}"]

    def differences(stored: StoredNight) -> list[str]:
        settings = None
        if options.hbase is not None:
            settings = load_hbase(options.hbase, stored.survey.name)
        wrong = list(store_differences(stored))
        if not wrong and settings is not None:
            where[1:] = [f" and HBase at {settings.connection.address}"]
            wrong = list(hbase_differences(stored, settings))
        return wrong

    wrong = read_state(options.store, night, differences)
    if not wrong:
        print(f"{''.join(where)}: whole and consistent.")
        return
    print("\n".join(wrong[:SHOWN]))
    if len(wrong) > SHOWN:
        print(f"... and {len(wrong) - SHOWN:,} more.")
    raise UserError(f"{''.join(where)}: {len(wrong):,} differences.")
