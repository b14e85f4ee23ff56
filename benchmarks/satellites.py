"""How right and how fast the identification of satellites is.

python -m benchmarks.satellites accuracy --tracklets 5000 --seed 7
python -m benchmarks.satellites accuracy --tracklets 1500 --seed 7 --low
python -m benchmarks.satellites chance --tracklets 5000 --seed 8
python -m benchmarks.satellites composites --tracklets 1000 --seed 9
python -m benchmarks.satellites night
python -m benchmarks.satellites speed
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from benchmarks.satellite_campaign import campaign, drawn, parts, share
from benchmarks.satellite_chance import chance
from benchmarks.satellite_composites import composites
from benchmarks.satellite_night import night
from benchmarks.satellite_speed import speed


def accuracy(data: Path, n: int, seed: int, high: bool, skies: int) -> None:
    """Right, wrong and certain on drawn truth, and false matches on shifted skies."""
    alerts, truth, catalogue, survey = drawn(data, n, seed, high)
    every = campaign(alerts, catalogue, survey, [0.0] + [None] * skies)
    every = every.merge(truth, on="tracklet")
    found, false = every[every["sky"] == 0], every[every["sky"] != 0]
    print(
        "| method | n | right | wrong | certain | wrong among the certain |\n" + "| --- " * 6 + "|"
    )
    for label, part in (("all", found), *found.groupby("orbit_class")):
        for method, rows in part.groupby("method"):
            right = rows["found"] == rows["norad_cat_id"]
            wrong = (rows["found"] != 0) & ~right
            sure = rows["certain"]
            print(
                f"| {label}, {method} | {len(rows)} | {share(right.sum(), len(rows))} | "
                f"{share(wrong.sum(), len(rows))} | {share(sure.sum(), len(rows))} | "
                f"{(wrong & sure).sum()} of {sure.sum()} |"
            )
    print("\n| shifted skies | n | false | false and certain |\n" + "| --- " * 4 + "|")
    for method, rows in false.groupby("method"):
        for label, part in parts(rows):
            matched = part["found"] != 0
            print(
                f"| {label}, {method} | {len(part)} | {share(matched.sum(), len(part))} | "
                f"{share(part['certain'].sum(), len(part))} |"
            )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("accuracy", "chance", "composites", "night", "speed"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tracklets", type=int, default=5000)
    parser.add_argument("--skies", type=int, default=2, help="shifted ones for each exposure")
    parser.add_argument("--low", action="store_true", help="objects below 2,000 km")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.perf_counter()
    if options.what == "accuracy":
        accuracy(options.data, options.tracklets, options.seed, not options.low, options.skies)
    elif options.what == "chance":
        chance(options.data, options.tracklets, options.seed)
    elif options.what == "composites":
        composites(options.data, options.tracklets, options.seed, options.skies)
    elif options.what == "night":
        night(options.data)
    else:
        speed(options.data)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
