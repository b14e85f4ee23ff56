"""What an orbit weighs: how many fly so, and how well what was seen fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.orbits.beat import Beat, unseen_flashes
from fink_tracklets.orbits.classes import CLASSES, GEO, MOLNIYA
from fink_tracklets.orbits.population import Population
from fink_tracklets.orbits.sight import Sight

Array = NDArray[np.float64]

POLE_GEO_DEG, POLE_GEO_TIGHT_DEG, TIGHT_BELOW_DEG = 1.2, 0.5, 1.0
"""Kernel about the pole of a geosynchronous orbit; of those below an inclination of 1 degree."""
INCLINATION_DEG = 1.0
"""Kernel in the inclination of all others; their nodes are uniform."""
CIRCULAR, PERIGEE_DEG, LIKE_MOLNIYA, LIKE_OTHERS = 0.05, 15.0, 0.9, 0.3
"""The perigee: uniform below this e; else so many lie about the catalogued one."""
MOST_POINTS = 12
"""More points than this do not say more of the length: flashes are not independent."""
LENGTH_NOISE = 1.0
"""Error of the length [errors of a point]."""
BEGINS = (np.arange(10) + 0.5) / 10
"""Where the exposure begins, of the free length."""
UNSEEN = 0.15
"""What each flash costs that a beat predicts in exposure and field and that is not there."""
NO_BEAT = 0.05
"""The chance that a found beat is none."""
TEMPER, CLIMATE = 1.2, 0.005
"""The classes' probabilities are P^TEMPER, and CLIMATE of them the population's shares."""


def pole_density(
    pole: Array, inclination_deg: Array, population: Population, kinds: NDArray[np.int64]
) -> Array:
    """Density of the population's poles [1/sr] at others."""
    i0 = population.inclination_deg
    width = np.radians(np.where(i0 < TIGHT_BELOW_DEG, POLE_GEO_TIGHT_DEG, POLE_GEO_DEG))
    i, node = np.radians(i0), np.radians(population.node_deg)
    x, y, z = np.sin(i) * np.sin(node), -np.sin(i) * np.cos(node), np.cos(i)
    away2 = (pole[:, 0] - x) ** 2 + (pole[:, 1] - y) ** 2 + (pole[:, 2] - z) ** 2
    about = np.exp(-away2 / (2 * width**2)) / (2 * np.pi * width**2)
    u = (inclination_deg - i0) / INCLINATION_DEG
    ring = np.exp(-(u**2) / 2) / (np.sqrt(2 * np.pi) * np.radians(INCLINATION_DEG))
    ring /= 2 * np.pi * np.maximum(np.sin(np.radians(inclination_deg)), np.radians(0.5))
    return np.where((kinds == GEO) & np.isfinite(population.node_deg), about, ring)


def perigee_density(perigee_deg: Array, population: Population, kinds: NDArray[np.int64]) -> Array:
    """Density of the population's arguments of perigee [1/rad] at others."""
    width = np.radians(PERIGEE_DEG)
    away = np.radians((perigee_deg - population.perigee_deg + 180) % 360 - 180)
    about = np.exp(-((away / width) ** 2) / 2) / (np.sqrt(2 * np.pi) * width)
    like = np.where(kinds == MOLNIYA, LIKE_MOLNIYA, LIKE_OTHERS)
    like = np.where((population.eccentricity < CIRCULAR) | np.isnan(away), 0.0, like)
    return like * np.nan_to_num(about) + (1 - like) / (2 * np.pi)


def student(misfit: Array, scale: Array) -> Array:
    """Student's t with two degrees of freedom, but for a constant."""
    return (1 + (misfit / scale) ** 2 / 2) ** -1.5 / scale


def window(sight: Sight, arc: Array, beat: Beat | None, sense: Array) -> Array:
    """How well points fit into exposures that draw arcs [rad] (S,).

    The exposure begins anywhere before the first point so that it ends after the last one. Without
    a beat the points are thrown into the part of the arc that is in the field; with one, each
    flash that should be there and is not costs.
    """
    L = sight.line.length
    over = arc - L
    error = LENGTH_NOISE * sight.line.noise
    fits = np.where(over > 0, 1.0, np.exp(-((np.minimum(over, 0) / error) ** 2) / 2))
    free = np.maximum(over, error)
    before = free[:, None] * BEGINS
    after = free[:, None] - before
    seen_before = np.minimum(before, sight.room[0])
    seen_after = np.minimum(after, sight.room[1])
    n = min(len(sight.line.points), MOST_POINTS)
    thrown = ((L / (L + seen_before + seen_after)) ** n).mean(axis=1)
    if beat is not None:
        lost = unseen_flashes(beat, seen_before, seen_after)
        thrown = NO_BEAT * thrown + (1 - NO_BEAT) * (UNSEEN**lost).mean(axis=1)
    return fits * free * thrown


def tempered(kind: NDArray[np.int64], weight: Array, population: Population) -> tuple[Array, Array]:
    """Probabilities of the classes, and the weights that have them."""
    plain = np.bincount(kind, weight, minlength=len(CLASSES))
    climate = np.bincount(population.classes, population.weight, minlength=len(CLASSES))
    soft = plain**TEMPER
    wanted = (1 - CLIMATE) * soft / soft.sum() + CLIMATE * climate / climate.sum()
    factor = np.divide(wanted, plain, out=np.zeros_like(plain), where=plain > 0)
    weight = weight * factor[kind]
    return wanted, weight / weight.sum()
