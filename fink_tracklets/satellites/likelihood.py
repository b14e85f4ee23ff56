"""The likelihood of a match: lateness, distance aside and slope against what elements err by.

Each is divided by the width that the object's class and the age of its elements give, and counts as
a Student t: element errors have heavy tails. The score sets that against chance: it is -2 ln of the
density of points that the object would make, over the density of catalogued objects that move so
here. An object with wide errors in a crowd needs a better fit than one with narrow ones alone.
"""

from __future__ import annotations

import numpy as np

from fink_tracklets.satellites.arcs import Arcs, Orbits
from fink_tracklets.satellites.error_laws import ElementErrors
from fink_tracklets.satellites.matches import Matches, best_first
from fink_tracklets.sky.sphere import ARCSEC
from fink_tracklets.survey.satellites import SatelliteLimits

ROUNDS = 3
SLOPE_TAIL = 2
LENGTH_SLACK, LENGTH_MARGIN_ARCSEC = 0.01, 3.0
COARSE_ANGLE_DEG = 12.0
"""Objects that move in another direction than the tracklet are not looked at further."""


def misfit(deviation: np.ndarray, tail: np.ndarray | int) -> np.ndarray:
    """-2 ln of Student's t with `tail` degrees of freedom, zero at its top."""
    return (tail + 1) * np.log1p(deviation**2 / tail)


def weigh(
    points: np.ndarray,
    orbits: Orbits,
    which: np.ndarray,
    errors: ElementErrors,
    density: float,
    limits: SatelliteLimits,
) -> Matches:
    """How well objects explain points.

    Parameters
    ----------
    points : (n, 3) unit vectors of a tracklet, ICRS
    orbits : the objects around the exposure
    which : (Q,) those to look at
    errors : of all objects in `orbits`
    density : of objects that chance has to offer, as `Crowd.density` gives it
    limits : the widths' floors

    Returns
    -------
    Those of the objects that come near, in the order of `which`; empty where none does.
    """
    # Each object where its arc holds all points with the least lateness, which is all that the
    # points tell of it: how late it was within an arc longer than the tracklet, nobody knows.
    length = _extent(points)
    late, held = _least_shift(points, orbits, which, limits.max_lateness_s)
    which, late = which[held], late[held]
    arcs = orbits.arcs(which, late)
    along, aside = arcs.measure(points)

    # How far the points lie aside of the arc on average, and by how much they turn away from it.
    offset = aside.mean(axis=1) / ARCSEC
    centred = along - along.mean(axis=1, keepdims=True)
    slope = np.degrees((centred * aside).sum(axis=1) / (centred**2).sum(axis=1))

    # The widths: what the elements err by, and for the slope what the points do (the error of a
    # straight line's slope through evenly spaced points).
    noise = limits.position_noise_arcsec * ARCSEC * np.sqrt(12 / len(points)) / length
    width_slope = np.hypot(np.degrees(noise), limits.min_slope_deg)
    width_late = np.hypot(errors.late_s[which], limits.min_lateness_s)
    width_aside = np.hypot(errors.aside_km[which] / arcs.range_km / ARCSEC, limits.min_aside_arcsec)
    tail = errors.tail[which]
    unlike = (
        misfit(late / width_late, tail)
        + misfit(offset / width_aside, tail)
        + misfit(slope / width_slope, SLOPE_TAIL)
    )

    # The score: over how large a volume of places, slopes and distances aside the object spreads
    # its density (one over the densities' tops), times the chance objects in a unit of that volume.
    room = np.maximum(arcs.length - length, 0) + 6 * width_late * np.abs(arcs.orbital_rate)
    volume = width_aside / peak(tail) * width_slope / peak(SLOPE_TAIL) * room / ARCSEC
    score = unlike + 2 * np.log(volume * density)
    return Matches(
        which=which,
        late_s=late,
        aside_arcsec=offset,
        slope_deg=slope,
        misfit=unlike,
        score=score,
        arcs=arcs,
    )


def peak(tail: np.ndarray | int) -> np.ndarray:
    """Density of Student's t of one or two degrees of freedom at its top."""
    return np.where(np.asarray(tail) == 1, 1 / np.pi, 8**-0.5)


def likelihood_matches(
    points: np.ndarray,
    orbits: Orbits,
    nominal: Arcs,
    lit: np.ndarray,
    errors: ElementErrors,
    density: float,
    limits: SatelliteLimits,
) -> Matches:
    """The objects that may have made a tracklet, best first.

    Those below the score that is accepted, and those that come within `certain_lead` of the best.
    A match is certain when none comes so near.
    """
    which = near_in_direction(points, nominal)
    which = which[lit[which]]
    found = weigh(points, orbits, which, errors, density, limits)
    accepted = found.score < limits.max_score
    if not accepted.any():
        return best_first(found, accepted)
    rival = found.score < found.score.min() + limits.certain_lead
    return best_first(found, accepted | rival).all_certain(rival.sum() == 1)


def near_in_direction(points: np.ndarray, arcs: Arcs, whole: bool = True) -> np.ndarray:
    """The objects (Q,) whose arc points along the tracklet, either way, and, if they are to make
    the whole of it, is long enough."""
    which = np.arange(len(arcs.length))
    length = _extent(points)
    enough = arcs.length >= length * (1 - LENGTH_SLACK) - LENGTH_MARGIN_ARCSEC * ARCSEC
    first, last = ends(points)
    ahead = (last - first) / np.linalg.norm(last - first)
    motion = arcs.points[:, 2] - arcs.points[:, 0]
    motion /= np.linalg.norm(motion, axis=1, keepdims=True)
    parallel = np.abs(motion @ ahead) > np.cos(np.radians(COARSE_ANGLE_DEG))
    return which[parallel & (enough | (not whole))]


def _least_shift(
    points: np.ndarray, orbits: Orbits, which: np.ndarray, most_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """The least shift [s] along each orbit that puts all points inside the arc, and where one
    does."""
    # `low` is negative where a point lies before the arc's start, `high` is positive where one lies
    # beyond its end. `side` is which of these is so at first, and stays:
    #
    #     -1 before the start   0 inside   2 beyond the end   1 both: the points are longer
    late = np.zeros(len(which))
    side = None
    left = np.zeros(len(which))
    for k in range(ROUNDS + 1):
        arcs = orbits.arcs(which, late)
        along, _ = arcs.measure(points)
        low, high = along.min(axis=1), along.max(axis=1) - arcs.length
        if side is None:
            side = np.where(low < 0, -1, 0) + np.where(high > 0, 2, 0)
        # What is left to be shifted, along the sky; next, in time, where the object may be so late.
        left = np.choose(side + 1, [low, np.zeros_like(low), (low + high) / 2, high])
        if k < ROUNDS:
            with np.errstate(divide="ignore", invalid="ignore"):
                step = left / arcs.orbital_rate
            late = np.clip(np.nan_to_num(late + step), -most_s, most_s)
    return late, np.abs(left) < 1 * ARCSEC + 0.01 * arcs.length


def ends(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two points of a tracklet that are furthest apart, nearly: those at the ends of its
    longest direction."""
    centred = points - points.mean(axis=0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    place = centred @ axis
    return points[place.argmin()], points[place.argmax()]


def _extent(points: np.ndarray) -> float:
    """Length [rad]."""
    first, last = ends(points)
    return float(np.linalg.norm(last - first))
