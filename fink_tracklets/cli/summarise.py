"""The command `summarise`."""

from __future__ import annotations

import argparse

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_nights, at_nights, need_stored

HELP = """\
`run` does this by itself. It is for nights of an older version, and for changes made in Python.
With --alerts the plane of P1's figure 1 is counted, too, and scores where the stored candidates
have none; without, what was counted of them before stays."""


def add(commands: common.Commands) -> None:
    """`summarise` and its options."""
    command = common.add_command(
        commands,
        "summarise",
        summarise,
        "count a stored night anew for `report` and the page of statistics",
        "fink-tracklets summarise --nights 20191101..20211231 --alerts /lake/{Y}/{m}/{d} "
        "--store /data/tracklets",
        more=HELP,
    )
    add_nights(command)
    command.add_argument("--alerts", metavar="PATH", help="the night's alerts, as for `run`")
    common.add_store(command)
    common.add_talk(command)


def summarise(options: argparse.Namespace) -> None:
    """A stored night's counts, from its tables and, if given, its alerts."""
    from fink_tracklets.naming import parse_nights
    from fink_tracklets.pipeline.counts import count_alerts
    from fink_tracklets.pipeline.nights import need_dates
    from fink_tracklets.progress import Progress
    from fink_tracklets.spark.errors import clear_errors
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path
    from fink_tracklets.years.stage import summarise_stored

    if options.alerts is not None and options.nights is not None:
        need_dates(options.alerts, parse_nights(options.nights))
    need_stored(options)
    progress = Progress(options.quiet)
    spark = None
    if options.alerts is not None or local_path(options.store) is None:
        with progress.step("starting Spark"):
            spark = spark_session(options.spark_log)

    def work(night: str) -> None:
        stored = open_night(options.store, night, spark)
        plane, quality = None, None
        if spark is not None and options.alerts is not None:
            with clear_errors(options.alerts), progress.step("counting the alerts", spark):
                plane, quality = count_alerts(spark, options.alerts, stored)
        done = summarise_stored(stored, plane, quality)
        if not options.quiet:
            print(f"Night {night}: {done.manifest.rows['summary']:,} counts.", flush=True)

    at_nights(options, work, progress, spark)
