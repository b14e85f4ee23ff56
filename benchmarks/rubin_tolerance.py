"""Recall of Rubin's tracks by the tolerance about a curve, on visits whose truth is known.

python -m benchmarks.rubin_tolerance [--candidates 100 1000] [--visits N] [--errors 0.34 0.9]

Uniform candidates and four tracks of real orbits in each visit. `--errors` are the position's
errors of a flash [arcsec] at a signal to noise of one: real sources have 0.9 in the median.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from benchmarks.prompt_rule import FLASHES, TRACKS, rate
from fink_tracklets.evaluate.compare import pair_by_alerts
from fink_tracklets.finder import find_tracklets
from fink_tracklets.simulate.fields import random_exposures
from fink_tracklets.simulate.instruments import RUBIN
from fink_tracklets.survey import load_survey


def main() -> None:
    """The table, as docs/rubin.md has it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--candidates", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--visits", type=int, default=40)
    parser.add_argument("--errors", type=float, nargs="+", default=[0.34, 0.9])
    parser.add_argument("--tolerances", type=float, nargs="+", default=[0.1, 0.2, 0.3, 0.4, 0.6])
    options = parser.parse_args()
    rubin = load_survey("rubin")
    head = ["candidates", "visits", "error", "tolerance", "recall", *FLASHES, "flashes", "false"]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for n in options.candidates:
        for error in options.errors:
            rng = np.random.default_rng([7, n])
            instrument = replace(RUBIN, centroid_arcsec=error)
            frame, truth = random_exposures(rng, options.visits, n, TRACKS, instrument=instrument)
            members = truth.dropna(subset="tracklet_id")
            size = members.groupby("tracklet_id").size()
            for tolerance in options.tolerances:
                limits = replace(
                    rubin.finder,
                    refined_tolerance_arcsec=tolerance,
                    first_tolerance_arcsec=5 * tolerance,
                )
                found = find_tracklets(frame, replace(rubin, finder=limits))
                found["tracklet"] = found["exposure"] + "-" + found["number"].astype(str)
                tracks, tracklets = pair_by_alerts(truth, found)
                recovered = tracks["recovered"].reindex(size.index)
                parts = [recovered, *(recovered[size.between(*span)] for span in FLASHES.values())]
                held = members["alert_id"].isin(found["alert_id"]).mean()
                cells = [f"{n:,}", options.visits, error, tolerance, *map(rate, parts)]
                cells += [f"{held:.3f}", int((~tracklets["true"]).sum())]
                print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
