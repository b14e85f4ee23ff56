"""The command `evaluate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from fink_tracklets.errors import UserError
from fink_tracklets.evaluate.inject import inject
from fink_tracklets.evaluate.night import Evaluation, evaluate
from fink_tracklets.evaluate.summary import Summary, summarize
from fink_tracklets.store.parquet import read_manifest, read_table
from fink_tracklets.survey import Survey, load_survey
from fink_tracklets.survey.config import build

TRACKS = "truth_tracks.parquet"
"""Beside the truth, if the simulator wrote it."""


def evaluate_command(options: argparse.Namespace) -> None:
    """Recall and purity of a stored night, or recall of injected tracks."""
    injected = options.inject is not None
    needed = ("alerts",) if injected else ("truth", "store")
    useless = ("truth", "store") if injected else ("alerts",)
    way = "with --inject" if injected else "without --inject"
    for name in needed:
        if getattr(options, name) is None:
            raise UserError(f"evaluate {way} needs --{name}.")
    for name in useless:
        if getattr(options, name) is not None:
            raise UserError(f"evaluate {way} makes no use of --{name}; leave it out.")
    if injected and options.inject < 1:
        raise UserError("--inject: give the number of tracks, 1 or more.")
    found = injected_night(options) if injected else stored_night(options)
    summary = summarize(found)
    title = f"{options.night}: {len(found.tracks):,} {'injected' if injected else 'true'} tracks"
    print(f"{title}; in brackets one standard deviation\n{summary.text(recall_only=injected)}")
    if injected:
        print(f"other tracklets found in the copies: {int((~found.tracklets['true']).sum())}")
    if options.json is not None:
        write_json(summary, options.json)
    if options.plot is not None:
        from fink_tracklets.plots.rates import plot_summary

        plot_summary(summary, options.plot, title, recall_only=injected)
        print(f"The picture: {options.plot}")


def write_json(summary: Summary, file: str) -> None:
    """The summary as a file."""
    try:
        Path(file).write_text(json.dumps(summary.as_json(), indent=1) + "\n")
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror}).") from error


def stored_night(options: argparse.Namespace) -> Evaluation:
    """A night of the store against its truth, under the settings that it was found with."""
    truth = read_truth(Path(options.truth), ("alert_id", "tracklet_id"))
    beside = Path(options.truth).with_name(TRACKS)
    tracks = read_truth(beside, ("tracklet_id",)) if beside.is_file() else None
    manifest = read_manifest(options.store, options.night)
    survey = build(Survey, manifest["configuration"], f"the manifest of {options.night}")
    found = read_table(options.store, "tracklet_alerts", options.night).to_pandas()
    candidates = read_table(options.store, "candidates", options.night).to_pandas()
    if len(truth) and not truth["alert_id"].isin(candidates["alert_id"]).any():
        raise UserError(
            f"{options.truth}: none of its alerts is a candidate of the night {options.night} in "
            f"{options.store}; is it the truth of this night?"
        )
    return evaluate(truth, candidates, found, survey, tracks)


def read_truth(file: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """A truth table; a file that is none is a `UserError`."""
    try:
        table = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read as Parquet ({error}).") from error
    for name in needed:
        if name not in table:
            raise UserError(f"{file}: the column {name} is missing; give a simulation's truth.")
    return table


def injected_night(options: argparse.Namespace) -> Evaluation:
    """Tracks injected into the candidates of a night, read as `run` reads them."""
    from pyspark.sql import functions as F

    from fink_tracklets.alerts.read import night_path, read_alerts
    from fink_tracklets.naming import parse_night
    from fink_tracklets.pipeline.tables import by_exposure
    from fink_tracklets.spark.errors import clear_errors
    from fink_tracklets.spark.session import spark_session

    parse_night(options.night)
    survey = load_survey(options.survey)
    spark = spark_session()
    with clear_errors(options.alerts):
        alerts = read_alerts(spark, night_path(spark, options.alerts, options.night), survey)
        names = ("alert_id", "ra", "dec", "detector", "x", "y")
        rows = (
            by_exposure(alerts, survey)
            .where(F.col("exposure").isNotNull())
            .select("exposure", "px", "py", "pz", F.inline("found"))
            .select("exposure", "px", "py", "pz", *names)
            .collect()
        )
    if not rows:
        raise UserError(f"{options.alerts}: no alert of the night passes the cuts.")
    frame = pd.DataFrame(rows, columns=["exposure", "px", "py", "pz", *names])
    first = frame.drop_duplicates("exposure").set_index("exposure")[["px", "py", "pz"]]
    centres: dict[object, np.ndarray] = dict(zip(first.index, first.to_numpy(float), strict=True))
    return inject(frame.drop(columns=["px", "py", "pz"]), centres, survey, options.inject,
                  options.seed)  # fmt: skip
