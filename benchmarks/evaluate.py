"""Recall and purity on simulated nights, with the default and with the published setting.

    python -m benchmarks.evaluate [--nights 10] [--seed 1] [--crowded K] [--plot FILE.png]

The candidates come from the simulation's truth, which has every alert that passes the cuts, and go
to the finder directly: no Spark.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from fink_tracklets import find_tracklets, load_survey
from fink_tracklets.evaluate import Evaluation, evaluate, evaluate_nights, summarize
from fink_tracklets.plots.rates import plot_summary
from fink_tracklets.simulate import simulate_night
from fink_tracklets.survey import Survey

FIRST_NIGHT = date(2021, 10, 22)
PACKET = {
    "candid": "alert_id",
    "ra": "ra",
    "dec": "dec",
    "rcid": "detector",
    "magpsf": "mag",
    "xpos": "x",
    "ypos": "y",
}


def main() -> None:
    """Simulate, find twice, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--crowded",
        type=int,
        default=0,
        metavar="K",
        help="exposures of a night with 500 to 4,000 candidates; the published "
        "setting is left out then: it would take hours",
    )
    parser.add_argument("--plot", metavar="FILE.png", help="of the default setting")
    options = parser.parse_args()
    default = load_survey("ztf")
    settings = {"default": default}
    if not options.crowded:
        limits = replace(default.finder, method="published")
        settings["published"] = replace(default, finder=limits)
    parts: dict[str, list[Evaluation]] = {name: [] for name in settings}
    for k in range(options.nights):
        night = f"{FIRST_NIGHT + timedelta(days=17 * k):%Y%m%d}"
        with tempfile.TemporaryDirectory() as folder:
            sky = Path(folder) / "sky"
            simulate_night(night, sky, options.seed + k, crowded=options.crowded)
            truth, frame, tracks = read_night(sky)
        for name, survey in settings.items():
            parts[name].append(evaluate(truth, frame, found(frame, survey, night), default, tracks))
    for name, nights in parts.items():
        summary = summarize(evaluate_nights(nights))
        print(f"\n{options.nights} nights, {name} setting; in brackets one standard deviation")
        print(summary.text())
        if options.plot and name == "default":
            plot_summary(summary, options.plot, f"{options.nights} simulated nights")


def read_night(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Truth, candidates and, if there, the truth's tracks."""
    truth = pd.read_parquet(folder / "truth.parquet")
    packets = pq.read_table(folder / "alerts", columns=["candidate"])["candidate"]
    packets = packets.combine_chunks()
    fields = pd.DataFrame({name: packets.field(field) for field, name in PACKET.items()})
    frame = truth.merge(fields.drop_duplicates("alert_id"), on="alert_id")
    tracks = folder / "truth_tracks.parquet"
    return truth, frame, pd.read_parquet(tracks) if tracks.is_file() else None


def found(frame: pd.DataFrame, survey: Survey, night: str) -> pd.DataFrame:
    """The alerts in tracklets, named uniquely over exposures and nights."""
    table = find_tracklets(frame, survey)
    names = table["exposure"].astype(str) + "_" + table["number"].astype(str)
    return table.assign(tracklet=f"{night}_" + names)


if __name__ == "__main__":
    main()
