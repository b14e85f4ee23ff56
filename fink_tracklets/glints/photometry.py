"""High-rate photometry of satellites, for comparison with flashes (P1 section 3.3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import savgol_filter

from fink_tracklets.errors import UserError
from fink_tracklets.glints.magnitudes import lambertian, standard_magnitude

WINDOW_S = 1.1
"""Of the second-order Savitzky-Golay filter."""
V_TO_G = 0.27


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
    track = pd.DataFrame(rows, columns=["time_us", "mag", "range_km", "phase_deg"])
    track = track.sort_values("time_us", ignore_index=True)
    seconds = (track["time_us"] - track["time_us"].min()) / 1e6
    standard = standard_magnitude(
        track["mag"] + V_TO_G, track["range_km"], lambertian(track["phase_deg"])
    )
    return pd.DataFrame({"time_s": seconds, "mag": track["mag"], "standard_mag": standard})


def flash_amplitude(time_s: np.ndarray, mag: np.ndarray) -> float:
    """How far the brightest flash rises above the smooth light curve [mag] (P1 figure 13).

    Parameters
    ----------
    time_s : (n,) times, evenly sampled but for gaps
    mag : (n,) magnitudes
    """
    step = float(np.median(np.diff(time_s)))
    window = max(3, 2 * round(WINDOW_S / step / 2 - 0.5) + 1)
    if len(mag) < window:
        raise UserError(f"The track has {len(mag)} measurements, fewer than 1.1 s of them.")
    return float(np.max(savgol_filter(mag, window, 2) - mag))
