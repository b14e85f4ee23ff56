"""Least squares by Levenberg and Marquardt's method, from many starts at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

MOST_ITERATIONS, ENOUGH = 25, 1e-3
"""A fit is done when a step wins less than this part of its score, or of 1."""
FIRST_DAMPING, BETTER, WORSE, HOPELESS = 1e-3, 0.2, 8.0, 1e6


def minimise(
    start: Array,
    residuals: Callable[[Array, Rows], Array],
    step: Array,
    scale: Array,
    possible: Callable[[Array], NDArray[np.bool_]],
) -> tuple[Array, Array]:
    """Where the sum of squared residuals is least.

    Parameters
    ----------
    start : (Q, P) numbers
    residuals : (n, R) of numbers (n, P), which belong to these rows of the starts
    step : (P,) for slopes
    scale : (P,) how far the numbers may go, about
    possible : which numbers (n, P) have residuals

    Returns
    -------
    (Q, P) numbers, and (Q,) sums of squares; infinite where the start has no residuals.
    """
    x, every = start.copy(), np.arange(len(start))
    value = residuals(x, every)
    score = np.einsum("qr,qr->q", value, value)
    damping, active = np.full(len(x), FIRST_DAMPING), np.isfinite(score)
    for _ in range(MOST_ITERATIONS):
        rows = every[active]
        if not len(rows):
            break
        at = slopes(x[rows], value[rows], residuals, step, rows) * scale[:, None]
        square = np.einsum("qir,qjr->qij", at, at)
        downhill = np.einsum("qir,qr->qi", at, value[rows])
        ridge = damping[rows][:, None] * (np.einsum("qii->qi", square) + 1e-9)
        lifted = square + np.einsum("qi,ij->qij", ridge, np.eye(x.shape[1]))
        tried = x[rows] - np.linalg.solve(lifted, downhill[..., None])[..., 0] * scale
        good = possible(tried)
        tried[~good] = x[rows][~good]
        new = residuals(tried, rows)
        new_score = np.einsum("qr,qr->q", new, new)
        better = good & (new_score < score[rows])
        won = score[rows] - new_score
        moving = rows[better]
        x[moving], value[moving], score[moving] = tried[better], new[better], new_score[better]
        damping[rows] *= np.where(better, BETTER, WORSE)
        done = better & (won < ENOUGH * np.maximum(1, new_score))
        active[rows[done | (damping[rows] > HOPELESS)]] = False
    return x, np.where(np.isfinite(score), score, np.inf)


def slopes(
    x: Array,
    value: Array,
    residuals: Callable[[Array, Rows], Array],
    step: Array,
    rows: Rows | None = None,
) -> Array:
    """(Q, P, R) of the residuals at numbers (Q, P), all looked at at once.

    Parameters
    ----------
    rows : which ones of the starts these are; by default all
    """
    n, p = x.shape
    moved = (x[:, None] + np.diag(step)).reshape(-1, p)
    there = residuals(moved, np.repeat(np.arange(n) if rows is None else rows, p))
    return np.nan_to_num((there.reshape(n, p, -1) - value[:, None]) / step[:, None])
