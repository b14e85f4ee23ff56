"""Tracklets whose truth is a catalogue: drawn with Skyfield's one-by-one path.

The objects of a real catalogue move as their elements say, plus an error drawn by class and age
from the measured ones: the truth is late along its orbit and aside of it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from skyfield.api import EarthSatellite, wgs84

from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.propagation import LIGHT_KM_S, instants, sunlit, timescale
from fink_tracklets.sphere import ARCSEC, ra_dec
from fink_tracklets.survey import Survey

NAMES = {
    "LEO1000-2000": "LEO1000-2000 debris",
    "LEO800-1000": "LEO800-1000 debris",
    "LEO600-800": "LEO600-800 debris",
    "LEO450-600": "LEO450-600 debris",
    "LEO<450": "LEO<450 debris",
}
"""Our classes that the table of errors calls otherwise."""


@dataclass(frozen=True)
class ErrorTable:
    """Percentiles 50, 68, 95 and 99 of the measured errors."""

    rows: pd.DataFrame

    @classmethod
    def read(cls, file: Path) -> ErrorTable:
        with file.open() as lines:
            frame = pd.DataFrame(csv.DictReader(lines)).replace("", None)
        return cls(frame.set_index("orbit_class").astype(float))

    def draw(
        self, orbit_class: str, age: float, rng: np.random.Generator
    ) -> tuple[float, float] | None:
        """Lateness [s] and distance aside [km], with random signs; None where not measured."""
        rows = self.rows.loc[NAMES.get(orbit_class, orbit_class)]
        row = rows[(rows["age_lo_days"] <= abs(age)) & (rows["age_hi_days"] > abs(age))].iloc[0]
        drawn = []
        for kind in ("along_s", "aside_km"):
            known = row[[f"{kind}_p{p}" for p in (50, 68, 95, 99)]].to_numpy(dtype=float)
            if np.isnan(known).any():
                return None
            at = np.interp(
                rng.random(), [0, 0.5, 0.68, 0.95, 0.99, 1.0], [0, *known, known[-1] * 1.5]
            )
            drawn.append(at * rng.choice([-1, 1]))
        return drawn[0], drawn[1]


def draw_tracklets(
    elements: Elements,
    classes: np.ndarray,
    rows: np.ndarray,
    ages: tuple[float, float],
    survey: Survey,
    table: ErrorTable,
    seed: int,
    noise_arcsec: float = 0.3,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracklets of real objects, each in an exposure of its own.

    Parameters
    ----------
    elements, classes : the catalogue
    rows : of objects that may make a tracklet, in the order tried
    ages : range of the elements' age [d]
    survey : site and exposure
    table : errors
    seed : of all that is random
    noise_arcsec : of an alert, each axis

    Returns
    -------
    Alerts (tracklet, exposure, jd, ra, dec, along_arcsec, alert_id) and truth (tracklet,
    norad_cat_id, orbit_class, length_arcsec, range_km).
    """
    rng = np.random.default_rng(seed)
    ts = timescale()
    site = wgs84.latlon(
        survey.site.latitude_deg, survey.site.longitude_deg, survey.site.elevation_m
    )
    alerts, truth = [], []
    for row in rows:
        jd = elements.epoch_jd[row] + rng.uniform(*ages)
        age = jd - elements.epoch_jd[row]
        error = table.draw(classes[row], age, rng)
        if error is None:
            continue
        night = np.floor(jd - 0.5) + 0.5 + rng.uniform(4.0, 12.0) / 24
        if not ages[0] <= night - elements.epoch_jd[row] <= ages[1]:
            continue
        at = instants(np.array([night]), 15.0, survey.site)
        n = int(np.clip(rng.lognormal(np.log(9), 0.6), 5, 100))
        start, end = sorted(rng.uniform(0, 30, 2)) if rng.random() < 0.3 else (0.5, 29.5)
        seconds = np.sort(rng.uniform(start, end, n))
        points, distance, place = _directions(
            elements.satrecs[row], night, seconds, error, site, ts
        )
        if points is None or points[0] @ at.zenith[0] < np.sin(np.radians(20)):
            continue
        if at.sun[0] @ at.zenith[0] > -0.2 or not sunlit(place[None], at.sun)[0]:
            continue
        length = np.linalg.norm(points[-1] - points[0]) / ARCSEC
        if not 10 < length < 24_000:
            continue
        points = points + rng.normal(0, noise_arcsec * ARCSEC, points.shape)
        ra, dec = ra_dec(points)
        name = f"T{len(truth):05d}"
        alerts.append(
            pd.DataFrame(
                {"tracklet": name, "exposure": name, "jd": night, "ra": ra, "dec": dec,
                 "along_arcsec": np.linalg.norm(points - points[0], axis=1) / ARCSEC}
            )
        )  # fmt: skip
        number = elements.norad_cat_id[row]
        truth.append((name, number, classes[row], length, distance))
    frame = pd.concat(alerts, ignore_index=True)
    frame["alert_id"] = np.arange(len(frame))
    names = ["tracklet", "norad_cat_id", "orbit_class", "length_arcsec", "range_km"]
    return frame, pd.DataFrame(truth, columns=names)


def _directions(satrec, jd, seconds, error, site, ts):  # type: ignore[no-untyped-def]
    """Star-relative unit vectors of an object with its error, by Skyfield."""
    late, aside_km = error
    whole = np.floor(jd - 0.5)
    day = (jd - 0.5 - whole) * 86400
    satellite = EarthSatellite.from_satrec(satrec, ts)
    watch = ts.utc(1858, 11, 17 + int(whole) - 2400000, 0, 0, day + seconds)
    seen = ts.utc(1858, 11, 17 + int(whole) - 2400000, 0, 0, day + seconds - late)
    r = satellite.at(seen).position.km.T
    v = satellite.at(seen).velocity.km_per_s.T
    if not np.isfinite(r).all():
        return None, None, None
    observer = site.at(watch).position.km.T
    x = r - observer
    distance = np.linalg.norm(x, axis=1)
    sideways = np.cross(x, v)
    x += aside_km * sideways / np.linalg.norm(sideways, axis=1, keepdims=True)
    from erfa import epv00

    earth = epv00(watch.whole, watch.tdb_fraction)[1]["v"] * 149597870.7 / 86400
    x -= (v + earth) * (distance / LIGHT_KM_S)[:, None]
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit, float(distance[0]), r[0]
