"""High-rate photometry of satellites, for comparison with flashes (P1 section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import find_peaks, savgol_filter

from fink_tracklets.errors import UserError
from fink_tracklets.glints.magnitudes import lambertian, standard_magnitude
from fink_tracklets.glints.periods import Comb, fit_comb

Array = NDArray[np.float64]

WINDOW_S = 1.1
"""Width of the second-order Savitzky-Golay filter."""
V_TO_G = 0.27
FLASH_SIGMA = 5.0
"""A flash rises so many times the scatter above the running median."""


def read_track(file: str | Path) -> pd.DataFrame:
    """A track of Mini-MegaTORTORA: lines of values below `# Date Time StdMag Mag Filter ...`.

    Returns
    -------
    One row per measurement in order of time: time_s after the first, mag (V), and standard_mag (g
    at 1,000 km, diffuse sphere; NaN where the file has no Distance [km] or Phase [deg]).

    Raises
    ------
    UserError : the file cannot be read, has no such header, or a value is no number
    """
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read as text.") from error
    # The header is that of the lines with # which names date, time and magnitude.
    headers = [line[1:].split() for line in lines if line.startswith("#")]
    names = next((h for h in headers if {"Date", "Time", "Mag"} <= set(h)), None)
    if names is None:
        raise UserError(f"{file}: no header line '# Date Time ... Mag ...' names the columns.")
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        row = dict(zip(names, line.split(), strict=False))
        try:
            moment = np.datetime64(f"{row['Date']}T{row['Time']}")
            values = [float(row.get(name, "nan")) for name in ("Mag", "Distance", "Phase")]
        except (KeyError, ValueError) as error:
            raise UserError(f"{file}: line {number} is not a measurement: '{line}'.") from error
        rows.append((moment.astype("datetime64[us]").astype(np.int64), *values))
    if not rows:
        raise UserError(f"{file}: holds no measurement below its header line.")

    # In order of time, with P1's standard magnitude (equations 3 and 4).
    track = pd.DataFrame(rows, columns=["time_us", "mag", "range_km", "phase_deg"])
    track = track.sort_values("time_us", ignore_index=True)
    seconds = (track["time_us"] - track["time_us"].min()) / 1e6
    standard = standard_magnitude(
        track["mag"] + V_TO_G, track["range_km"], lambertian(track["phase_deg"])
    )
    return pd.DataFrame({"time_s": seconds, "mag": track["mag"], "standard_mag": standard})


@dataclass(frozen=True, eq=False)
class Flashes:
    """The flashes of a track."""

    time_s: Array
    """(k,) when they flash."""
    amplitude_mag: Array
    """(k,) how far they rise above the smooth curve."""
    smooth_mag: Array
    """The smooth curve at all times of the track."""


def find_flashes(time_s: Array, mag: Array, name: str | Path = "The track") -> Flashes:
    """Peaks above the running median by five times the scatter about it.

    Their amplitudes are above the smooth light curve (P1 section 3.3, figure 13).

    Parameters
    ----------
    time_s : (n,) times, evenly sampled but for gaps
    mag : (n,) magnitudes
    name : of the track, for the error

    Raises
    ------
    UserError : the track is shorter than the filter
    """
    step = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    window = max(3, 2 * round(WINDOW_S / step / 2 - 0.5) + 1) if step > 0 else 3
    if not step > 0 or len(mag) < window:
        raise UserError(
            f"{name}: {len(mag)} measurements are less than the {WINDOW_S:g} s that a flash is "
            "told from: give a longer track."
        )
    # The filter rings beside a flash; a running median does not.
    above = median_filter(mag, window, mode="nearest") - mag
    noise = 1.4826 * np.median(np.abs(above - np.median(above)))
    # Low beyond both ends, so that a flash there counts, too.
    padded = np.pad(above, 1, constant_values=-np.inf)
    peaks = find_peaks(padded, height=max(FLASH_SIGMA * noise, 1e-6))[0] - 1
    smooth = savgol_filter(mag, window, 2)
    return Flashes(time_s[peaks], (smooth - mag)[peaks], smooth)


def flash_period(flash_s: Array, time_s: Array) -> Comb | None:
    """The period [s] of flashes in a track with these times; its spacings are in seconds."""
    step = float(np.median(np.diff(time_s)))
    comb = fit_comb(flash_s, step, 4 * step)
    if comb is None:
        return None
    sampling = step / comb.on_comb**1.5
    return replace(comb, spacing_error=float(np.hypot(comb.spacing_error, sampling)))
