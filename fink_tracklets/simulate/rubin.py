"""The packets in Rubin's columns, made from those that `packets.draw_columns` draws."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.packets import Stamps, arrow

RUBIN_TYPES = {
    "diaSourceId": pa.string(),
    "visit": pa.string(),
    "detector": pa.int32(),
    "diaObjectId": pa.string(),
    "ssObjectId": pa.string(),
    "midpointMjdTai": pa.float64(),
    "band": pa.string(),
    **dict.fromkeys(("ra", "dec", "x", "y", "raErr", "decErr"), pa.float64()),
    **dict.fromkeys(("psfFlux", "psfFluxErr", "snr", "scienceFlux"), pa.float64()),
    **dict.fromkeys(("templateFlux", "reliability", "extendedness"), pa.float64()),
    **dict.fromkeys(("trailLength", "trailAngle"), pa.float64()),
    **dict.fromkeys(("isNegative", "isDipole", "glint_trail"), pa.bool_()),
    **dict.fromkeys(("pixelFlags_bad", "pixelFlags_cr", "pixelFlags_streak"), pa.bool_()),
    "diaObject_nDiaSources": pa.int32(),
    "ssSource_designation": pa.string(),
}
"""Rubin's columns, alerts flattened to one row per diaSource."""


def rubin_table(
    columns: dict[str, np.ndarray], instrument: Instrument, stamps: Stamps = None
) -> pa.Table:
    """The packets in Rubin's columns."""
    jd, candid = columns["jd"], columns["candid"]
    n = len(candid)
    negative = np.isin(columns["isdiffpos"].astype(str), ("f", "0"))
    flux = 10 ** (0.4 * (31.4 - columns["magpsf"])) * np.where(negative, -1, 1)
    flux_error = np.abs(flux) * columns["sigmapsf"] / 1.0857362
    name = columns["ssnamenr"]
    none = np.ma.getmaskarray(name) | (np.ma.getdata(name) == "null")
    magnr = np.ma.filled(columns["magnr"].astype(float), np.nan)
    template = np.where(magnr > 0, 10 ** (0.4 * (31.4 - magnr.clip(5.0, 40.0))), 0.0)
    noise = instrument.noise_arcsec / 3600
    bad = columns["nbad"] > 0
    values: dict[str, np.ndarray] = {
        "diaSourceId": candid.astype(str),
        "visit": visits(jd),
        "detector": columns["rcid"],
        "diaObjectId": object_numbers(columns),
        "ssObjectId": np.where(none, "0", name.astype(str)),
        "midpointMjdTai": jd - 2400000.5 + (columns["exptime"] / 2 + TAI_MINUS_UTC) / 86400,
        "band": np.array(instrument.bands)[columns["fid"] - 1],
        **{key: columns[key] for key in ("ra", "dec")},
        "x": columns["xpos"],
        "y": columns["ypos"],
        "raErr": np.hypot(noise, instrument.fwhm_arcsec / 8478 * columns["sigmapsf"]),
        "decErr": np.hypot(noise, instrument.fwhm_arcsec / 8478 * columns["sigmapsf"]),
        "psfFlux": flux,
        "psfFluxErr": flux_error,
        "snr": np.abs(flux) / flux_error,
        "scienceFlux": flux + template,
        "templateFlux": template,
        "reliability": columns["rb"] - 0.05,
        "extendedness": 1 - columns["classtar"],
        "trailLength": 2.0 * (columns["elong"] - 1.0),
        "trailAngle": np.zeros(n),
        "isNegative": negative,
        "isDipole": np.zeros(n, dtype=bool),
        "glint_trail": np.zeros(n, dtype=bool),
        "pixelFlags_bad": bad,
        "pixelFlags_cr": np.zeros(n, dtype=bool),
        "pixelFlags_streak": np.zeros(n, dtype=bool),
        "diaObject_nDiaSources": columns["ndethist"],
        "ssSource_designation": np.ma.array(name.astype(str), mask=none),
    }
    table = {key: arrow(values[key], kind) for key, kind in RUBIN_TYPES.items()}
    return pa.table({**table, **(stamps or {})})


TAI_MINUS_UTC = 37.0
"""The time scales' difference since 2017 [s]."""


def visits(jd: np.ndarray) -> np.ndarray:
    """Rubin's visit of an exposure: its start [0.1 s] since JD 2450000.5, as text."""
    jd = np.ma.filled(jd, np.nan)
    text = np.array([f"{tenths:.0f}" for tenths in np.round((jd - 2450000.5) * 864_000)])
    return np.ma.array(text, mask=np.isnan(jd))


def object_numbers(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Rubin's object ids, digits as text: ZTF's name read as a number of base 26."""
    names = columns["objectId"].astype("U12")
    letters = names.view("U1").reshape(len(names), 12).view(np.uint32)[:, 5:].astype(np.int64) - 97
    number = (letters * 26 ** np.arange(6, -1, -1)).sum(axis=1)
    year = np.char.replace(names, "ZTF", "").astype("U2").astype(np.int64)
    return (year * 10**10 + number).astype(str)
