"""The beat of a tracklet's flashes: one to three a turn, turn after turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_TEETH = 3
MOST_TURNS = 3
"""Two points are at most so many turns apart when a turn is first looked for."""
FEW = 9
"""With more points, only pairs with one of so many first ones are tried."""
SCATTER = 0.02
"""Of a flash about its place in the turn [turns]."""
UNSEEN = 0.15
"""What a flash costs that should be there."""
LEAST = 3.0
"""A beat has at least this ln of its likelihood over that of random places."""
ALIKE = 0.002
"""Turns that differ by this part are looked at once."""
SAME_TOOTH = 0.1
"""Nearer places are one tooth [turns]."""


@dataclass(frozen=True)
class Beat:
    """A comb along a tracklet."""

    turn: float
    """Way of the object in a turn [rad]."""
    teeth: Array
    """(m,) places of the flashes of a turn after the first point [rad], 0 to `turn`."""
    length: float
    """From the first to the last point [rad]."""
    acceleration: float
    """Second derivative of the way by itself [1/rad]."""
    acceleration_error: float
    """Infinite where too few turns were seen."""


def find_beat(points: Array, noise: float) -> Beat | None:
    """The most likely beat of points.

    Parameters
    ----------
    points : (n,) places along the tracklet from the first point [rad], ascending
    noise : of one [rad]

    Returns
    -------
    None where random places explain the points as well.
    """
    n, length = len(points), float(points[-1])
    if n < 4:
        return None
    i, j = np.triu_indices(n, 1)
    pair = i < FEW
    gaps = points[j[pair]] - points[i[pair]]
    turns = np.unique((gaps[:, None] / np.arange(1, MOST_TURNS + 1)).ravel())
    turns = turns[(turns > 8 * noise) & (turns < 0.7 * length)]
    best, found = LEAST, None
    if not len(turns):
        return None
    turns = turns[np.unique(np.rint(np.log(turns) / ALIKE), return_index=True)[1]]
    phase = np.sort((points / turns[:, None]) % 1.0, axis=1)
    apart = np.diff(phase, axis=1, append=phase[:, :1] + 1)
    order = np.sort(apart, axis=1)[:, ::-1]
    sigma = np.hypot(SCATTER, noise / turns)
    for m in range(1, min(MOST_TEETH, (n - 1) // 2) + 1):
        # With m teeth all other gaps between neighbouring phases are small.
        tight = order[:, m] < 4 * sigma
        for turn in turns[tight]:
            score, made = _comb(points, turn, m, noise)
            if score > best:
                best, found = score, made
    return found


def _comb(points: Array, turn: float, m: int, noise: float) -> tuple[float, Beat | None]:
    """The comb of m teeth near a turn, and ln of its likelihood over that of random places."""
    # Which tooth and which turn each point belongs to: cut at the m widest gaps of the phases.
    n, length = len(points), float(points[-1])
    phase = (points / turn) % 1.0
    order = np.argsort(phase, kind="stable")
    ordered = phase[order]
    apart = np.diff(ordered, append=ordered[0] + 1)
    cuts = np.sort(np.argsort(-apart, kind="stable")[:m])
    tooth = np.empty(n, dtype=int)
    tooth[order] = np.searchsorted(cuts, np.arange(n)) % m
    first = np.array([points[tooth == k].min() for k in range(m)])
    count = np.rint((points - first[tooth]) / turn)
    repeated = n - m
    if repeated < 2 or len({*zip(tooth.tolist(), count.tolist(), strict=True)}) < n:
        return -np.inf, None

    # Teeth and turn, and the acceleration where enough turns are there.
    design = np.zeros((n, m + 1))
    design[np.arange(n), tooth], design[:, m] = 1.0, count
    fitted, residual = _fit(design, points)
    bend, bend_error = 0.0, np.inf
    if repeated >= 3:
        scaled = points / length
        curved = np.column_stack([design, scaled * (scaled - 1) / 2])
        with_bend, left = _fit(curved, points)
        scatter = np.hypot(noise, SCATTER * abs(with_bend[m])) / length
        inverse = np.linalg.pinv(curved.T @ curved)
        bend = float(with_bend[-1] / length**2)
        bend_error = float(scatter * np.sqrt(inverse[-1, -1]) / length)
        if abs(bend) > 3 * bend_error:
            fitted, residual = with_bend, left
    turn = float(fitted[m])
    if turn <= 0:
        return -np.inf, None
    sigma = np.hypot(SCATTER * turn, noise)
    slots = sum(int(np.floor((length - f) / turn + 0.1)) + 1 for f in first)
    places = fitted[:m] % turn
    if m > 1:
        near = np.abs(np.subtract.outer(places, places)) / turn
        near = np.minimum(near, 1 - near)[np.triu_indices(m, 1)]
        if near.min() < SAME_TOOTH:
            return -np.inf, None
    score = repeated * np.log(length / (n * sigma * np.sqrt(2 * np.pi)))
    score -= float(np.sum((residual / sigma) ** 2)) / 2
    score += max(0, slots - n) * np.log(UNSEEN) - 2.0 * (m + 1)
    return score, Beat(turn, np.sort(places), length, bend, bend_error)


def _fit(design: Array, values: Array) -> tuple[Array, Array]:
    fitted = np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], dtype=float)
    return fitted, values - design @ fitted


def unseen_flashes(beat: Beat, before: Array, after: Array) -> Array:
    """How many flashes a beat has in lengths (...) before the first and after the last point."""
    turn, slack = beat.turn, 0.5 * SAME_TOOTH * beat.turn
    counts = np.zeros(np.shape(before))
    for tooth in beat.teeth:
        for reach, first in ((before, -tooth % turn), (after, (tooth - beat.length) % turn)):
            # What lies on the end point itself is that point.
            first = first + turn if first < slack else first
            counts += np.maximum(np.floor((reach - first) / turn) + 1, 0)
    return counts
