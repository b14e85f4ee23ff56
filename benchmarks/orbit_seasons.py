"""How well the inclination of geosynchronous objects is known, season by season.

    .venv/bin/python -m benchmarks.orbit_seasons --seeds 600..610

The catalogue of 2021-06 is flown by SGP4 to the real pointings of six times of the year; planes are
those of the middle of each. Launches are held out as in `benchmarks.orbits`. "If a were known" is
the posterior with the true a (60 km) and e (.005) put in: what the place and the direction give.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from sgp4.api import SatrecArray

from benchmarks.orbit_sky import DAYS, catalogue, held_out, pointings, simulate
from benchmarks.orbits import FOLDS
from fink_tracklets import load_survey
from fink_tracklets.orbits.classes import GEO
from fink_tracklets.orbits.night import orbit_of
from fink_tracklets.orbits.population import Population, from_elements, nodes_of
from fink_tracklets.orbits.posterior import Posterior
from fink_tracklets.orbits.sight import sight_of
from fink_tracklets.orbits.twobody import elements_of
from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.propagation import instants, propagate
from fink_tracklets.sky.sphere import unit_vectors

SEASONS = {
    "December 2019": 2458829.5,
    "March": 2458909.5,
    "May": 2458969.5,
    "June": 2459000.5,
    "September": 2459090.5,
    "December 2020": 2459190.5,
}
EXPOSURES = 700
"""At most so many of a season are flown."""
KNOWN_KM, KNOWN_E = 60.0, 0.005
COMMON_KM, COMMON_WITHIN_KM, COMMON_E = 42_164.0, 500.0, 0.012
"""What is within 1.2 % of the common radius all around its orbit."""


def of_date(elements: Elements, jd: float) -> Population:
    """The population, geosynchronous planes as SGP4 has them on a date."""
    population, site = from_elements(elements, jd), load_survey("ztf").site
    rows = np.flatnonzero(population.classes == GEO)
    sets = dict(zip(elements.norad_cat_id.tolist(), elements.satrecs, strict=True))
    fleet = SatrecArray([sets[int(one)] for one in population.norad_cat_id[rows]])
    at = instants(np.array([jd]), 0.0, site)
    states, teme = propagate(fleet, at), at.to_gcrs[0]
    found = elements_of(states.position_km[:, 0] @ teme, states.velocity_km_s[:, 0] @ teme)
    inclination, node = population.inclination_deg.copy(), population.node_deg.copy()
    flies = np.isfinite(found[0])
    inclination[rows[flies]] = np.degrees(found[2][flies])
    node[rows[flies]] = np.degrees(found[3][flies])
    return replace(population, inclination_deg=inclination, node_deg=node)


def median_if_known(found: Posterior, a_km: float, e: float) -> float:
    """The inclination's median with a and e put in."""
    away = ((found.a_km - a_km) / KNOWN_KM) ** 2 + ((found.eccentricity - e) / KNOWN_E) ** 2
    weight = found.weight * np.exp(-away / 2)
    if not weight.sum() > 0:
        return float("nan")
    told = replace(found, weight=weight / weight.sum())
    return float(told.quantiles(told.inclination_deg, np.array([0.5]))[0])


def season(first_jd: float, seeds: range, most: int) -> pd.DataFrame:
    """A row for each tracklet."""
    elements, survey, fields = catalogue(), load_survey("ztf"), pointings(first_jd, DAYS)
    fields = fields.iloc[:: int(np.ceil(len(fields) / EXPOSURES))]
    population = of_date(elements, float(fields["jd"].mean()))
    launches = np.unique(population.launch)
    folds = np.random.default_rng(1).integers(0, FOLDS, len(launches))
    own = folds[np.searchsorted(launches, population.launch)]
    nodes = [nodes_of(population.take(own != k)) for k in range(FOLDS)]
    rows = {int(number): k for k, number in enumerate(population.norad_cat_id)}
    only = population.norad_cat_id[population.classes == GEO]
    sky = simulate(elements, fields, iter(seeds), only)
    of_tracklet = dict(tuple(sky.alerts.groupby("tracklet")))
    fields = fields.set_index(fields["jd"].map(float).map(repr))
    test, made = held_out(sky), []
    for _, row in test.sample(min(most, len(test)), random_state=1).iterrows():
        k, field = rows[int(row["norad_cat_id"])], fields.loc[row["exposure"]]
        centre = unit_vectors(field["ra"], field["dec"])
        sight = sight_of(row, of_tracklet[row["tracklet"]], centre, survey)
        found, _ = orbit_of(sight, nodes[own[k]])
        low, middle, high = found.quantiles(found.inclination_deg, np.array([0.05, 0.5, 0.95]))
        truth = population.inclination_deg[k]
        known = median_if_known(found, population.a_km[k], population.eccentricity[k])
        drawn = found.inclination_deg[found.drawn(100)]
        made.append(
            {
                "norad_cat_id": row["norad_cat_id"],
                "off": abs(middle - truth),
                "inside": low < truth < high,
                "a_off": abs(
                    found.quantiles(found.a_km, np.array([0.5]))[0] / population.a_km[k] - 1
                ),
                "p_geo": found.classes[GEO],
                "off_known": abs(known - truth),
                "said": np.abs(drawn - middle),
                "common": abs(population.a_km[k] - COMMON_KM) < COMMON_WITHIN_KM
                and population.eccentricity[k] < COMMON_E,
            }
        )
    return pd.DataFrame(made)


def main() -> None:
    """As the first lines say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", default="600..610", help="A..B, B left out")
    options.add_argument("--most", type=int, default=100, help="tracklets of a season")
    given = options.parse_args()
    first, last = map(int, given.seeds.split(".."))
    every = []
    for name, first_jd in SEASONS.items():
        every.append(season(first_jd, range(first, last), given.most))
        tell(name, every[-1])
    together = pd.concat(every)
    tell("all", together)
    tell(f"a within {COMMON_WITHIN_KM:.0f} km and e below {COMMON_E}", together[together["common"]])
    tell("the others", together[~together["common"]])
    print(
        "i off at 90 %, drawn again by objects: "
        + " to ".join(map("{:.3f}".format, drawn_again(together)))
    )


def drawn_again(found: pd.DataFrame, times: int = 1000) -> np.ndarray:
    """The 16th and 84th percentile of the error at 90 %, of other drawings of the objects."""
    rng = np.random.default_rng(1)
    of_object = [off.to_numpy() for _, off in found.groupby("norad_cat_id")["off"]]
    tails = [
        np.quantile(np.concatenate([of_object[k] for k in picked]), 0.9)
        for picked in rng.integers(0, len(of_object), (times, len(of_object)))
    ]
    return np.quantile(tails, [0.16, 0.84])


def tell(name: str, found: pd.DataFrame) -> None:
    """A line of docs/orbits.md."""
    off, known = found["off"], found["off_known"].dropna()
    said = np.quantile(np.concatenate(found["said"].tolist()), [0.5, 0.8])
    print(
        f"{name}: {len(found)} tracklets of {found['norad_cat_id'].nunique()} objects; i off "
        f"{off.median():.3f}/{off.quantile(0.9):.3f} deg (80 % {off.quantile(0.8):.3f}; said "
        f"{said[0]:.3f}, 80 % {said[1]:.3f}), with a known "
        f"{known.median():.3f}/{known.quantile(0.9):.3f}; a off {found['a_off'].median():.4f}/"
        f"{found['a_off'].quantile(0.9):.4f}; inside 90 % {found['inside'].mean():.2f}; "
        f"P(GEO) {found['p_geo'].mean():.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
