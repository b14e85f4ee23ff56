"""Periods from positions along a track: a comb fitted to all flashes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import binom, t

Array = NDArray[np.float64]
Integers = NDArray[np.int_]

MOST_SERIES = 3
"""Most flashes in a period: facets that an object shows in one turn."""
TOLERANCES = (1.0, 0.5, 0.25)
"""Parts of the largest distance from a tooth that are tried."""
MOST_MISSING = 20
"""A comb is tried only if at least one in so many of its teeth has a flash."""
CHUNK = 2048
"""Spacings whose powers are computed at once: bounds memory."""
BEST = 15
"""Spacings looked at closely, for each number of series."""
HARMONICS = 4
"""Harmonics of the phases that are summed where a period has several flashes."""


@dataclass(frozen=True, eq=False)
class Comb:
    """Evenly spaced flashes, or two or three such series of one spacing."""

    spacing: float
    """Distance of neighbouring teeth, in the unit of the positions given."""
    spacing_error: float
    """Error of the spacing (68 %, by least squares and Student's t), in the same unit."""
    on_comb: int
    """Flashes within the tolerance of a tooth."""
    teeth: int
    """Teeth from the first to the last flash, seen or not."""
    log10_false_alarm: float
    """log10 of the expected number of such combs among as many flashes placed at random."""
    interpulse: float | None
    """Distance of the fullest series after the first from the first, in units of the spacing, up to
    0.5; None for one series."""
    series: Integers
    """(n,) the series of each flash, in the order given; -1 for none."""
    tooth: Integers
    """(n,) the number of each flash's tooth in its series."""
    phases: Array
    """Phase of each series after that of the first, in units of the spacing."""


@dataclass(frozen=True, eq=False)
class _Fit:
    """A comb that is tried, in the unit of the positions."""

    spacing: float
    """Distance of neighbouring teeth."""
    phases: Array
    """Phase of each series; the fullest comes first."""
    series: Integers
    """(n,) the series of each flash, -1 for none."""
    log10: float
    """log10 of the false-alarm number."""
    width: float
    """Largest distance from a tooth that was allowed."""


def fit_comb(
    along: Array, tolerance: float, closest: float, firm: NDArray[np.bool_] | None = None
) -> Comb | None:
    """The most significant comb through flashes along a track; flashes may be missing or foreign::

        flashes   o     o     o           o  x  o      x is foreign
        teeth     |     |     |     |     |     |      one was not seen
                  <----->  spacing

    For each spacing the flashes' phases are compared with one tooth, with two or with three
    (interpulses), and with several tolerances. Of n random flashes each is within the tolerance w
    of some tooth of s series with the probability p = 2 s w / spacing. A comb with k flashes has
    the false-alarm number ``9 * (number of spacings that differ) * P[Binomial(n, p) >= k] *
    (spacing / 2w)^(s + 1)``: 9 kinds of comb, and a free phase of each series and the exact
    spacing.

    Parameters
    ----------
    along : (n,) positions of single flashes, in any unit
    tolerance : largest distance from a tooth, in this unit
    closest : smallest spacing to try, in this unit
    firm : (n,) whose errors are independent; if there are enough of them on the comb, they alone
        make the exact spacing and its error. By default all

    Returns
    -------
    None for fewer than four flashes.
    """
    order = np.argsort(along, kind="stable")
    along = np.asarray(along, dtype=float)[order]
    n = len(along)
    if n < 4 or along[-1] - along[0] <= 4 * tolerance:
        return None

    # The spacings to try: long enough to be told from chance, short enough to be seen twice, and so
    # many that the last flash's tooth moves by less than the tolerance from one to the next.
    along = along - along[0]
    span = float(along[-1])
    shortest = max(closest, 4 * tolerance, span / (MOST_MISSING * n))
    longest = span / 2
    if shortest >= longest:
        return None
    steps = int(np.ceil(np.log(longest / shortest) * span / tolerance)) + 1
    spacings = np.geomspace(shortest, longest, steps)

    # Those at which the flashes' phases agree best are looked at closely.
    n_tests = span * (1 / shortest - 1 / longest) * MOST_SERIES * len(TOLERANCES)
    one, several = _powers(along, spacings)
    best = None
    for n_series in range(1, MOST_SERIES + 1):
        for spacing in spacings[_peaks(one if n_series == 1 else several)]:
            best = _better(best, _examine(along, float(spacing), tolerance, n_tests, n_series))

    # Of several flashes in a period the harmonics stand out, not the period itself: two and three
    # times the best spacing are tried, as long as that is better.
    before = None
    while best is not None and best is not before:
        before = best
        for spacing in before.spacing * np.array([2, 3]):
            for n_series in range(1, MOST_SERIES + 1 if spacing <= longest else 1):
                best = _better(best, _examine(along, float(spacing), tolerance, n_tests, n_series))
    if best is None:
        return None
    comb = _comb(along, best, tolerance, np.ones(n, bool) if firm is None else firm[order])
    back = np.argsort(order)
    return replace(comb, series=comb.series[back], tooth=comb.tooth[back])


def _better(best: _Fit | None, other: _Fit | None) -> _Fit | None:
    if best is None or other is None:
        return best or other
    return other if other.log10 < best.log10 else best


def _powers(along: Array, spacings: Array) -> tuple[Array, Array]:
    """Squared length of the mean phase vector, and the sum of it and of its harmonics'."""
    one, several = np.empty(len(spacings)), np.zeros(len(spacings))
    for start in range(0, len(spacings), CHUNK):
        part = slice(start, start + CHUNK)
        turn = np.exp(2j * np.pi * along / spacings[part, None])
        harmonic = np.ones_like(turn)
        for k in range(HARMONICS):
            harmonic *= turn
            power = np.abs(harmonic.mean(axis=1)) ** 2
            several[part] += power
            if k == 0:
                one[part] = power
    return one, several


def _peaks(power: Array) -> Integers:
    """The highest local maxima."""
    padded = np.pad(power, 1, constant_values=-1)
    is_peak = (power >= padded[:-2]) & (power > padded[2:])
    peaks = np.flatnonzero(is_peak)
    return np.asarray(peaks[np.argsort(-power[peaks], kind="stable")[:BEST]])


def _examine(
    along: Array, spacing: float, tolerance: float, n_tests: float, n_series: int
) -> _Fit | None:
    """The most significant comb of about this spacing: refined, with less and less tolerance."""
    n, best = len(along), None
    for width in tolerance * np.array(TOLERANCES):
        for _ in range(2):
            phases, series = _assign(along, spacing, width, n_series)
            if len(phases) < n_series or (series >= 0).sum() < n_series + 2:
                return best
            refined = _refined(along, series, spacing, phases)
            if refined is None:
                return best
            spacing = refined
        # A comb of several series must not be one of fewer.
        if n_series > 1 and _is_less(phases, spacing, tolerance):
            continue
        # Flashes on one tooth count once. The false-alarm number of `fit_comb`, with the chance
        # that so many random flashes near teeth are near different ones.
        on = series >= 0
        tooth = np.round((along[on] - phases[series[on]]) / spacing)
        k = len(set(zip(series[on], tooth, strict=True)))
        p = min(1.0, 2 * n_series * width / spacing)
        tail = float(binom.logsf(k - 1, n, p)) / np.log(10)
        free = -(n_series + 1) * np.log10(min(1.0, 2 * width / spacing))
        apart = _log10_distinct(k, _places(phases, spacing, float(along[-1]), width))
        log10 = float(np.log10(n_tests) + tail + free + apart)
        if best is None or log10 < best.log10:
            best = _Fit(spacing, phases, series, log10, float(width))
    return best


def _places(phases: Array, spacing: float, span: float, width: float) -> int:
    """Teeth of all series from the first to the last flash."""
    first = (phases + width) % spacing - width
    return int((np.floor((span + width - first) / spacing) + 1).sum())


def _log10_distinct(k: int, places: int) -> float:
    """log10 of the chance that k random flashes near teeth are near different ones."""
    places = max(places, k)
    return float(gammaln(places + 1) - gammaln(places - k + 1) - k * np.log(places)) / np.log(10)


def _assign(along: Array, spacing: float, width: float, n_series: int) -> tuple[Array, Integers]:
    """Phases of the fullest series one after another, and the series of each flash, or -1."""
    series = np.full(len(along), -1)
    near = np.abs(_offsets(along[None], along[:, None], spacing)) <= width
    phases: list[float] = []
    for number in range(n_series):
        # The flash with most free ones on its comb, and those on the comb of their mean phase.
        free = series < 0
        counts = np.where(free, (near & free).sum(axis=1), 0)
        anchor = int(counts.argmax())
        if counts[anchor] < min(2, number + 1):
            break
        members = free & near[anchor]
        phase = float(along[anchor] + _offsets(along[members], along[anchor], spacing).mean())
        series[free & (np.abs(_offsets(along, phase, spacing)) <= width)] = number
        phases.append(phase)
    return np.array(phases), series


def _is_less(phases: Array, spacing: float, tolerance: float) -> bool:
    """Whether several series are one of a shorter spacing, or two of them are the same."""
    apart = np.abs(_offsets(phases[:, None], phases, spacing))[np.triu_indices(len(phases), 1)]
    if (apart <= 2 * tolerance).any():
        return True
    step = spacing / len(phases)
    return bool((np.abs(_offsets(phases, phases[0], step)) <= tolerance).all())


def _offsets(positions, origin, spacing: float):  # type: ignore[no-untyped-def]
    """Distance from the nearest tooth of the comb through `origin`."""
    return (positions - origin + spacing / 2) % spacing - spacing / 2


def _refined(along: Array, series: Integers, spacing: float, phases: Array) -> float | None:
    """Least-squares spacing; each series has its own zero point."""
    on = series >= 0
    x, which = along[on], series[on]
    number = np.round((x - phases[which]) / spacing)
    count = np.bincount(which)
    number -= (np.bincount(which, number) / count)[which]
    square = float(number @ number)
    return float(number @ x) / square if square > 0.1 else None


def _least_squares(
    along: Array, series: Integers, spacing: float, phases: Array
) -> tuple[float, float] | None:
    """Spacing and its error; each series has its own zero point. None for too few flashes."""
    on = series >= 0
    number = np.round((along[on] - phases[series[on]]) / spacing)
    kinds = np.unique(series[on])
    matrix = np.column_stack([number, *(series[on] == kind for kind in kinds)]).astype(float)
    freedom = len(matrix) - matrix.shape[1]
    if freedom < 1 or np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return None
    solution, *_ = np.linalg.lstsq(matrix, along[on], rcond=None)
    residual = along[on] - matrix @ solution
    variance = residual @ residual / freedom * np.linalg.inv(matrix.T @ matrix)[0, 0]
    return float(solution[0]), float(np.sqrt(variance) * t.ppf(0.8413, freedom))


def _comb(along: Array, fit: _Fit, tolerance: float, firm: NDArray[np.bool_]) -> Comb:
    """The comb of a fit, its spacing and error from all flashes that may belong to it."""
    # Flashes further from a tooth than those that made the comb significant may belong to it, too.
    n_series = len(fit.phases)
    width = min(tolerance, max(fit.width, fit.spacing / (4 * n_series)))
    phases, series = _assign(along, fit.spacing, width, n_series)
    if len(phases) < n_series or (n_series > 1 and _is_less(phases, fit.spacing, tolerance)):
        phases, series = fit.phases, fit.series

    # The exact spacing, by the firm flashes if they are enough.
    spacing, error = fit.spacing, np.nan
    for used in (np.where(firm, series, -1), series):
        solution = _least_squares(along, used, fit.spacing, phases)
        if solution is not None:
            spacing, error = solution
            break

    # What the comb looks like: teeth from end to end, the interpulse, each flash's tooth.
    on = along[series >= 0]
    phase = None
    if n_series > 1:
        shift = (phases[1] - phases[0]) / spacing
        phase = float(min(shift % 1, -shift % 1))
    teeth = round(float(on[-1] - on[0]) / spacing) + 1
    tooth = np.round((along - phases[series]) / fit.spacing).astype(int)
    after = (phases - phases[0]) / spacing
    return Comb(
        spacing=spacing,
        spacing_error=error,
        on_comb=len(on),
        teeth=teeth,
        log10_false_alarm=fit.log10,
        interpulse=phase,
        series=series,
        tooth=tooth,
        phases=after,
    )
