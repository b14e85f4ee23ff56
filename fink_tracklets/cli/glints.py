"""The command `glints`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_nights, at_nights, need_stored


def add(commands: common.Commands) -> None:
    """`glints` and its options."""
    command = common.add_command(
        commands,
        "glints",
        glints,
        "measure the flashes of a stored night: periods, magnitudes; lines of three alerts",
        "fink-tracklets glints --night 20210604 --alerts /lake/{Y}/{m}/{d} "
        "--store /data/tracklets\n"
        "  fink-tracklets glints --nights 20191101..20211231 --alerts /lake/{Y}/{m}/{d} "
        "--store /data/tracklets",
    )
    add_nights(command)
    command.add_argument(
        "--alerts", required=True, metavar="PATH", help="the night's alerts, with their stamps"
    )
    common.add_store(command)
    command.add_argument(
        "--survey", metavar="NAME", help="the survey's file (default: the stored night's survey)"
    )
    common.add_talk(command)


def glints(options: argparse.Namespace) -> None:
    """The physics of a stored night's flashes."""
    from fink_tracklets.glints.stage import measure_night
    from fink_tracklets.naming import parse_nights
    from fink_tracklets.pipeline.nights import need_dates
    from fink_tracklets.progress import Progress
    from fink_tracklets.spark.errors import clear_errors
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.night import open_night
    from fink_tracklets.survey import load_survey
    from fink_tracklets.years.stage import summarise_stored

    if options.nights is not None:
        need_dates(options.alerts, parse_nights(options.nights))
    need_stored(options)
    progress = Progress(options.quiet)
    with progress.step("starting Spark"):
        spark = spark_session(options.spark_log)

    def work(night: str) -> None:
        stored = open_night(options.store, night, spark)
        survey = load_survey(options.survey) if options.survey else stored.survey
        with clear_errors(options.alerts), progress.step("measuring stamps and flashes", spark):
            measured = measure_night(spark, stored, options.alerts, survey)
            done = summarise_stored(measured).manifest.glints
        if not options.quiet and done is not None:
            text = report(done)
            print(text if options.night else f"Night {night}: {text.splitlines()[-1]}", flush=True)

    at_nights(options, work, progress, spark)


def report(done: Mapping[str, Any]) -> str:
    """What was found, as lines for a terminal."""
    stamps = ", ".join(f"{count:,} {name}" for name, count in done["stamps"].items())
    combined = "\n".join(f"  {name:<35} {count:>9,}" for name, count in done["venn"].items())
    return (
        f"Stamps of candidates: {stamps or 'none'}; {done['central_peak']:,} with a peak at the "
        f"centre, {done['multi_peak']:,} with several.\n"
        f"Satellites: {done['tracklet_match']:,} by tracklet, {done['blind_match']:,} alone.\n"
        f"Candidates by what speaks for a glint:\n{combined}\n"
        f"Glints (in a tracklet, or satellite and multi_peak): {done['is_glint']:,}"
    )
