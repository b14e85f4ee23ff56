"""How wrong public elements are, by class of orbit and age: half widths that hold 68 %.

Fitted to 413,000 pairs of element sets of 2016-2026 (docs/satellites.md); tails are heavy, as those
of Student's t with one or two degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

CONSTELLATIONS = ("STARLINK", "ONEWEB", "KUIPER", "QIANFAN")
LEO_KM = 2000.0


@dataclass(frozen=True)
class Law:
    """Growth with the age t [d]: a + b t^c for each error."""

    late_s: tuple[float, float, float]
    """Error along the orbit [s]."""
    aside_km: tuple[float, float, float]
    """Error across the object's direction on the sky [km]."""
    tail: int = 2
    """Degrees of freedom of Student's t. One where after one to four days the 95 % of lateness are
    more than 5 times the 68 %, or the 99 % more than 5 times the 95 %, as with manoeuvres or drag
    (in low orbits: of debris)."""


LAWS = {
    "GEO in slot": Law((0.18, 0.77, 1.47), (0.29, 2.5, 0.70)),
    "GEO passive": Law((0.15, 0.21, 0.85), (0.065, 0.091, 0.76), tail=1),
    "MEO": Law((0.057, 0.051, 1.0), (0.037, 0.049, 0.79)),
    "MOLNIYA": Law((0.34, 0.10, 1.4), (0.42, 0.20, 1.0)),
    "GTO": Law((0.61, 0.16, 1.7), (0.59, 0.16, 1.2), tail=1),
    "HEO debris": Law((0.69, 0.029, 1.9), (0.15, 0.097, 1.1), tail=1),
    "HEO payload": Law((13.0, 0.37, 1.9), (7.0, 0.055, 1.9), tail=1),
    "LEO-ecc": Law((0.001, 0.24, 1.3), (0.46, 0.019, 1.7), tail=1),
    "LEO1000-2000": Law((0.02, 0.0081, 1.8), (0.01, 0.05, 1.0)),
    "LEO800-1000": Law((0.023, 0.0058, 2.0), (0.016, 0.06, 0.95)),
    "LEO600-800": Law((0.024, 0.012, 1.9), (0.027, 0.05, 1.05)),
    "LEO450-600": Law((0.036, 0.033, 2.4), (0.04, 0.06, 1.0), tail=1),
    "LEO<450": Law((0.05, 2.0, 1.6), (0.1, 0.1, 1.0), tail=1),
    "big constellations": Law((0.3, 1.2, 1.85), (0.1, 0.1, 1.0), tail=1),
}
BACKWARDS_HIGH, BACKWARDS_LEO = 0.75, 0.5
"""Elements newer than the exposure, taken back, are better by these factors."""


def orbit_classes(orbits: pd.DataFrame, names: np.ndarray) -> np.ndarray:
    """The class, a key of `LAWS`, of each object.

    Parameters
    ----------
    orbits : as `Elements.orbits` gives them
    names : of the objects
    """
    text = pd.Series(names, dtype=str).str.upper()
    passive = text.str.contains(r"\bDEB\b|R/B|\bAKM\b|\bPKM\b").to_numpy()
    constellation = text.str.startswith(CONSTELLATIONS).to_numpy()
    n = 1440 / orbits["period_min"].to_numpy()
    e, i = orbits["eccentricity"].to_numpy(), orbits["inclination_deg"].to_numpy()
    low, high = orbits["perigee_km"].to_numpy(), orbits["apogee_km"].to_numpy()
    mean = (low + high) / 2
    geo = (n > 0.9) & (n < 1.1) & (e < 0.1)
    slot = geo & (np.abs(n - 1.00274) < 0.002) & (i < 7) & (e < 0.01) & ~passive
    leo = high < LEO_KM
    # The first rule that holds.
    rules = {
        "GEO in slot": slot,
        "GEO passive": geo,
        "big constellations": leo & constellation,
        "LEO<450": leo & (mean < 450),
        "LEO450-600": leo & (mean < 600),
        "LEO600-800": leo & (mean < 800),
        "LEO800-1000": leo & (mean < 1000),
        "LEO1000-2000": leo,
        "LEO-ecc": mean < LEO_KM,
        "MOLNIYA": (n > 1.8) & (n < 2.2) & (e > 0.5) & (i > 55) & (i < 70),
        "GTO": (low < LEO_KM) & (high > 15000) & (high < 45000),
        "MEO": (e < 0.1) & (mean > 15000) & (mean < 34000),
    }
    return np.select(list(rules.values()), list(rules), "HEO debris")


@dataclass(frozen=True)
class ElementErrors:
    """What the elements of Q objects err by: half widths that hold 68 %, and tails."""

    late_s: np.ndarray
    """(Q,) along the orbit [s]."""
    aside_km: np.ndarray
    """(Q,) across the object's direction on the sky [km]."""
    tail: np.ndarray
    """(Q,) degrees of freedom of Student's t, 1 or 2."""


def element_errors(classes: np.ndarray, age_days: np.ndarray) -> ElementErrors:
    """The errors of objects by class and age.

    Parameters
    ----------
    classes : (Q,) keys of `LAWS`
    age_days : (Q,) exposure minus epoch, negative where the elements are newer
    """
    late, aside, tail = np.empty(len(classes)), np.empty(len(classes)), np.empty(len(classes))
    for name in np.unique(classes):
        rows, law = classes == name, LAWS[name]
        age = np.abs(age_days[rows])
        back = BACKWARDS_LEO if name.startswith(("LEO", "big")) else BACKWARDS_HIGH
        factor = np.where(age_days[rows] < 0, back, 1.0)
        for values, (a, b, c) in ((late, law.late_s), (aside, law.aside_km)):
            values[rows] = factor * (a + b * age**c)
        tail[rows] = law.tail
    return ElementErrors(late, aside, tail)
