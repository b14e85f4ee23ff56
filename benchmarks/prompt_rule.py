"""Our finder beside the rule of Rubin's prompt pipeline, on visits whose truth is known.

python -m benchmarks.prompt_rule [--candidates 100 1000 5000 10000] [--exposures N] [--seed K]

Uniform candidates and four tracks of real orbits in each visit. The pipeline's rule looks at one
detector at a time (`simulate.prompt.glint_trails`).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from fink_tracklets.evaluate.compare import pair_by_alerts
from fink_tracklets.finder import find_tracklets
from fink_tracklets.simulate.fields import random_exposures
from fink_tracklets.simulate.instruments import RUBIN
from fink_tracklets.simulate.prompt import glint_trails
from fink_tracklets.survey import load_survey

TRACKS = 4
EXPOSURES = {100: 60, 1000: 40, 5000: 6, 10_000: 3}
"""Visits of each number of candidates."""
FLASHES = {"5-6": (5, 6), "7-10": (7, 10), "11-100": (11, 100)}


def pipeline(frame: pd.DataFrame) -> pd.DataFrame:
    """What the pipeline's rule finds: alert_id, tracklet."""
    rng, found = np.random.default_rng(1), []
    for key, here in frame.groupby(["exposure", "detector"]):
        trail = glint_trails(here[["x", "y"]].to_numpy() * RUBIN.mosaic.pixel_arcsec, rng)
        names = [f"{key}-{number}" for number in trail[trail >= 0]]
        found.append(pd.DataFrame({"alert_id": here["alert_id"][trail >= 0], "tracklet": names}))
    return pd.concat(found, ignore_index=True)


def ours(frame: pd.DataFrame) -> pd.DataFrame:
    """What our finder finds: alert_id, tracklet."""
    found = find_tracklets(frame, load_survey("rubin"))
    names = found["exposure"] + "-" + found["number"].astype(str)
    return pd.DataFrame({"alert_id": found["alert_id"], "tracklet": names})


def tracks_of(frame: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Of each true track its flashes, and the most of them in one detector."""
    members = truth.dropna(subset="tracklet_id").merge(frame[["alert_id", "detector"]])
    counts = members.groupby(["tracklet_id", "detector"]).size()
    by_track = counts.groupby("tracklet_id")
    return pd.DataFrame({"flashes": by_track.sum(), "most": by_track.max()})


def rate(found: pd.Series) -> str:
    """Found of all."""
    return f"{found.sum()} of {len(found)}"


def main() -> None:
    """The tables, as docs/finder.md has them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--candidates", type=int, nargs="+", default=list(EXPOSURES))
    parser.add_argument("--exposures", type=int, help="visits of each number of candidates")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    head = ["candidates", "visits", "finder", "recall", "one detector", "across", "< 5 in each"]
    head += [*FLASHES, "found by it alone", "false", "purity", "s per visit"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for n in options.candidates:
        rng = np.random.default_rng([options.seed, n])
        visits = options.exposures or EXPOSURES.get(n, 3)
        frame, truth = random_exposures(rng, visits, n, TRACKS, instrument=RUBIN)
        of = tracks_of(frame, truth)
        rows = {}
        for name, find in (("ours", ours), ("pipeline", pipeline)):
            start = time.process_time()
            found = find(frame)
            seconds = (time.process_time() - start) / visits
            tracks, tracklets = pair_by_alerts(truth, found)
            rows[name] = (tracks["recovered"].reindex(of.index), tracklets["true"], seconds)
        for name, (recovered, true, seconds) in rows.items():
            other = rows["pipeline" if name == "ours" else "ours"][0]
            one = of["most"] == of["flashes"]
            parts = [recovered, recovered[one], recovered[~one], recovered[of["most"] < 5]]
            parts += [recovered[of["flashes"].between(*span)] for span in FLASHES.values()]
            cells = [f"{n:,}", visits, name, *map(rate, parts), int((recovered & ~other).sum())]
            cells += [int((~true).sum()), f"{true.mean():.3f}", f"{seconds:.2f}"]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
