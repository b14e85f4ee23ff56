"""How long a simulated night takes, and how like the paper's mean night it is.

    python benchmarks/simulate.py [--nights 6]

The first lines give seconds for a night of 314 exposures (145,000 alerts after quality) without
cutouts, as a ratio to one minute, and with cutouts of the candidates. The table is the one in
docs/simulation.md: Karpov & Peloton 2022, Table 1, section 2 and Figures 2, 4 and 5.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from fink_tracklets.simulate import SimulatedNight, simulate_night
from fink_tracklets.sky.sphere import ARCSEC, separation, unit_vectors

PAPER = {
    "exposures": 314,
    "exposures with candidates": 217,
    "exposures with 5 or more": 78,
    "median of candidates per exposure": 3,
    "candidates": 1220,
    "tracklets": 12.3,
    "alerts in tracklets": 140,
    "share of candidates in tracklets": 0.115,
    "median events per tracklet": 9,
    "mean events per tracklet": 11.4,
    "median length [arcsec]": 416,
}


def main() -> None:
    """Simulate some nights of a year, each with its own seed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--nights", type=int, default=6)
    n = parser.parse_args().nights
    nights, tracklets = [], []
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for seed in range(1, n + 1):
            date = f"2021{1 + 2 * seed % 12:02d}{10 + seed:02d}"
            begin = time.perf_counter()
            result = simulate_night(date, Path(folder) / "sky", seed)
            seconds.append(time.perf_counter() - begin)
            figures, found = describe(result)
            nights.append(figures)
            tracklets.append(found)
        print(
            f"a night without cutouts: {np.median(seconds):.1f} s, "
            f"{np.median(seconds) / 60:.2f} of a minute"
        )
        begin = time.perf_counter()
        simulate_night(date, Path(folder) / "sky", seed, cutouts="candidates")
        print(f"with cutouts of the candidates: {time.perf_counter() - begin:.1f} s")

    means = pd.DataFrame(nights)
    found = pd.concat(tracklets)
    figures = {
        **means.mean(),
        "median events per tracklet": found["points"].median(),
        "mean events per tracklet": found["points"].mean(),
        "median length [arcsec]": found["length"].median(),
    }
    figures["share of candidates in tracklets"] = (
        figures["alerts in tracklets"] / figures["candidates"]
    )
    print(f"\n| mean of {n} nights | paper | simulated | nights' scatter |\n|---|---|---|---|")
    for name, value in figures.items():
        scatter = f"{means[name].std():.0f}" if name in means else ""
        number = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
        print(f"| {name} | {PAPER.get(name, '')} | {number} | {scatter} |")
    print("\n| orbit class | share of tracklets | median length [arcsec] |\n|---|---|---|")
    for name, part in found.groupby("orbit_class"):
        print(f"| {name} | {len(part) / len(found):.2f} | {part['length'].median():.0f} |")


def describe(night: SimulatedNight) -> tuple[dict[str, float], pd.DataFrame]:
    """A night's figures, and its tracklets with their points and lengths."""
    truth, tracks = pd.read_parquet(night.truth), pd.read_parquet(night.truth_tracks)
    per_exposure = truth["exposure"].value_counts()
    glints = truth[truth["kind"] == "glint"]
    rows = []
    for name, one in glints.dropna(subset=["tracklet_id"]).groupby("tracklet_id"):
        points = unit_vectors(*one.sort_values("flash_s")[["true_ra", "true_dec"]].to_numpy().T)
        length = separation(points[0], points[-1]) / ARCSEC
        rows.append({"tracklet_id": name, "points": len(one), "length": length})
    found = pd.DataFrame(rows, columns=["tracklet_id", "points", "length"])
    return {
        "exposures": night.n_exposures,
        "exposures with candidates": len(per_exposure),
        "exposures with 5 or more": int((per_exposure >= 5).sum()),
        "median of candidates per exposure": float(per_exposure.median()),
        "candidates": len(truth),
        "tracklets": night.n_tracklets,
        "alerts in tracklets": night.n_tracklet_alerts,
        "alerts of lone glints": int(glints["tracklet_id"].isna().sum()),
        "tracks that flash": len(tracks),
    }, found.merge(tracks[["tracklet_id", "orbit_class"]], on="tracklet_id")


if __name__ == "__main__":
    main()
