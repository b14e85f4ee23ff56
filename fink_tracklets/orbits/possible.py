"""The orbits that some tracklets of one object allow, where linear errors of a fit say too little.

Minutes of arc, or days of a low orbit whose drag nobody knows, leave orbits so different that no
ellipse about the best one holds them. So the tracklets are fitted once for each orbit of the
population that their own orbits were drawn about, each time with another drag, and what fits is
drawn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.orbits.fit import SCALE, STEP, Fits, Pull, Tracks, fit_orbits, placed
from fink_tracklets.orbits.levenberg import minimise, slopes
from fink_tracklets.satellites.mean_elements import classical, covariance, flies

Array = NDArray[np.float64]

POSSIBLE = 64
"""Orbits of equal weight that stand for all."""
FITS = 128
ECCENTRIC = 0.25
WIDE_LN_A, WIDE_E = 0.05, 0.1
"""Of eccentric orbits the population's kernels are so wide: in ln a, and this part of e."""
B_STARS = np.array([1e-5, 3e-5, 6e-5, 1.3e-4, 2.7e-4, 5e-4, 1e-3])
"""SGP4's drag [1/Earth radii], equally many of each: of catalogued low orbits above 400 km half
have 2.4e-5 to 3.7e-4. High orbits do not feel it."""


def possible_orbits(
    six: Array, epoch_jd: float, tracks: Tracks, kernels: Sequence[Array], seed: int
) -> Array:
    """Orbits of equal weight that tracklets of one object allow.

    Parameters
    ----------
    six : (6,) the best orbit, see `mean_elements`, from which all fits start
    epoch_jd : its epoch, UTC, and that of the result
    tracks : the tracklets
    kernels : of each, the orbits of the population that its draws are about, see `drawn_about`
    seed : for the draws

    Returns
    -------
    (`POSSIBLE`, 7) the six numbers and B*
    """
    rng = np.random.default_rng(seed)
    each = np.unique(np.concatenate(list(kernels)), axis=0)
    rows = (np.arange(FITS) * max(1.0, len(each) / FITS)).astype(int) % len(each)
    a, e, is_geo = each[rows].T
    pull = Pull.to(a, e, is_geo > 0)
    wide = e > ECCENTRIC
    pull = replace(
        pull,
        width_ln_a=np.where(wide, WIDE_LN_A, pull.width_ln_a),
        width_e=np.where(wide, WIDE_E * e, pull.width_e),
    )
    b_star = rng.permutation(np.resize(B_STARS, FITS))
    fits = fit_orbits(np.tile(six, (FITS, 1)), epoch_jd, tracks, pull, b_star)
    chosen = _drawn(fits)

    # Moved by a fit's errors, and then on to where the residuals are what they were to become.
    def seen(values: Array, rows: NDArray[np.int64]) -> Array:
        of = chosen[rows]
        return placed(values, epoch_jd, tracks, pull.take(of), b_star[of])

    best, every = fits.six[chosen], np.arange(POSSIBLE)
    step = np.array(
        [
            rng.multivariate_normal(np.zeros(6), covariance(fits.normal[k]), method="eigh")
            for k in chosen
        ]
    )
    value = seen(best, every)
    wanted = value + np.einsum("qp,qpr->qr", step, slopes(best, value, seen, STEP))
    start = np.where(flies(best + step)[:, None], best + step, best)
    drawn, _ = minimise(
        start, lambda values, rows: seen(values, rows) - wanted[rows], STEP, SCALE, flies
    )
    return np.column_stack([drawn, b_star[chosen]])


def _drawn(fits: Fits) -> NDArray[np.int64]:
    """(`POSSIBLE`,) rows of fits, as many of each as its evidence says (systematic)."""
    volume = np.array([np.linalg.slogdet(one + 1e-9 * np.eye(6))[1] for one in fits.normal])
    evidence = -(fits.score + volume) / 2
    weight = np.exp(evidence - evidence.max())
    levels = (np.arange(POSSIBLE) + 0.5) / POSSIBLE * weight.sum()
    return np.searchsorted(np.cumsum(weight), levels)


def errors_of(possible: Array) -> tuple[float, float, float]:
    """Standard deviations of a [km], e and i [rad] of possible orbits."""
    a, e, i, *_ = classical(possible[:, :6])
    return float(a.std()), float(e.std()), float(i.std())
