"""The orbits of one tracklet against truth, and the published ways beside them.

    .venv/bin/python -m benchmarks.orbits --seeds 400..412 --most 500

By the protocol of docs/orbits.md: real catalogue, real pointings, fresh drawings of what flashes,
at most two tracklets of an object, night and drawing; all objects of a fifth of the launches leave
the prior.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from benchmarks.orbit_sky import Sky, catalogue, held_out, pointings, simulate
from fink_tracklets import load_survey
from fink_tracklets.orbits.classes import CLASSES, GEO
from fink_tracklets.orbits.laplace import Watched, even_times, paper_orbit, zeinalov
from fink_tracklets.orbits.night import orbit_of
from fink_tracklets.orbits.population import from_elements, nodes_of
from fink_tracklets.orbits.sight import Sight, sight_of
from fink_tracklets.orbits.twobody import elements_of
from fink_tracklets.satellites.propagation import instants
from fink_tracklets.sky.sphere import unit_vectors

FOLDS = 5
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
BINS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
JD = 2459376.5


def published(
    row: pd.Series, points: np.ndarray, sight: Sight, truth: pd.Series
) -> dict[str, bool]:
    """Whether the paper's orbit and Zeinalov's are usable: a to 10 %, e to .05, i to 2 degrees."""
    survey = load_survey("ztf")
    seconds = even_times(len(points), survey.exposure_time_s)
    at = instants(np.full(len(points), row["jd"]), seconds, survey.site)
    usable = False
    for order in (points, points[::-1]):
        state = paper_orbit(Watched(seconds, order, at.observer_km))
        if state is not None:
            a, e, i = (float(one) for one in elements_of(state[:3], state[3:])[:3])
            usable |= (
                abs(a / truth["a"] - 1) < 0.1
                and abs(e - truth["e"]) < 0.05
                and abs(np.degrees(i) - truth["i"]) < 2
            )
    radius = zeinalov(sight)
    near = radius is not None and abs(radius / truth["a"] - 1) < 0.1
    return {"laplace": usable, "zeinalov": near}


def measure(sky: Sky, most: int) -> pd.DataFrame:
    """A row for each tracklet of the test."""
    elements, survey = catalogue(), load_survey("ztf")
    population = from_elements(elements, JD)
    launches = np.unique(population.launch)
    fold = dict(
        zip(launches, np.random.default_rng(1).integers(0, FOLDS, len(launches)), strict=True)
    )
    own = np.array([fold[one] for one in population.launch])
    nodes = [nodes_of(population.take(own != k)) for k in range(FOLDS)]
    rows = {int(number): k for k, number in enumerate(population.norad_cat_id)}
    kinds = population.classes
    of_tracklet = dict(tuple(sky.alerts.groupby("tracklet")))
    fields = sky.exposures.set_index("exposure")
    test = held_out(sky)
    test = test.sample(min(most, len(test)), random_state=1)
    found = []
    for _, row in test.iterrows():
        k = rows[int(row["norad_cat_id"])]
        truth = pd.Series(
            {
                "a": population.a_km[k],
                "e": population.eccentricity[k],
                "i": population.inclination_deg[k],
            }
        )
        alerts, field = of_tracklet[row["tracklet"]], fields.loc[row["exposure"]]
        sight = sight_of(row, alerts, unit_vectors(field["ra"], field["dec"]), survey)
        begun = time.process_time()
        posterior, beat = orbit_of(sight, nodes[own[k]])
        spent = time.process_time() - begun
        points = unit_vectors(alerts["ra"], alerts["dec"])
        points = points[np.argsort(points @ sight.line.ahead)]
        one = {
            "norad_cat_id": row["norad_cat_id"],
            "kind": kinds[k],
            "length": row["length_arcsec"],
            "beat": beat is not None,
            "seconds": spent,
            **truth,
            **published(row, points, sight, truth),
        }
        one |= {f"p{j}": p for j, p in enumerate(posterior.classes)}
        for name, values in (
            ("a", posterior.a_km),
            ("e", posterior.eccentricity),
            ("i", posterior.inclination_deg),
        ):
            one |= {
                f"{name}{level:.2f}": value
                for level, value in zip(LEVELS, posterior.quantiles(values, LEVELS), strict=True)
            }
        found.append(one)
    return pd.DataFrame(found)


def report(found: pd.DataFrame) -> None:
    """The table of docs/orbits.md."""
    p = found[[f"p{j}" for j in range(len(CLASSES))]].to_numpy()
    kind = found["kind"].to_numpy()
    n, best = len(found), p.argmax(axis=1)
    log = -np.log(p[np.arange(n), kind])
    shares = np.bincount(kind, minlength=len(CLASSES)) / n
    one_hot = np.eye(len(CLASSES))[kind]
    brier = ((p - one_hot) ** 2).sum(axis=1)
    decided = p.max(axis=1) > 0.9
    numbers = found["norad_cat_id"].unique()
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(found["norad_cat_id"] == number) for number in numbers]
    drawn = [
        np.concatenate([groups[k] for k in rng.integers(0, len(groups), len(groups))])
        for _ in range(300)
    ]

    def error(values: np.ndarray) -> float:
        return float(np.std([values[rows].mean() for rows in drawn]))

    print(
        f"{n} tracklets of {len(numbers)} objects; shares "
        + ", ".join(f"{name} {share:.2f}" for name, share in zip(CLASSES, shares, strict=True))
    )
    by_shares = -np.log(shares[kind]).mean()
    print(f"log score {log.mean():.3f} +- {error(log):.3f} (shares: {by_shares:.3f})")
    print(f"Brier {brier.mean():.3f} +- {error(brier):.3f}, top-1 {np.mean(best == kind):.3f}")
    print(f"P > .9 for {decided.mean():.3f}, right in {np.mean((best == kind)[decided]):.3f}")
    which = np.digitize(p.ravel(), BINS)
    said = np.array([p.ravel()[which == b].mean() for b in range(len(BINS) + 1)])
    was = np.array([one_hot.ravel()[which == b].mean() for b in range(len(BINS) + 1)])
    share = np.array([np.mean(which == b) for b in range(len(BINS) + 1)])
    print("reliability " + ", ".join(f"{a:.3f}/{b:.3f}" for a, b in zip(said, was, strict=True)))
    print(f"calibration error {share @ np.abs(said - was):.4f}")
    for name, part in [("all", found), *((CLASSES[j], found[kind == j]) for j in np.unique(kind))]:
        told = []
        for one in "aei":
            low, lower, middle, upper, high = (part[f"{one}{level:.2f}"] for level in LEVELS)
            unit = part["a"] if one == "a" else 1.0
            inside = ((part[one] > low) & (part[one] < high)).mean()
            half = ((part[one] > lower) & (part[one] < upper)).mean()
            width = ((high - low) / unit).median()
            off = ((middle - part[one]) / unit).abs()
            told.append(
                f"{one} {half:.2f}/{inside:.2f}, {width:.3f}, "
                f"{off.median():.4f}/{off.quantile(0.9):.4f}"
            )
        right = ""
        if name != "all":
            its = p[part.index]
            k = CLASSES.index(name)
            right = f"; P {its[:, k].mean():.2f}, top-1 {np.mean(its.argmax(axis=1) == k):.2f}"
        print(f"{name} ({len(part)}): " + "; ".join(told) + right)
    geo = kind == GEO
    for way in ("laplace", "zeinalov"):
        longest = found["length"] > 3600
        print(
            f"{way}: usable {found[way].mean():.2f}, GEO {found.loc[geo, way].mean():.2f}, longer "
            f"than 1 deg ({longest.sum()}) {found.loc[longest, way].mean():.2f}"
        )
    print(
        f"{found['seconds'].median():.2f} s of processor a tracklet, "
        f"95 % below {found['seconds'].quantile(0.95):.2f} s; beats {found['beat'].mean():.2f}"
    )


def main() -> None:
    """As the first lines say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", default="400..412", help="A..B, B left out")
    options.add_argument("--most", type=int, default=500)
    given = options.parse_args()
    first, last = map(int, given.seeds.split(".."))
    sky = simulate(catalogue(), pointings(), iter(range(first, last)))
    report(measure(sky, given.most))


if __name__ == "__main__":
    main()
