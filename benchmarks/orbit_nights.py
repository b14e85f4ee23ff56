"""Ten nights in which a tenth of the flashing objects is missing from the catalogue.

    .venv/bin/python -m benchmarks.orbit_nights --seeds 440..460

The stages themselves, on a store: orbits and links night after night, then the objects; what was
missing is known. Only the missing objects fly: those of the catalogue are matched and left out. All
drawings lie in one sky, so its nights are as dense as many. Says how many of the missing end in
`objects`, how many entries are mixtures, and how far off their predictions are on the next night.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sgp4.api import SatrecArray

from benchmarks.orbit_sky import catalogue, fleet_of, pointings, simulate
from benchmarks.orbit_store import date_of, named, write_sky
from fink_tracklets import load_survey
from fink_tracklets.naming import parse_night
from fink_tracklets.orbits.objects import make_objects
from fink_tracklets.orbits.population import from_elements
from fink_tracklets.orbits.predict import dark_times, predict
from fink_tracklets.orbits.stage import add_orbits
from fink_tracklets.satellites.propagation import instants, propagate, star_relative
from fink_tracklets.sky.sphere import ARCSEC, east_north, separation, unit_vectors
from fink_tracklets.store.objects import read_objects

NIGHTS = 10
ONE, TWO = 1.177, 2.146
"""Sigmas within which half and nine tenths of a plane's normal law lie."""


def of_their_ellipses(u: np.ndarray, places: pd.DataFrame) -> np.ndarray:
    """How far true places (T, 3) are off the predicted ones, in sigmas of their ellipses."""
    here = unit_vectors(places["ra_deg"], places["dec_deg"])
    way = np.stack([np.sum(axis * u, 1) for axis in east_north(here)])
    way *= separation(here, u) / np.linalg.norm(way, axis=0) / ARCSEC
    angle = np.radians(places["angle_deg"].to_numpy())
    major = way[0] * np.sin(angle) + way[1] * np.cos(angle)
    minor = way[0] * np.cos(angle) - way[1] * np.sin(angle)
    return np.hypot(major / places["major_arcsec"], minor / places["minor_arcsec"]).to_numpy()


def main() -> None:
    """As the first lines say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", default="440..460", help="A..B, B left out")
    options.add_argument("--missing", type=float, default=0.1, help="share of the objects")
    given = options.parse_args()
    first, last = map(int, given.seeds.split(".."))
    elements, survey = catalogue(), load_survey("ztf")
    numbers = fleet_of(elements).norad_cat_id
    rng = np.random.default_rng(first)
    hidden = {int(one) for one in numbers[rng.uniform(size=len(numbers)) < given.missing]}
    fields = pointings()
    dates = date_of(fields["jd"])
    fields = fields[dates <= sorted(dates.unique())[NIGHTS - 1]]
    sky = named(simulate(elements, fields, iter(range(first, last)), hidden))
    kept = elements.take(~np.isin(elements.norad_cat_id, list(hidden)))
    truth = dict(zip(sky.tracklets["tracklet"], sky.tracklets["norad_cat_id"], strict=True))
    lost = sky.tracklets[sky.tracklets["norad_cat_id"].isin(hidden)]
    seen = lost["norad_cat_id"].value_counts()
    with tempfile.TemporaryDirectory() as store:
        begun, done = time.process_time(), []
        for night, stored in sorted(write_sky(Path(store), sky, elements, hidden).items()):
            jd = float(stored.frame("tracklets")["jd"].median())
            done.append(add_orbits(stored, from_elements(kept, jd)))
            record = done[-1].manifest.orbits or {}
            print(
                f"{night}: {record['tracklets']} unmatched, {record['links']} links in "
                f"{record['pairs']:,} pairs, {record['expected_false']:.3f} false expected"
            )
        spent = time.process_time() - begun
        objects = make_objects(done, read_objects(done[0].folder), elements)

    made = [{truth[name] for name in names} for names in objects["tracklets"]]
    pure = {next(iter(one)) for one in made if len(one) == 1}
    print(
        f"{len(lost)} tracklets of {len(seen)} missing objects, "
        f"{(seen > 1).sum()} of them seen twice or more; {spent:.0f} s of processor"
    )
    print(
        f"{len(objects)} entries: {len(pure)} objects of the {(seen > 1).sum()}, "
        f"{sum(len(one) > 1 for one in made)} mixtures, "
        f"{len(objects) - len(pure) - sum(len(one) > 1 for one in made)} entries more than objects"
    )
    right = [
        pd.notna(one) and of == {int(one)} for one, of in zip(objects["same_as"], made, strict=True)
    ]
    print(
        f"with the whole catalogue {sum(right)} are said to be the object that they are, "
        f"{objects['same_as'].notna().sum() - sum(right)} another one"
    )
    newest = date_of(sky.tracklets["jd"]).max()
    night = f"{parse_night(newest) + timedelta(days=1):%Y%m%d}"
    jd = dark_times(night, survey.site, 60.0)
    places, told = predict(objects, jd, survey.site), []
    for (_, row), of in zip(objects.iterrows(), made, strict=True):
        mine = places[places["object"] == row["object"]]
        if len(of) > 1 or not len(mine):
            continue
        k = int(np.flatnonzero(elements.norad_cat_id == min(of))[-1])
        at = instants(mine["jd"].to_numpy(), 0.0, survey.site)
        states = propagate(SatrecArray([elements.satrecs[k]]), at)
        u, _ = star_relative(
            states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
        )
        away = np.degrees(separation(u[0], unit_vectors(mine["ra_deg"], mine["dec_deg"]))) * 60
        sigmas = of_their_ellipses(u[0], mine)
        told.append((row["class"], float(np.median(sigmas))))
        print(
            f"{row['class']}, {row['n_tracklets']} tracklets in {row['n_nights']} nights over "
            f"{(row['last_seen'] - row['first_seen']).total_seconds() / 3600:.1f} h: predicted for "
            f"{night} {np.median(away):.1f}' off, said {mine['major_arcsec'].median() / 60:.1f}', "
            f"{told[-1][1]:.2f} of the ellipse"
        )
    for kind in sorted({kind for kind, _ in told}):
        sigmas = np.array([one for other, one in told if other == kind])
        print(
            f"{kind}: {len(sigmas)} entries, {(sigmas < ONE).mean():.2f} within half an ellipse's "
            f"worth ({ONE:.2f} sigma), {(sigmas < TWO).mean():.2f} within nine tenths' ({TWO:.2f})"
        )


if __name__ == "__main__":
    main()
