"""Is one object one tracklet? Nights flown with a real catalogue, and pairs on one parallel.

    python -m benchmarks.one_object nights --catalogue FILE [--nights 10] [--seed 1]
    python -m benchmarks.one_object pairs [--pairs 1000] [--seed 1]

`nights`: simulated nights of 600 exposures on the days after the catalogue's, found without Spark;
recall, split and merged tracks by orbit, and tracklets of no one object. `pairs`: two geostationary
objects on one parallel, 100" to 2,000" apart, each flashing five times or more to its own beat.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import scenes
from benchmarks.evaluate import found, read_night
from fink_tracklets import load_survey
from fink_tracklets.evaluate.compare import pair_by_alerts
from fink_tracklets.finder import significant
from fink_tracklets.simulate import simulate_night

EXPOSURES = 600
FIRST = datetime(2021, 6, 5)
"""The night of the first elements in the shared catalogue."""
DAYS = 7
"""Nights that it serves."""
ARC = 15.041 * 30
"""What a geostationary object moves among the stars in an exposure [arcsec]."""
APART = (100, 200, 450, 900, 2000)
"""Edges of the pairs' separations [arcsec]."""


def nights(catalogue: Path, count: int, seed: int) -> None:
    """Print a table by orbit, and what went wrong."""
    survey, all_tracks, all_found = load_survey("ztf"), [], []
    for k in range(count):
        night = f"{FIRST + timedelta(days=k % DAYS):%Y%m%d}"
        with tempfile.TemporaryDirectory() as folder:
            simulate_night(night, folder, seed + k, exposures=EXPOSURES, catalogue=catalogue)
            truth, frame, orbits = read_night(Path(folder))
        assert orbits is not None
        tracks, tracklets = pair_by_alerts(truth, found(frame, survey, night))
        orbits = orbits.dropna(subset="tracklet_id").set_index("tracklet_id")["orbit_class"]
        all_tracks.append(tracks.join(orbits))
        all_found.append(tracklets)
        print(f"night {k + 1} of {count}: {len(tracks)} tracks", flush=True)
    tracks, tracklets = pd.concat(all_tracks), pd.concat(all_found)
    print("| orbit | tracks | recovered | split |\n| --- | --- | --- | --- |")
    for name, part in [("all", tracks), *tracks.groupby("orbit_class")]:
        print(f"| {name} | {len(part)} | {part['recovered'].mean():.3f} | {part['split'].sum()} |")
    print(
        f"{count * EXPOSURES} exposures: {len(tracklets)} tracklets, {tracklets['merged'].sum()} "
        f"merged, {(~tracklets['true']).sum()} of no one object"
    )


def pairs(count: int, seed: int) -> None:
    """Print how many pairs stay two, by their separation."""
    survey, rows = load_survey("ztf"), []
    for k in range(count):
        rng = np.random.default_rng([seed, k])
        apart = float(np.exp(rng.uniform(*np.log([APART[0], APART[-1]]))))
        sizes, parts = [], []
        for begin in (0.0, apart):
            period = ARC / rng.uniform(5, 25)
            along = np.arange(rng.uniform(0, period), ARC, period)
            along = along[rng.uniform(size=len(along)) > 0.1]
            sizes.append(len(along))
            parts.append(begin + along + rng.normal(0, 0.01 * period, len(along)))
        if min(sizes) < survey.finder.min_points:
            continue
        xy = np.stack([np.concatenate(parts), np.zeros(sum(sizes))], axis=1)
        xy = np.concatenate([xy + rng.normal(0, 0.15, xy.shape), scenes.uniform(rng, 30, 25_000)])
        sky = scenes.on_sky(xy, dec=0.0)
        label = significant.link(sky, np.zeros(len(sky), dtype=np.int64), survey)[0]
        owner = np.repeat([0, 1], sizes)
        of = [set(owner[label[: len(owner)] == t].tolist()) for t in range(label.max() + 1)]
        two = sorted(map(len, of)) == [1, 1]
        rows.append((apart, two, any(len(one) == 2 for one in of)))
    table = pd.DataFrame(rows, columns=["apart", "two", "mixed"])
    table["apart"] = pd.cut(table["apart"], APART)
    print("| apart, arcsec | pairs | two, each of one object | one tracklet of both |")
    print("| --- | --- | --- | --- |")
    for name, part in table.groupby("apart", observed=True):
        print(f"| {name} | {len(part)} | {part['two'].mean():.3f} | {part['mixed'].mean():.3f} |")


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["nights", "pairs"])
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.what == "pairs":
        pairs(options.pairs, options.seed)
    elif options.catalogue is None:
        parser.error("nights needs --catalogue FILE")
    else:
        nights(options.catalogue, options.nights, options.seed)


if __name__ == "__main__":
    main()
