"""Do the points flash to a beat? The evidence of equal spacing along a track."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]

LOG10 = np.log(10.0)
MAX_LOG10_EVIDENCE = 6.0
"""Cap of LR [dex]. It costs no recall (as regular and as many points are significant anyway) and
makes `significance.NullModel.could_pass` a useful bound."""
JITTERS = (0.015, 0.05, 0.15)
"""Models of a regular rotator: scatter of the flashes [periods], of equal weight."""
NULL_WEIGHT = 0.5
"""Weight of "no preferred spacing" among the models: LR is never below it."""
MAX_MISSED = 8
"""Models miss up to so many flashes between the first and the last; each halves the weight."""


def spacing_evidence(along: Array, noise: float) -> Array:
    """log10 of the likelihood ratio of regular against random spacing, averaged over models.

    A model is a number of missed flashes and a jitter; given the end points it is a proper
    probability density of the points between: nodes of a grid with period and phase fitted to all
    points (this marginalises the jitter of the ends), any choice of occupied nodes alike.

    Parameters
    ----------
    along : (S, n) ascending positions [rad], n >= 4
    noise : of one position [rad], added to the jitter

    Returns
    -------
    (S,) log10 LR, between log10 of `NULL_WEIGHT` and `MAX_LOG10_EVIDENCE`
    """
    models = _log_models(along, noise)

    # The weighted mean of the models and of "no preferred spacing", whose LR is one.
    top = np.maximum(models.max(axis=(0, 2)), 0.0)
    ratio = NULL_WEIGHT * np.exp(-top) + np.exp(models - top[:, None]).sum(axis=2).sum(axis=0)
    return np.minimum((top + np.log(ratio)) / LOG10, MAX_LOG10_EVIDENCE)


def best_period(along: Array, noise: float) -> float:
    """The period [rad] of the best model of one set ``(n,)``; see `spacing_evidence`."""
    models = _log_models(along[None], noise)[:, 0]
    missed = int(models.max(axis=0).argmax())
    return float((along[-1] - along[0]) / (len(along) - 1 + missed))


def _log_models(along: Array, noise: float) -> Array:
    """ln of weight times LR of all models (jitters, S, missed); -inf where a grid does not fit."""
    # The grids: n - 1 + k periods between the first and the last point for k missed flashes, and
    # for each the nearest node of every point (S, models, n). Two points on one node fit no grid.
    n = along.shape[1]
    length = along[:, -1] - along[:, 0]
    periods = n - 1 + np.arange(MAX_MISSED + 1)
    phase = ((along - along[:, :1]) / length[:, None])[:, None] * periods[:, None]
    node = np.rint(phase)
    fits = (node[..., 1:] - node[..., :-1] >= 1).all(axis=-1)

    # The two ends, at which the residual is zero, jitter as all points do, and move the grid with
    # them: the residuals of the points between have the covariance I + B B' in units of sigma^2,
    # B = [1 - f, f] with f their place from the first (0) to the last node (1). Its determinant and
    # its inverse follow from the 2 x 2 matrix I + B' B (Woodbury).
    residual = (phase - node)[..., 1:-1]
    f = (node / periods[:, None])[..., 1:-1]
    ff, fsum = np.sum(f * f, axis=-1), np.sum(f, axis=-1)
    c00, c01, c11 = n - 1 - 2 * fsum + ff, fsum - ff, 1 + ff
    r1 = np.sum(f * residual, axis=-1)
    r0 = np.sum(residual, axis=-1) - r1
    det = c00 * c11 - c01 * c01
    square = np.sum(residual**2, axis=-1)
    square -= (c11 * r0**2 - 2 * c01 * r0 * r1 + c00 * r1**2) / det

    # The normal density of the residuals over that of random places.
    sigma2 = np.square(JITTERS)[:, None, None] + (noise * periods / length[:, None]) ** 2
    models = _log_peaks(n) - 0.5 * ((n - 2) * np.log(sigma2) + np.log(det) + square / sigma2)
    return np.where(fits, models, -np.inf)


@cache
def _log_peaks(n: int) -> Array:
    """ln of each model's weight and of its LR on the grid, but for the scatter, by missed."""
    periods, inner = n - 1 + np.arange(MAX_MISSED + 1), n - 2
    weight = (1 - NULL_WEIGHT) / len(JITTERS) * 0.5 ** (np.arange(MAX_MISSED + 1) + 1)
    choices = gammaln(periods) - gammaln(inner + 1) - gammaln(periods - inner)
    density = inner * np.log(periods / np.sqrt(2 * np.pi)) - gammaln(inner + 1)
    return np.asarray(np.log(weight) - choices + density)


@cache
def evidence_bounds() -> Array:
    """Upper bounds of log10 LR for 0, 1, ... points: all on the grid, no noise. The last one is
    that of any more points."""
    bounds = [0.0] * 4
    while bounds[-1] < MAX_LOG10_EVIDENCE:
        k = len(bounds)
        peaks = _log_peaks(k)[:, None] - (k - 2) * np.log(JITTERS)
        log_ratio = np.logaddexp(np.log(NULL_WEIGHT), np.logaddexp.reduce(peaks, axis=None))
        bounds.append(min(log_ratio / LOG10, MAX_LOG10_EVIDENCE))
    return np.array(bounds)


def max_evidence(n: int) -> Array:
    """Upper bounds of log10 LR for 0, 1, ..., n points."""
    bounds = evidence_bounds()
    return bounds[np.minimum(np.arange(n + 1), len(bounds) - 1)]
