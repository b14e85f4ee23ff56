"""The command `demo`."""

from __future__ import annotations

import argparse
from pathlib import Path

from fink_tracklets.cli import options as common


def add(commands: common.Commands) -> None:
    """`demo` and its options."""
    command = common.add_command(
        commands,
        "demo",
        demo,
        "simulate a night like ZTF's, find its tracklets, draw them",
        "fink-tracklets demo --out demo --seed 2",
    )
    command.add_argument(
        "--out",
        default="demo",
        metavar="DIR",
        help="folder for all it makes (default: %(default)s)",
    )
    command.add_argument("--night", default="20211022", help=argparse.SUPPRESS)
    common.add_seed(command)
    common.add_talk(command)


def demo(options: argparse.Namespace) -> None:
    """A simulated night, from alerts to a picture."""
    import pandas as pd

    from fink_tracklets.cli.show import night_text
    from fink_tracklets.evaluate import compare
    from fink_tracklets.pipeline.run import run_night
    from fink_tracklets.plots.night import plot_night
    from fink_tracklets.progress import Progress
    from fink_tracklets.simulate import simulate_night

    out = Path(options.out)
    alerts = out / "simulation" / "alerts"
    simulated = simulate_night(options.night, out / "simulation", options.seed)
    print(f"A simulated night of ZTF: {simulated.n_rows:,} alerts in {alerts}")
    stored = run_night(
        options.night,
        str(alerts),
        str(out / "store"),
        progress=Progress(options.quiet),
        spark_log=options.spark_log,
    )
    if not options.quiet:
        print(night_text(stored))

    truth = pd.read_parquet(out / "simulation" / "truth.parquet")
    score = compare(truth, stored.frame("tracklet_alerts"))
    print(
        f"\nOf {score.n_true} simulated tracklets {score.n_recovered} found, "
        f"{len(score.false)} false."
    )
    plot_night(stored, str(out / "night.png"))
    print(f"The picture: {out / 'night.png'}")
