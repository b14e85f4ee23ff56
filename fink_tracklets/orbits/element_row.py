"""Fitted elements as columns of a table, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.satellites.mean_elements import ANGLES, classical, errors

Array = NDArray[np.float64]


def elements_row(six: Array, epoch_jd: float, errors: tuple[float, float, float]) -> dict[str, Any]:
    """The columns of elements with errors of a [km], e and i [rad]."""
    a, e, *angles = (float(value) for value in classical(six))
    a_error, e_error, i_error = errors
    return {
        "epoch_jd": epoch_jd,
        "a_km": a,
        "e": e,
        **{name: float(np.degrees(value)) for name, value in zip(ANGLES, angles, strict=True)},
        "a_km_error": a_error,
        "e_error": e_error,
        "i_deg_error": float(np.degrees(i_error)),
    }


def fitted_row(six: Array, normal: Array, epoch_jd: float) -> dict[str, Any]:
    """The columns of a fit."""
    numbers = [float(value) for value in normal.ravel()]
    return {**elements_row(six, epoch_jd, errors(six, normal)), "normal": numbers}


def normal_of(row: pd.Series | Mapping[str, Any]) -> Array:
    """The inverse covariance (6, 6) of a row."""
    return np.array(row["normal"], dtype=float).reshape(6, 6)
