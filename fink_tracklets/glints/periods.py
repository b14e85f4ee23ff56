"""Periods from positions along a track: spacings (P1 section 2.3), and a comb fitted to all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Array = NDArray[np.float64]

MOST_MISSING = 20
"""A comb is tried only if at least one in so many of its teeth has a flash."""
CHUNK = 2048
BEST = 40
"""Spacings looked at closely, for each kind of comb."""


@dataclass(frozen=True)
class Comb:
    """Evenly spaced flashes, or two such series of one spacing."""

    spacing_arcsec: float
    spacing_error_arcsec: float
    on_comb: int
    """Flashes within the tolerance of a tooth."""
    teeth: int
    """From the first to the last flash, seen or not."""
    log10_false_alarm: float
    """Expected number of such combs among as many flashes placed at random."""
    interpulse: float | None
    """Of the second series: its distance behind the first in units of the spacing, up to 0.5."""


def fit_comb(along: Array, tolerance: float, closest: float) -> Comb | None:
    """The most significant comb through flashes along a track; flashes may be missing or foreign.

    For each spacing the flashes' phases are compared with one tooth, and with two (interpulses).
    Of n random flashes each is within the tolerance w of some tooth with the probability
    p = 2w / spacing for one, 4w / spacing for two series. A comb with k flashes has the false-alarm
    number ``(number of spacings that differ) * P[Binomial(n, p) >= k] * (spacing / 2w)^m``, where
    m = 2 is for the phase and the exact spacing, and one more for the second series' phase.

    Parameters
    ----------
    along : (n,) positions of single flashes [arcsec]
    tolerance : largest distance from a tooth [arcsec]
    closest : smallest spacing to try [arcsec]

    Returns
    -------
    None for fewer than four flashes.
    """
    along = np.sort(np.asarray(along, dtype=float))
    n = len(along)
    if n < 4 or along[-1] - along[0] <= 4 * tolerance:
        return None
    along = along - along[0]
    span = float(along[-1])
    shortest = max(closest, 4 * tolerance, span / (MOST_MISSING * n))
    longest = span / 2
    if shortest >= longest:
        return None
    steps = int(np.ceil(np.log(longest / shortest) * span / tolerance)) + 1
    spacings = np.geomspace(shortest, longest, steps)
    n_tests = span * (1 / shortest - 1 / longest)
    one, two = _powers(along, spacings)
    best: tuple[float, Comb] | None = None
    for power, double in ((one, False), (one + two, True)):
        for k in np.argsort(-power, kind="stable")[:BEST]:
            comb = _examine(along, float(spacings[k]), tolerance, n_tests, double)
            if comb and (best is None or comb.log10_false_alarm < best[0]):
                best = comb.log10_false_alarm, comb
    return best[1] if best else None


def _powers(along: Array, spacings: Array) -> tuple[Array, Array]:
    """Squared length of the mean phase vector, and of that of twice the phase."""
    one, two = np.empty(len(spacings)), np.empty(len(spacings))
    for start in range(0, len(spacings), CHUNK):
        part = slice(start, start + CHUNK)
        turn = np.exp(2j * np.pi * along / spacings[part, None])
        one[part] = np.abs(turn.mean(axis=1)) ** 2
        two[part] = np.abs((turn * turn).mean(axis=1)) ** 2
    return one, two


def _examine(
    along: Array, spacing: float, tolerance: float, n_tests: float, double: bool
) -> Comb | None:
    """The comb of about this spacing: refined by least squares on the flashes that are on it."""
    n, error, shift = len(along), np.nan, 0.0
    on = np.zeros(n, dtype=bool)
    series = np.zeros(n, dtype=int)
    for _ in range(3):
        series, on, shift = _assign(along, spacing, tolerance, double)
        n_series = len(np.unique(series[on]))
        if on.sum() < 3 + n_series - 1 or n_series != 1 + double:
            return None
        fit = _refine(along[on], series[on], spacing, shift)
        if fit is None:
            return None
        spacing, error = fit
    p = min(1.0, (2 + 2 * double) * tolerance / spacing)
    freedom = 2 + double
    tail = float(binom.logsf(int(on.sum()) - 1, n, p)) / np.log(10)
    log10 = np.log10(n_tests) + tail - freedom * np.log10(min(1.0, 2 * tolerance / spacing))
    first, last = along[on][0], along[on][-1]
    phase = None
    if double:
        phase = float(min(shift / spacing % 1, -shift / spacing % 1))
    return Comb(
        spacing,
        error,
        int(on.sum()),
        round(float(last - first) / spacing) + 1,
        float(log10),
        phase,
    )


def _assign(
    along: Array, spacing: float, tolerance: float, double: bool
) -> tuple[NDArray[np.int_], NDArray[np.bool_], float]:
    """To which series each flash belongs, whether it is on it, and the second series' shift."""
    off = _offsets(along[None], along[:, None], spacing)
    near = np.abs(off) <= tolerance
    anchor = int(near.sum(axis=1).argmax())
    series = np.zeros(len(along), dtype=int)
    centre = along[anchor] + off[anchor][near[anchor]].mean()
    on = np.abs(_offsets(along, centre, spacing)) <= tolerance
    shift = 0.0
    if double and not on.all():
        rest = np.flatnonzero(~on)
        counts = near[np.ix_(rest, rest)].sum(axis=1)
        other = rest[int(counts.argmax())]
        members = rest[near[other, rest]]
        if len(members) >= 2:
            second = along[other] + off[other, members].mean()
            shift = float(_offsets(second, centre, spacing))
            near_second = ~on & (np.abs(_offsets(along, second, spacing)) <= tolerance)
            series[near_second] = 1
            on |= near_second
    return series, on, shift


def _offsets(positions, origin, spacing: float):  # type: ignore[no-untyped-def]
    """Distance from the nearest tooth of the comb through `origin`."""
    return (positions - origin + spacing / 2) % spacing - spacing / 2


def _refine(
    along: Array, series: NDArray[np.int_], spacing: float, shift: float
) -> tuple[float, float] | None:
    """Least-squares spacing and its error, each series with its own zero point."""
    number = np.round((along - series * shift - along[0] + series[0] * shift) / spacing)
    kinds = np.unique(series)
    matrix = np.column_stack([number, *(series == kind for kind in kinds)]).astype(float)
    if len(np.unique(number)) < 2:
        return None
    solution, *_ = np.linalg.lstsq(matrix, along, rcond=None)
    residual = along - matrix @ solution
    freedom = max(len(along) - matrix.shape[1], 1)
    variance = residual @ residual / freedom
    covariance = np.linalg.pinv(matrix.T @ matrix)
    return float(solution[0]), float(np.sqrt(variance * covariance[0, 0]))
