"""The commands `run`, `demo`, `simulate` and `show`."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from fink_tracklets.cli import hbase as hbase_commands
from fink_tracklets.cli.stored import show_night, show_tracklet
from fink_tracklets.errors import UserError
from fink_tracklets.evaluate import compare
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.plots.night import plot_night, plot_tracklet
from fink_tracklets.progress import Progress
from fink_tracklets.satellites import stage as satellite_commands
from fink_tracklets.simulate import simulate_night
from fink_tracklets.store.parquet import read_table


def run(options: argparse.Namespace) -> None:
    """The end-of-night job."""
    if options.hbase is not None:
        hbase_commands.reachable(options)
    if options.satcat is not None and not options.elements:
        raise UserError("--satcat needs --elements: give the files of orbital elements, too.")
    manifest = run_night(
        options.night,
        options.alerts,
        options.store,
        options.survey,
        progress=Progress(options.quiet),
        spark_log=options.spark_log,
        elements=options.elements or (),
        satcat=options.satcat,
    )
    if not options.quiet:
        print(show_night(options.store, options.night))
        if options.elements:
            print(satellite_commands.text(options.store, options.night, manifest))
    if options.hbase is not None:
        hbase_commands.publish(options)


def demo(options: argparse.Namespace) -> None:
    """A simulated night, from alerts to a picture."""
    out = Path(options.out)
    simulated = simulate_night(options.night, out / "simulation", options.seed)
    print(f"A simulated night of ZTF: {simulated.n_rows:,} alerts in {out / 'simulation/alerts'}")
    options.alerts, options.store = str(out / "simulation" / "alerts"), str(out / "store")
    options.survey, options.hbase = "ztf", None
    options.elements, options.satcat = None, None
    run(options)

    truth = pd.read_parquet(out / "simulation" / "truth.parquet")
    score = compare(truth, read_table(options.store, "tracklet_alerts", options.night).to_pandas())
    print(
        f"\nOf {score.n_true} simulated tracklets {score.n_recovered} found, "
        f"{len(score.false)} false."
    )
    plot_night(options.store, options.night, str(out / "night.png"))
    print(f"The picture: {out / 'night.png'}")


def simulate(options: argparse.Namespace) -> None:
    """A night of alerts with known truth."""
    simulated = simulate_night(
        options.night,
        options.out,
        options.seed,
        exposures=options.exposures,
        crowded=options.crowded,
        catalogue=options.catalogue,
        survey=options.survey,
        cutouts=options.cutouts,
    )
    print(
        f"{simulated.n_rows:,} alerts of {simulated.n_exposures} exposures with "
        f"{simulated.n_tracklets} tracklets in {options.out}/alerts, their truth in "
        f"{options.out}/truth.parquet and truth_tracks.parquet, the objects in "
        f"{simulated.catalogue}"
    )


def show(options: argparse.Namespace) -> None:
    """What is stored."""
    is_night = options.what.isdigit()
    text = show_night if is_night else show_tracklet
    print(text(options.store, options.what))
    if options.plot:
        draw = plot_night if is_night else plot_tracklet
        draw(options.store, options.what, options.plot)
        print(f"\nThe picture: {options.plot}")
