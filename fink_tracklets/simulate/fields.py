"""Bare exposures of candidates with injected tracklets, for tests of the finder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from fink_tracklets.simulate import mosaic
from fink_tracklets.simulate.catalogue import draw_elements, from_elements
from fink_tracklets.simulate.flashes import draw_spin
from fink_tracklets.simulate.glints import MIN_POINTS, record
from fink_tracklets.simulate.instruments import ZTF, Instrument
from fink_tracklets.simulate.mosaic import Floats
from fink_tracklets.simulate.orbits import Passage, crossings
from fink_tracklets.sky.sphere import unit_vectors
from fink_tracklets.survey import load_survey

MAX_POINTS = 100
"""Most points of a tracklet here."""


def random_exposures(
    rng: np.random.Generator,
    n_exposures: int,
    n_background: int,
    tracklets_per_exposure: int,
    pointing: tuple[float, float] | None = None,
    instrument: Instrument = ZTF,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Exposures of uniform background candidates and tracklets of real orbits.

    A tracklet is that of an object as it is seen somewhere above the telescope, turned to a random
    place of the field and a random direction, with 5 to 100 points.

    Parameters
    ----------
    n_background : background candidates in each exposure
    pointing : RA and Dec [deg] to which every exposure points, the middle of the field; without
        it, each points anywhere on the sky
    instrument : whose field, positions and depth (that of its first band)

    Returns
    -------
    frame : exposure (str), alert_id, ra, dec [deg], detector, x, y [pixels], rows in random order
    truth : alert_id, exposure, tracklet_id (null for background), kind ('glint' or 'background')
    """
    if pointing is None:
        ra0 = rng.uniform(0.0, 360.0, n_exposures)
        dec0 = np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, n_exposures)))
    else:
        ra0, dec0 = (np.full(n_exposures, angle) for angle in pointing)

    exposure = np.repeat(np.arange(n_exposures), n_background)
    detector, x, y = mosaic.random_pixels(rng, len(exposure), instrument.mosaic)
    ra, dec = mosaic.pixels_to_sky(ra0[exposure], dec0[exposure], detector, x, y, instrument.mosaic)
    background = {"exposure": exposure, "ra": ra, "dec": dec, "detector": detector, "x": x, "y": y}
    parts = [pd.DataFrame(background).assign(tracklet_id=None, kind="background")]

    hosts = np.repeat(np.arange(n_exposures), tracklets_per_exposure)
    for number, i in enumerate(hosts):
        glints = draw_tracklet(rng, ra0[i], dec0[i], instrument).assign(exposure=i)
        parts.append(glints.assign(tracklet_id=f"{number:05d}", kind="glint"))

    rows = pd.concat(parts, ignore_index=True)
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    rows["exposure"] = rows["exposure"].map("{:05d}".format)
    rows["alert_id"] = np.arange(1, len(rows) + 1)
    return (
        rows[["exposure", "alert_id", "ra", "dec", "detector", "x", "y"]],
        rows[["alert_id", "exposure", "tracklet_id", "kind"]],
    )


def draw_tracklet(
    rng: np.random.Generator, ra0: float, dec0: float, instrument: Instrument = ZTF
) -> pd.DataFrame:
    """The detections (ra, dec, detector, x, y) of an object in the field at ra0, dec0 [deg]."""
    passages, classes = _passages(instrument.survey)
    while True:
        k = rng.integers(len(passages))
        spin = draw_spin(int(rng.integers(2**31)), 0, classes[k], always=True)
        assert spin is not None
        detector, x, y = mosaic.random_pixels(rng, 1, instrument.mosaic)
        there = mosaic.pixels_to_sky(ra0, dec0, detector, x, y, instrument.mosaic)
        place = unit_vectors(*there)[0]
        passage = _turned(passages[k], place, rng.uniform(0.0, 2 * np.pi))
        seen, _ = record(rng, passage, spin, ra0, dec0, instrument.limiting_mag[0], instrument)
        seen = seen[seen["role"] == "candidate"]
        if MIN_POINTS <= len(seen) <= MAX_POINTS:
            return seen[["ra", "dec", "detector", "x", "y"]]


@cache
def _passages(survey: str) -> tuple[list[Passage], list[str]]:
    """Passages over all the sky above the telescope at four instants, and their orbit classes."""
    fleet = from_elements(draw_elements(0, 2459369.5)[::12])
    site = load_survey(survey).site
    jd = 2459369.5 + np.array([0.18, 0.25, 0.35, 0.45])
    sidereal = 280.46 + 360.98565 * (jd - 2451545.0) + site.longitude_deg
    zenith = np.full(len(jd), site.latitude_deg)
    passages = crossings(fleet, site, jd, 30.0, sidereal % 360.0, zenith, 60.0)
    return passages, [fleet.orbit_class[passage.row] for passage in passages]


def _turned(passage: Passage, place: Floats, angle: float) -> Passage:
    """The passage with its middle at another place, turned by an angle."""
    middle = passage.samples[len(passage.samples) // 2]
    there = _frame(place)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]])
    return replace(passage, samples=passage.samples @ _frame(middle).T @ turn @ there)


def _frame(vector: Floats) -> Floats:
    """A right-handed frame, its rows unit vectors, the first along ``vector``."""
    helper = np.eye(3)[np.argmin(np.abs(vector))]
    second = np.cross(vector, helper)
    second /= np.linalg.norm(second)
    return np.stack([vector, second, np.cross(vector, second)])
