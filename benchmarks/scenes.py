"""Skies for the finder's benchmarks: random points of one exposure, with and without tracklets.

Positions are in arcseconds in the tangent plane of a square field (`disc`: of a round one);
`on_sky` puts them on the sphere.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.survey import Survey

DATA = Path(
    os.environ.get("FINK_TRACKLETS_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)
"""The real alerts."""
QUADRANT = 3085.0
"""Side of a ZTF readout channel [arcsec]."""


def side(survey: Survey) -> float:
    """Side of the survey's field as a square [arcsec]."""
    return 3600 * float(np.sqrt(survey.field_area_deg2))


def on_sky(plane: np.ndarray, ra: float = 150.0, dec: float = 20.0) -> np.ndarray:
    """Unit vectors ``(n, 3)`` of tangent-plane positions ``(n, 2)`` [arcsec]."""
    vectors = TangentPlane.at(ra, dec).vectors(*plane.T)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def uniform(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """Background candidates ``(n, 2)``."""
    return rng.uniform(-0.5, 0.5, (n, 2)) * size


def disc(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """The same on a round field of the same area, as Rubin's."""
    radius, angle = np.sqrt(rng.uniform(size=n) / np.pi), rng.uniform(0, 2 * np.pi, n)
    return size * np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def gradient(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """A density that grows 55 times from one edge to the other."""
    x = np.log(1 + rng.uniform(size=n) * 54) / np.log(55) - 0.5
    return np.stack([x, rng.uniform(-0.5, 0.5, n)], axis=1) * size


def clumps(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """2-3 clumps of 50-100 points, sigma 30-300", on a uniform background."""
    parts = [uniform(rng, n, size)]
    for _ in range(rng.integers(2, 4)):
        sigma = 30 * 10 ** rng.uniform(0, 1)
        centre = uniform(rng, 1, 0.9 * size)
        parts.append(centre + rng.normal(0, sigma, (rng.integers(50, 101), 2)))
    return np.concatenate(parts)


def quadrant(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """One readout channel with 5-50 times the density."""
    more = rng.poisson(n * (QUADRANT / size) ** 2 * rng.uniform(5, 50))
    corner = uniform(rng, 1, size - QUADRANT)
    return np.concatenate([uniform(rng, n, size), corner + uniform(rng, more, QUADRANT)])


def rings(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """1-3 rings of 20-100 points around bright stars: radius 1-5', sigma 4-30"."""
    parts = [uniform(rng, n, size)]
    for _ in range(rng.integers(1, 4)):
        count, sigma = rng.integers(20, 101), rng.uniform(4, 30)
        radius = rng.uniform(60, 300) + rng.normal(0, sigma, count)
        angle = rng.uniform(0, 2 * np.pi, count)
        ring = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        parts.append(uniform(rng, 1, 0.9 * size) + ring)
    return np.concatenate(parts)


def strips(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """1-3 strips of 20-60 points along a readout channel, 20-120" wide."""
    parts = [uniform(rng, n, size)]
    for _ in range(rng.integers(1, 4)):
        count = rng.integers(20, 61)
        strip = np.stack([uniform(rng, count, QUADRANT)[:, 0], rng.uniform(-0.5, 0.5, count)], 1)
        strip[:, 1] *= rng.uniform(20, 120)
        parts.append(uniform(rng, 1, size - QUADRANT) + strip[:, :: rng.choice([-1, 1])])
    return np.concatenate(parts)


def knots(rng: np.random.Generator, n: int, size: float) -> np.ndarray:
    """1-2 lines of two or three knots of 50 points within 10"."""
    parts = [uniform(rng, n, size)]
    for _ in range(rng.integers(1, 3)):
        angle, length = rng.uniform(0, 2 * np.pi), 100 * 10 ** rng.uniform(0, 1.5)
        direction = length * np.array([np.cos(angle), np.sin(angle)])
        places = np.sort(rng.uniform(0, 1, rng.integers(2, 4)))
        for place in places:
            radius, turn = 5 * np.sqrt(rng.uniform(size=50)), rng.uniform(0, 2 * np.pi, 50)
            disc = radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
            parts.append(disc + place * direction)
        offset = uniform(rng, 1, 0.7 * size)
        parts[-len(places) :] = [part + offset for part in parts[-len(places) :]]
    return np.concatenate(parts)


def magnitudes(rng: np.random.Generator, owner: np.ndarray, kind: str) -> np.ndarray:
    """Magnitudes of points: background (owner -1) and tracklets (0, 1, ...).

    As those of the simulator's nights: the background steep toward the limit, spread 1.2 mag, a
    tracklet's points alike within .2 mag (median). `independent`: a tracklet's points as different
    as the background's. `equal`: all the same.
    """
    if kind == "equal":
        return np.full(len(owner), 19.0)
    values = 20.6 - rng.gamma(2.5, 0.78, len(owner))
    if kind == "alike":
        for number in range(owner.max(initial=-1) + 1):
            mine = owner == number
            spread = 0.2 * np.exp(0.7 * rng.normal())
            values[mine] = 20.5 - rng.gamma(2.0, 0.8) + rng.normal(0, spread, mine.sum())
    return values


SCENES = {f.__name__: f for f in (uniform, disc, gradient, clumps, quadrant, rings, strips, knots)}


def tracklets(
    rng: np.random.Generator, count: int, size: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tracklets as issue 4 wants them, and the number of each point's tracklet.

    Points: 30 % with 5-6, 35 % with 7-10, 35 % with 11-40. Lengths log-normal around 416" (sigma
    0.6), 6" per point at least. Spacing: a third regular with a jitter of 1.5 % of a period, a
    third 15 %, a third random. Curvatures normal, sigma 0.1 per radian.
    """
    parts, owner = [], []
    for number in range(count):
        low, high = [(5, 6), (7, 10), (11, 40)][np.searchsorted([0.3, 0.65], rng.uniform())]
        n = int(rng.integers(low, high + 1))
        length = max(rng.lognormal(np.log(416.0), 0.6), 6.0 * n)
        jitter = [0.015, 0.15, None][rng.integers(3)]
        if jitter is None:
            share = rng.uniform(size=n)
        else:
            share = (np.arange(n) + rng.normal(0, jitter, n)) / (n - 1)
        along = (share - 0.5) * length
        across = rng.normal(0, 0.1) * along**2 / 2 / 206265
        angle = rng.uniform(0, 2 * np.pi)
        cos, sin = np.cos(angle), np.sin(angle)
        track = np.stack([along * cos - across * sin, along * sin + across * cos], axis=1)
        centre = rng.uniform(-0.5, 0.5, 2) * (size - length)
        parts.append(track + centre + rng.normal(0, noise, (n, 2)))
        owner += [number] * n
    return np.concatenate(parts), np.array(owner)


def real_frame(data: Path) -> pd.DataFrame:
    """The candidates of 40,545 real ZTF exposures, as `find_tracklets` takes them."""
    table = pd.read_parquet(data / "ztf_moving_candidates_2019_2020.parquet")
    return table.rename(columns={"jd": "exposure", "candid": "alert_id"})[
        ["exposure", "alert_id", "ra", "dec"]
    ]
