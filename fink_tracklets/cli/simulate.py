"""The command `simulate`."""

from __future__ import annotations

import argparse

from fink_tracklets.cli import options as common


def add(commands: common.Commands) -> None:
    """`simulate` and its options."""
    command = common.add_command(
        commands,
        "simulate",
        simulate,
        "simulate a night of alerts with known truth",
        "fink-tracklets simulate --night 20211022 --out sky --seed 7",
    )
    common.add_night(command)
    command.add_argument(
        "--out", required=True, metavar="DIR", help="gets alerts/ and what is true of them"
    )
    common.add_seed(command)
    command.add_argument(
        "--exposures",
        type=int,
        default=314,
        metavar="N",
        help="of the night (default: %(default)s)",
    )
    command.add_argument(
        "--crowded",
        type=int,
        default=0,
        metavar="K",
        help="exposures that get 500 to 4,000 candidates",
    )
    command.add_argument(
        "--candidates",
        type=int,
        metavar="N",
        help="background candidates in each exposure, evenly spread (default: a mean night's)",
    )
    command.add_argument(
        "--catalogue",
        metavar="FILE",
        help="OMM JSON, TLE or 3LE to fly, also gzipped (default: a synthetic catalogue)",
    )
    command.add_argument(
        "--survey",
        choices=("ztf", "rubin"),
        default="ztf",
        help="whose sky and schema (default: %(default)s)",
    )
    command.add_argument(
        "--cutouts",
        choices=("none", "candidates", "all"),
        default="none",
        help="alerts that get images (default: %(default)s)",
    )
    command.add_argument(
        "--after-prompt",
        action="store_true",
        help="rubin: without what the prompt pipeline removes before it sends alerts",
    )


def simulate(options: argparse.Namespace) -> None:
    """A night of alerts with known truth."""
    from fink_tracklets.simulate import simulate_night

    simulated = simulate_night(
        options.night,
        options.out,
        options.seed,
        exposures=options.exposures,
        crowded=options.crowded,
        catalogue=options.catalogue,
        survey=options.survey,
        cutouts=options.cutouts,
        candidates=options.candidates,
        after_prompt=options.after_prompt,
    )
    print(
        f"{simulated.n_rows:,} alerts of {simulated.n_exposures} exposures with "
        f"{simulated.n_tracklets} tracklets in {options.out}/alerts, their truth in "
        f"{options.out}/truth.parquet and truth_tracks.parquet, the objects in "
        f"{simulated.catalogue}"
    )
