"""The command `evaluate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fink_tracklets.cli import options as common
from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from fink_tracklets.evaluate import Evaluation, ShortTracks, Summary
    from fink_tracklets.store.night import StoredNight

TRACKS, FLASHES = "truth_tracks.parquet", "truth_flashes.parquet"
"""Beside the truth, if the simulator wrote it."""


def add(commands: common.Commands) -> None:
    """`evaluate` and its options."""
    command = common.add_command(
        commands,
        "evaluate",
        evaluate,
        "recall and purity of a simulated night, or, with --inject, the recall of tracks added to "
        "the candidates of any night",
        "fink-tracklets evaluate --truth sky/truth.parquet --night 20211022 --store tracklets",
    )
    common.add_night(command)
    command.add_argument("--truth", metavar="FILE", help="truth.parquet of the simulation")
    command.add_argument("--store", metavar="DIR", help="folder of the Parquet store")
    command.add_argument("--inject", type=int, metavar="K", help="add K tracks; no store is used")
    command.add_argument("--alerts", metavar="PATH", help="to inject into, as for `run`")
    common.add_survey(command)
    common.add_seed(command)
    command.add_argument("--json", metavar="FILE", help="write the numbers, too")
    common.add_plot(command, "draw them, too")


def evaluate(options: argparse.Namespace) -> None:
    """Recall and purity of a stored night, or recall of injected tracks."""
    from fink_tracklets.evaluate import summarize

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
    found, short, flashes = (
        (injected_night(options), None, None) if injected else stored_night(options)
    )
    summary = summarize(found)
    title = f"{options.night}: {len(found.tracks):,} {'injected' if injected else 'true'} tracks"
    print(f"{title}; in brackets one standard deviation\n{summary.text(recall_only=injected)}")
    if short is not None:
        print(short.text())
    if injected:
        print(f"other tracklets found in the copies: {int((~found.tracklets['true']).sum())}")
    if flashes is not None:
        emitted, counted = (sum(map(sum, flashes[name])) for name in ("emitted", "counted"))
        print(f"flashes above the limit: {emitted:,}; alerts in tracklets: {counted:,}")
    if options.json is not None:
        write_json(summary, options.json, flashes)
    if options.plot is not None:
        from fink_tracklets.plots.rates import plot_summary

        plot_summary(summary, options.plot, title, recall_only=injected)
        print(f"The picture: {options.plot}")


def write_json(summary: Summary, file: str, flashes: dict[str, Any] | None) -> None:
    """The summary, and the flashes by depth where they are known, as a file."""
    told = summary.as_json() | ({} if flashes is None else {"flashes": flashes})
    try:
        Path(file).write_text(json.dumps(told, indent=1) + "\n")
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror}).") from error


def stored_night(
    options: argparse.Namespace,
) -> tuple[Evaluation, ShortTracks | None, dict[str, Any] | None]:
    """A night of the store against its truth, under the settings that it was found with.

    Returns
    -------
    result : its tracklets
    short : its short tracks; None where they are not stored or the truth knows no objects
    flashes : its flashes by depth; None where the simulation wrote none
    """
    from fink_tracklets.evaluate import compare_short, evaluate
    from fink_tracklets.evaluate.flashes import flash_counts
    from fink_tracklets.store.night import read_state

    truth = read_truth(Path(options.truth), ("alert_id", "tracklet_id"))
    tracks, flashes = (
        read_truth(beside, needed) if beside.is_file() else None
        for beside, needed in (
            (Path(options.truth).with_name(TRACKS), ("tracklet_id",)),
            (Path(options.truth).with_name(FLASHES), ("exposure", "mag")),
        )
    )

    def tables(stored: StoredNight) -> tuple[StoredNight, dict[str, pd.DataFrame]]:
        names = ("tracklet_alerts", "candidates", "exposures", "short_tracks")
        return stored, {name: stored.frame(name) for name in names}

    stored, frames = read_state(options.store, options.night, tables)
    found, candidates, exposures, short = frames.values()
    if len(truth) and not truth["alert_id"].isin(candidates["alert_id"]).any():
        raise UserError(
            f"{options.truth}: none of its alerts is a candidate of the night {options.night} in "
            f"{options.store}; is it the truth of this night?"
        )
    knows = stored.has("short_tracks") and "norad_cat_id" in truth
    return (
        evaluate(truth, candidates, found, stored.survey, tracks),
        compare_short(truth, found, short) if knows else None,
        None if flashes is None else flash_counts(flashes, candidates, exposures),
    )


def read_truth(file: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """A truth table; a file that is none is a `UserError`."""
    import pandas as pd

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
    from fink_tracklets.alerts.exposures import night_candidates
    from fink_tracklets.evaluate.inject import inject
    from fink_tracklets.naming import parse_night
    from fink_tracklets.spark.errors import clear_errors
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.survey import load_survey

    parse_night(options.night)
    survey = load_survey(options.survey)
    spark = spark_session()
    with clear_errors(options.alerts):
        candidates, centres = night_candidates(spark, options.alerts, options.night, survey)
    if candidates.empty:
        raise UserError(f"{options.alerts}: no alert of the night passes the cuts.")
    return inject(candidates, centres, survey, options.inject, options.seed)
