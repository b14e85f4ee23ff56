"""How right and how fast the identification of satellites is.

python -m benchmarks.satellites accuracy --tracklets 400     (the full one: --tracklets 5000)
python -m benchmarks.satellites speed
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.satellite_skies import ErrorTable, draw_tracklets
from fink_tracklets import load_survey
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.identify import (
    Catalogue,
    fields_of,
    match,
    scenes,
    tracklet_points,
)
from fink_tracklets.satellites.settings import METHODS
from fink_tracklets.satellites.shifted import BELT_DEG, belt_distance
from fink_tracklets.survey import Survey

HIGH = ("GEO in slot", "GEO passive", "MEO", "MOLNIYA", "GTO", "HEO debris")
"""Beyond 2,000 km."""


def share(count: int, of: int) -> str:
    """A fraction with its binomial error."""
    if of == 0:
        return "-"
    p = count / of
    return f"{p:.4f} +- {np.sqrt(max(p * (1 - p), 1 / of) / of):.4f}"


def results(
    alerts: pd.DataFrame, catalogue: Catalogue, survey: Survey, shift_s: float
) -> pd.DataFrame:
    """For each tracklet and method the best object, its score, and whether it is certain."""
    points = tracklet_points(alerts)
    rows = []
    widest = replace(survey, satellites=replace(survey.satellites, method="paper1"))
    for scene in scenes(catalogue, fields_of(alerts), widest, shift_s):
        for method in METHODS:
            chosen = replace(survey, satellites=replace(survey.satellites, method=method))
            for name, own in points[scene.exposure].items():
                found = match(own, scene, chosen)
                some = len(found.which) > 0
                row = scene.orbits.rows[found.which[0]] if some else -1
                number = catalogue.elements.norad_cat_id[row] if some else 0
                score = found.score[0] if some else np.inf
                rows.append((name, method, number, score, found.certain and some))
    return pd.DataFrame(rows, columns=["tracklet", "method", "found", "score", "certain"])


def accuracy(data: Path, n: int, seed: int, high: bool, shifts: int) -> None:
    """Right, wrong and certain on drawn truth, and false matches on shifted skies."""
    survey = load_survey("ztf")
    catalogue = Catalogue.of(read_elements([data / "norad_20210611.3le.gz"]))
    elements = catalogue.elements
    rng = np.random.default_rng(seed)
    of_height = np.flatnonzero(np.isin(catalogue.classes, HIGH) == high)
    tries = rng.choice(of_height, n * (14 if high else 60))
    alerts, truth = draw_tracklets(
        elements, catalogue.classes, tries, (1.0, 4.0), survey,
        ErrorTable.read(data / "element_errors.csv"), seed,
    )  # fmt: skip
    truth = truth[:n]
    alerts = alerts[alerts["tracklet"].isin(truth["tracklet"])]
    print(f"{len(truth)} true tracklets {'beyond' if high else 'below'} 2,000 km, "
          "elements 1-4 days old")  # fmt: skip
    found = results(alerts, catalogue, survey, 0.0).merge(truth, on="tracklet")
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
    hours = survey.satellites.shift_hours[:shifts] if shifts < 8 else survey.satellites.shift_hours
    if not hours:
        return
    middle = alerts.groupby("tracklet")[["ra", "dec", "jd"]].first()
    from fink_tracklets.sphere import unit_vectors

    near = belt_distance(unit_vectors(middle["ra"], middle["dec"]), middle["jd"].to_numpy(), survey)
    belt = pd.Series(near < BELT_DEG, middle.index)
    false = pd.concat([results(alerts, catalogue, survey, hour * 3600) for hour in hours])
    false["belt"] = false["tracklet"].map(belt)
    print("\n| shifted skies | n | false | S < 8 |\n" + "| --- " * 4 + "|")
    for method, rows in false.groupby("method"):
        parts = (("all", rows), ("belt", rows[rows["belt"]]), ("elsewhere", rows[~rows["belt"]]))
        for label, part in parts:
            matched = (part["found"] != 0).sum()
            print(f"| {label}, {method} | {len(part)} | {share(matched, len(part))}"
                  f" | {share((part['score'] < 8).sum(), len(part))} |")  # fmt: skip


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("accuracy", "speed"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--tracklets", type=int, default=400)
    parser.add_argument("--shifts", type=int, default=2)
    parser.add_argument("--low", action="store_true", help="objects below 2,000 km")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start = time.perf_counter()
    if options.what == "accuracy":
        accuracy(options.data, options.tracklets, options.seed, not options.low, options.shifts)
    else:
        from benchmarks.satellite_speed import speed

        speed(options.data)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
