"""The command `glints`, and its stage in `run`."""

from __future__ import annotations

import argparse
from typing import Any

from pyspark.sql import SparkSession

from fink_tracklets.alerts.read import night_path
from fink_tracklets.errors import UserError
from fink_tracklets.glints.stage import glints_of_night, has_stamps
from fink_tracklets.progress import Progress
from fink_tracklets.spark.errors import clear_errors
from fink_tracklets.spark.session import spark_session
from fink_tracklets.store.parquet import read_manifest
from fink_tracklets.survey import Survey, load_survey


def glints(options: argparse.Namespace) -> None:
    """The physics of a stored night's flashes."""
    name = read_manifest(options.store, options.night)["survey"]
    survey = load_survey(options.survey or name)
    progress = Progress(options.quiet)
    with progress.step("starting Spark"):
        spark = spark_session(options.spark_log)
    with clear_errors(options.alerts), progress.step("measuring stamps and flashes", spark):
        done = glints_of_night(spark, options.night, options.alerts, options.store, survey)
    if not options.quiet:
        print(glint_report(done))


def glint_stage(
    spark: SparkSession,
    night: str,
    alerts: str,
    store: str,
    survey: Survey,
    progress: Progress,
) -> None:
    """The stage of `run`: nothing where alerts have no stamps.

    What fails is said, not raised: the night's tracklets are stored, and wanted downstream. The
    command `glints` raises it.
    """
    try:
        with clear_errors(alerts):
            if not has_stamps(spark, night_path(spark, alerts, night), survey):
                return
            with progress.step("measuring stamps and flashes", spark):
                glints_of_night(spark, night, alerts, store, survey)
    except UserError as error:
        progress.say(f"The night is stored, its flashes are not measured: {error}")
    except Exception as error:
        progress.say(
            f"The night is stored, its flashes are not measured ({type(error).__name__}): "
            f"`fink-tracklets glints --night {night} --alerts {alerts} --store {store}` says why."
        )


def glint_report(done: dict[str, Any]) -> str:
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
