"""One object under two catalogue numbers: a temporary one beside the lasting one.

Supplemental files give objects numbers of their own until the catalogue has them, and both stay in
circulation. Two numbers are one object where a set of one is, to the last digit, a set of the
other; or where one number is temporary and the two orbits are the same to within what elements of
that class and age err by, over a whole revolution, and no third object fits as well. Satellites
that share a geosynchronous slot both have lasting numbers: they stay two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from sgp4.api import SatrecArray

from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.error_laws import element_errors, orbit_classes

TEMPORARY = ((70_000, 100_000), (270_000, 1_000_000_000))
"""Numbers that the catalogue does not give: it goes from 69999 to 100000, and has not come so far
as 270000."""
WIDTHS = 2.0
"""Orbits are the same where they differ by no more than so many widths of the sets' errors."""
LEAST_LATE_S, LEAST_ASIDE_KM = 0.1, 0.5
"""Added to the widths, in quadrature."""
NEAR_MOTION, NEAR_INCLINATION_DEG, NEAR_NODE_DEG, NEAR_DAYS = 1e-3, 0.1, 1.0, 14.0
"""Relative difference of mean motions, and others, within which orbits are compared at all."""
EQUATORIAL_DEG = 3.0
"""Below this inclination nodes may differ more."""
PLACES = 8
"""Places in a revolution at which two orbits are compared."""


def one_number_each(elements: Elements) -> Elements:
    """The sets with one number for each object, the lower one, sorted as they were.

    `Elements.aliases` has the numbers that are gone.
    """
    lower: dict[int, int] = {}
    for one, other in (*_equal_sets(elements), *_same_orbits(elements)):
        low, high = sorted((_lowest(one, lower), _lowest(other, lower)))
        if low != high:
            lower[high] = low
    if not lower:
        return elements
    number = np.array([_lowest(n, lower) for n in elements.norad_cat_id.tolist()], dtype=np.int64)
    own_name = dict(zip(elements.norad_cat_id, elements.name, strict=True))
    name = np.array([own_name[n] for n in number], dtype=object)
    order = np.lexsort((number != elements.norad_cat_id, elements.epoch_jd, number))
    named = replace(elements, norad_cat_id=number, name=name).take(order)
    again = (np.diff(named.norad_cat_id) == 0) & (np.diff(named.epoch_jd) == 0)
    kept = named.take(np.flatnonzero(np.concatenate([[True], ~again])))
    return replace(kept, aliases={n: _lowest(n, lower) for n in sorted(lower)})


def _lowest(number: int, lower: dict[int, int]) -> int:
    while number in lower:
        number = lower[number]
    return number


def _equal_sets(elements: Elements) -> Iterator[tuple[int, int]]:
    """Pairs of numbers that have a set in common, to the last digit."""
    seen: dict[tuple[float, ...], int] = {}
    for number, jd, s in zip(
        elements.norad_cat_id.tolist(), elements.epoch_jd.tolist(), elements.satrecs, strict=True
    ):
        key = (jd, s.no_kozai, s.ecco, s.inclo, s.nodeo, s.argpo, s.mo, s.bstar)
        if seen.setdefault(key, number) != number:
            yield seen[key], number


def _same_orbits(elements: Elements) -> Iterator[tuple[int, int]]:
    """Pairs of a temporary number and the one other number whose orbit is the same."""
    number, orbits = elements.norad_cat_id, elements.orbits()
    classes = orbit_classes(orbits, elements.name)
    motion = 1 / orbits["period_min"].to_numpy()
    inclination = orbits["inclination_deg"].to_numpy()
    node = np.degrees([s.nodeo for s in elements.satrecs])
    node_per_day = np.degrees([s.nodedot for s in elements.satrecs]) * 1440
    temporary = np.zeros(len(number), dtype=bool)
    for first, beyond in TEMPORARY:
        temporary |= (number >= first) & (number < beyond)
    last = np.append(number[1:] != number[:-1], True)
    for k in np.flatnonzero(temporary & last).tolist():
        then = node + node_per_day * (elements.epoch_jd[k] - elements.epoch_jd)
        apart = np.abs((then - node[k] + 180) % 360 - 180)
        near = np.flatnonzero(
            (np.abs(motion / motion[k] - 1) < NEAR_MOTION)
            & (np.abs(inclination - inclination[k]) < NEAR_INCLINATION_DEG)
            & ((apart < NEAR_NODE_DEG) | (inclination[k] < EQUATORIAL_DEG))
            & (np.abs(elements.epoch_jd - elements.epoch_jd[k]) < NEAR_DAYS)
            & (number != number[k])
            & (~temporary | (number < number[k]))
        )
        same = near[_alike(elements, k, near, classes)] if len(near) else near
        twins = np.unique(number[same])
        if len(twins) == 1:
            yield int(twins[0]), int(number[k])


def _alike(elements: Elements, k: int, others: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Which of the sets `others` has the orbit of the set `k`, over the revolution after both."""
    satrecs = elements.satrecs
    period = 2 * np.pi / satrecs[k].no_kozai / 1440
    begin = np.maximum(elements.epoch_jd[others], elements.epoch_jd[k])
    late = np.zeros(len(others))
    aside = np.zeros(len(others))
    own = SatrecArray([satrecs[k]])
    for place in np.arange(PLACES) / PLACES * period:
        # Both at one time, which differs from pair to pair: it begins at the later epoch.
        at = begin + place
        _, x, v = own.sgp4(np.floor(at), at % 1)
        y = np.array(
            [
                satrecs[o].sgp4(float(t // 1), float(t % 1))[1]
                for o, t in zip(others, at, strict=True)
            ]
        )
        speed = np.linalg.norm(v[0], axis=1)
        along = ((y - x[0]) * v[0]).sum(axis=1) / speed
        across = np.sqrt(np.maximum(((y - x[0]) ** 2).sum(axis=1) - along**2, 0))
        late = np.fmax(late, np.abs(along / speed))
        aside = np.fmax(aside, across)
        failed = ~np.isfinite(y).all(axis=1) | ~np.isfinite(x[0]).all(axis=1)
        late[failed] = np.inf
    one = element_errors(classes[np.full(len(others), k)], begin - elements.epoch_jd[k])
    other = element_errors(classes[others], begin - elements.epoch_jd[others])
    width_late = np.sqrt(one.late_s**2 + other.late_s**2 + LEAST_LATE_S**2)
    width_aside = np.sqrt(one.aside_km**2 + other.aside_km**2 + LEAST_ASIDE_KM**2)
    return (late < WIDTHS * width_late) & (aside < WIDTHS * width_aside)
