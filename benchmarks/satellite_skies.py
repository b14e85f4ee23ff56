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
from erfa import epv00
from skyfield.api import EarthSatellite, wgs84

from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.propagation import (
    LIGHT_KM_S,
    instants,
    propagate,
    sunlit,
    timescale,
)
from fink_tracklets.sky.sphere import ARCSEC, ra_dec
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
    may: np.ndarray,
    n: int,
    survey: Survey,
    table: ErrorTable,
    seed: int,
    ages: tuple[float, float] = (1.0, 4.0),
    per_exposure: int = 40,
    noise_arcsec: float = 0.3,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracklets of real objects; up to `per_exposure` of them, all over the sky, are simultaneous.

    Parameters
    ----------
    elements, classes : the catalogue
    may : (S,) which sets may make a tracklet
    n : number of tracklets
    survey : site and exposure
    table : errors
    seed : of all that is random
    ages : range of the elements' age [d]
    per_exposure : tracklets of one instant, fewer where fewer objects are up and lit
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
    days = np.floor(np.quantile(elements.epoch_jd[may], 0.5)) + 0.5 + np.arange(*ages, 1.0)
    alerts: list[pd.DataFrame] = []
    truth: list[tuple[str, int, str, float, float]] = []
    while len(truth) < n:
        jd = rng.choice(days) + rng.uniform(4.0, 12.0) / 24
        up = visible_rows(elements, may, jd, ages, survey)
        for row in rng.choice(up, min(per_exposure, len(up)), replace=False):
            error = table.draw(classes[row], jd - elements.epoch_jd[row], rng)
            if error is None:
                continue
            count = int(np.clip(rng.lognormal(np.log(9), 0.6), 5, 100))
            start, end = sorted(rng.uniform(0, 30, 2)) if rng.random() < 0.3 else (0.5, 29.5)
            seconds = np.sort(rng.uniform(start, end, count))
            points, distance = directions(elements.satrecs[row], jd, seconds, error, site, ts)
            length = np.linalg.norm(points[-1] - points[0]) / ARCSEC
            if not 10 < length < 24_000:
                continue
            points = points + rng.normal(0, noise_arcsec * ARCSEC, points.shape)
            ra, dec = ra_dec(points)
            name = f"T{len(truth):05d}"
            alerts.append(
                pd.DataFrame(
                    {
                        "tracklet": name,
                        "exposure": f"E{jd:.6f}",
                        "jd": jd,
                        "ra": ra,
                        "dec": dec,
                        "along_arcsec": np.linalg.norm(points - points[0], axis=1) / ARCSEC,
                    }
                )
            )
            truth.append((name, elements.norad_cat_id[row], classes[row], length, distance))
    names = ["tracklet", "norad_cat_id", "orbit_class", "length_arcsec", "range_km"]
    known = pd.DataFrame(truth[:n], columns=names)
    frame = pd.concat(alerts[:n], ignore_index=True)
    return frame.assign(alert_id=np.arange(len(frame))), known


def visible_rows(
    elements: Elements, may: np.ndarray, jd: float, ages: tuple[float, float], survey: Survey
) -> np.ndarray:
    """Rows of the objects that are lit, 20 deg up in the dark, and whose elements are of an age."""
    age = jd - elements.epoch_jd
    rows = np.flatnonzero(may & (age >= ages[0]) & (age <= ages[1]))
    at = instants(np.array([jd]), 15.0, survey.site)
    place = propagate(elements.take(rows).propagator(), at).position_km[:, 0]
    toward = place - at.observer_km[0]
    with np.errstate(invalid="ignore"):
        high = toward @ at.zenith[0] > np.sin(np.radians(20)) * np.linalg.norm(toward, axis=1)
    lit = sunlit(place, at.sun[0])
    return rows[high & lit & (at.sun[0] @ at.zenith[0] < -0.2)]


def directions(satrec, jd, seconds, error, site, ts):  # type: ignore[no-untyped-def]
    """Star-relative unit vectors of an object with its error, by Skyfield."""
    late, aside_km = error
    whole = np.floor(jd - 0.5)
    day = (jd - 0.5 - whole) * 86400
    satellite = EarthSatellite.from_satrec(satrec, ts)
    watch = ts.utc(1858, 11, 17 + int(whole) - 2400000, 0, 0, day + seconds)
    seen = ts.utc(1858, 11, 17 + int(whole) - 2400000, 0, 0, day + seconds - late)
    r = satellite.at(seen).position.km.T
    v = satellite.at(seen).velocity.km_per_s.T
    observer = site.at(watch).position.km.T
    x = r - observer
    distance = np.linalg.norm(x, axis=1)
    sideways = np.cross(x, v)
    x += aside_km * sideways / np.linalg.norm(sideways, axis=1, keepdims=True)
    earth = epv00(watch.whole, watch.tdb_fraction)[1]["v"] * 149597870.7 / 86400
    x -= (v + earth) * (distance / LIGHT_KM_S)[:, None]
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit, float(distance[0])
