"""Does the order of the rows matter? 100 random orders of 200 exposures of every density.

python -m benchmarks.order [--full]
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed

import numpy as np
import pandas as pd

from benchmarks import scenes
from fink_tracklets import find_tracklets, load_survey
from fink_tracklets.sky.sphere import ra_dec


def exposures(sizes: list[int], seed: int) -> pd.DataFrame:
    """One exposure per size, with a tracklet or two each, every ninth one clumped."""
    ztf, parts, alert = load_survey("ztf"), [], 0
    for number, n in enumerate(sizes):
        rng = np.random.default_rng([seed, number])
        size = scenes.side(ztf)
        field = (scenes.clumps if number % 9 == 2 and n <= 200 else scenes.uniform)(rng, n, size)
        plane = np.concatenate([field, scenes.tracklets(rng, 2 if n >= 200 else 1, size, 0.3)[0]])
        ra, dec = ra_dec(scenes.on_sky(plane, rng.uniform(0, 360), rng.uniform(-90, 90)))
        ids = alert + np.arange(len(ra))
        alert += len(ra)
        parts.append(pd.DataFrame({"exposure": number, "alert_id": ids, "ra": ra, "dec": dec}))
    return pd.concat(parts, ignore_index=True)


def differs(frame: pd.DataFrame, expected: pd.DataFrame, seed: int) -> bool:
    """Whether a random order of the rows changes any bit of the result."""
    rows = np.random.default_rng([2, seed]).permutation(len(frame))
    return not find_tracklets(frame.iloc[rows], load_survey("ztf")).equals(expected)


def main() -> None:
    """Count the orders whose result differs in any bit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="100 orders of 200 exposures")
    options = parser.parse_args()
    orders, count = (100, 200) if options.full else (4, 20)
    shares = [
        (5, 0.3),
        (20, 0.3),
        (60, 0.2),
        (200, 0.15),
        (600, 0.03),
        (1000, 0.015),
        (4000, 0.005),
    ]
    sizes = [n for n, share in shares for _ in range(round(share * count))]
    frame, ztf = exposures(sizes, 1), load_survey("ztf")
    expected = find_tracklets(frame, ztf)
    different = 0
    with ProcessPoolExecutor(2) as pool:
        tasks = [pool.submit(differs, frame, expected, seed) for seed in range(orders)]
        for done, task in enumerate(as_completed(tasks), 1):
            different += task.result()
            print(f"order {done} of {orders}, {different} differ", file=sys.stderr, flush=True)
    alone = 0
    for number in range(len(sizes)):
        one = find_tracklets(frame[frame["exposure"] == number], ztf)
        mine = expected[expected["exposure"] == number].reset_index(drop=True)
        alone += not one.reset_index(drop=True).equals(mine)
    tracklets = len(expected.drop_duplicates(["exposure", "number"]))
    print(
        f"{orders} orders of {len(sizes)} exposures ({tracklets} tracklets): {different} differ; "
        f"{alone} exposures differ when searched alone"
    )


if __name__ == "__main__":
    main()
