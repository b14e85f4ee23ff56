"""How fast: against the bare propagation, and against a loop over Skyfield's satellites."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
from skyfield.api import EarthSatellite, wgs84

from fink_tracklets import load_survey
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.identify import (
    Catalogue,
    fields_of,
    match_tracklet,
    scenes,
    tracklet_points,
)
from fink_tracklets.satellites.night import identify_night
from fink_tracklets.satellites.propagation import instants, propagate, star_relative, timescale
from fink_tracklets.sky.sphere import ra_dec

EXPOSURES, WITH_TRACKLETS = 217, 55
CHUNK = 12


def speed(data: Path) -> None:
    """Both sides of each ratio in this run."""
    survey = load_survey("ztf")
    elements = read_elements([data / "norad_20210611.3le.gz"])
    propagator = elements.propagator()
    jd = np.repeat(2459376.7 + np.arange(EXPOSURES) * 40 / 86400, 3)
    seconds = np.tile([0.0, 15.0, 30.0], EXPOSURES)
    instants(jd[:3], 0.0, survey.site)
    bare = whole = 0.0
    for first in range(0, len(jd), CHUNK):
        part = slice(first, first + CHUNK)
        start = time.perf_counter()
        propagator.sgp4(np.floor(jd[part]), jd[part] % 1 + seconds[part] / 86400)
        bare += time.perf_counter() - start
        start = time.perf_counter()
        at = instants(jd[part], seconds[part], survey.site)
        states = propagate(propagator, at)
        star_relative(states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s)
        whole += time.perf_counter() - start
    print(
        f"{len(elements):,} objects x {EXPOSURES} exposures x 3: directions {whole:.1f} s, bare "
        f"SatrecArray {bare:.1f} s: ratio {whole / bare:.2f}"
    )

    ts = timescale()
    site = wgs84.latlon(
        survey.site.latitude_deg, survey.site.longitude_deg, survey.site.elevation_m
    )
    some = elements.satrecs[::400]
    t = [ts.utc(2021, 6, 11, 5, 0, second) for second in (0, 15, 30)]
    start = time.perf_counter()
    for satrec in some:
        satellite = EarthSatellite.from_satrec(satrec, ts)
        for instant in t:
            (satellite - site).at(instant).radec()
    loop = (time.perf_counter() - start) / len(some) / 3
    ours = whole / len(elements) / len(jd)
    print(
        f"Skyfield one by one {loop * 1e6:.0f} us, ours {ours * 1e6:.2f} us per object and time: "
        f"{loop / ours:.0f} times"
    )

    alerts, candidates = a_night(elements, survey)
    start, spent = time.perf_counter(), time.process_time()
    catalogue = Catalogue.of(elements)
    points, n = tracklet_points(alerts), 0
    for scene in scenes(catalogue, fields_of(candidates), survey):
        for own in points.get(scene.exposure, {}).values():
            n += len(match_tracklet(own, scene, survey).which) > 0
    once, once_spent = time.perf_counter() - start, time.process_time() - spent
    start, spent = time.perf_counter(), time.process_time()
    identify_night(alerts, candidates, elements, survey)
    everything, everything_spent = time.perf_counter() - start, time.process_time() - spent
    print(
        f"A night of {EXPOSURES} exposures, {alerts['tracklet'].nunique()} tracklets "
        f"({n} matched): {once:.1f} s ({once_spent:.1f} of processor); with blind match and "
        f"shifted skies {everything:.1f} s ({everything_spent:.1f})"
    )


def a_night(elements, survey):  # type: ignore[no-untyped-def]
    """Tracklets of catalogued objects in a quarter of the exposures, candidates in all."""
    rng = np.random.default_rng(1)
    jd = 2459376.7 + np.arange(EXPOSURES) * 120 / 86400
    propagator = elements.propagator()
    alerts, candidates = [], []
    for k in range(EXPOSURES):
        name = f"e{k:03d}"
        at = instants(np.full(2, jd[k]), np.array([0.0, 30.0]), survey.site)
        states = propagate(propagator, at)
        u, _ = star_relative(
            states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
        )
        up = np.flatnonzero(
            (u[:, 0] @ at.zenith[0] > 0.5) & (elements.orbits()["perigee_km"] > 2000)
        )
        ends = u[rng.choice(up)]
        if k % 4 == 0:
            path = ends[0] + np.linspace(0.05, 0.95, 9)[:, None] * (ends[1] - ends[0])
            ra, dec = ra_dec(path)
            path = pd.DataFrame({"exposure": name, "jd": jd[k], "ra": ra, "dec": dec})
            alerts.append(path.assign(tracklet=f"T{k:03d}", along_arcsec=np.arange(9.0)))
            candidates.append(alerts[-1])
        ra, dec = ra_dec(ends[:1] + rng.normal(0, 0.03, (6, 3)))
        candidates.append(
            pd.DataFrame({"exposure": name, "jd": jd[k], "ra": ra, "dec": dec, "tracklet": None})
        )
    frame = pd.concat(candidates, ignore_index=True)
    frame["alert_id"] = np.arange(len(frame))
    return pd.concat(alerts, ignore_index=True), frame
