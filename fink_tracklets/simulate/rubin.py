"""The packets in Rubin's columns, made from those that `packets.draw_columns` draws.

Nested, as alerts stand in the broker's lake: with long ids, 0 for none, a null object or
Solar System source as a null struct or as a struct of nulls.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.packets import Stamps, arrow

DIA_SOURCE = pa.struct(
    {
        "diaSourceId": pa.int64(),
        "visit": pa.int64(),
        "detector": pa.int32(),
        "diaObjectId": pa.int64(),
        "ssObjectId": pa.int64(),
        "midpointMjdTai": pa.float64(),
        "ra": pa.float64(),
        "raErr": pa.float32(),
        "dec": pa.float64(),
        "decErr": pa.float32(),
        **dict.fromkeys(("x", "y", "snr", "psfFlux", "psfFluxErr"), pa.float32()),
        **dict.fromkeys(("trailLength", "trailAngle"), pa.float32()),
        **dict.fromkeys(("scienceFlux", "scienceFluxErr"), pa.float32()),
        **dict.fromkeys(("templateFlux", "templateFluxErr"), pa.float32()),
        **dict.fromkeys(("extendedness", "reliability"), pa.float32()),
        "band": pa.string(),
        **dict.fromkeys(("isNegative", "isDipole", "glint_trail"), pa.bool_()),
        **dict.fromkeys(("pixelFlags_bad", "pixelFlags_cr", "pixelFlags_streak"), pa.bool_()),
    }
)
DIA_OBJECT = pa.struct({"diaObjectId": pa.int64(), "nDiaSources": pa.int32()})
SS_SOURCE = pa.struct({"ssObjectId": pa.int64(), "designation": pa.string()})
TAI_MINUS_UTC = 37.0
"""The time scales' difference since 2017 [s]."""


def rubin_table(
    columns: dict[str, np.ndarray],
    visit: np.ndarray,
    trail_arcsec: np.ndarray,
    instrument: Instrument,
    stamps: Stamps = None,
) -> pa.Table:
    """The packets in Rubin's columns.

    Parameters
    ----------
    visit : see `visits`
    trail_arcsec : length of each detection's trail, NaN for none
    """
    n = len(visit)
    name = columns["ssnamenr"]
    is_known = ~(np.ma.getmaskarray(name) | (np.ma.getdata(name) == "null"))
    solar_system = np.where(is_known, np.ma.getdata(name).astype(str), "0").astype(np.int64)
    # A Solar System object's source has no object of its own.
    has_object = ~is_known
    objects = np.where(has_object, object_numbers(columns), 0)
    source = _dia_source(columns, instrument) | {
        "visit": visit,
        "diaObjectId": objects,
        "ssObjectId": solar_system,
        "trailLength": np.where(np.isnan(trail_arcsec), 0.0, trail_arcsec),
    }
    # One half of what is missing is a null struct, the other a struct of nulls.
    odd = columns["candid"] % 2 == 1
    dia_object = {
        "diaObjectId": np.ma.array(objects, mask=~has_object),
        "nDiaSources": np.ma.array(columns["ndethist"], mask=~has_object),
    }
    designation = np.char.add("K26", np.ma.getdata(name).astype(str))
    ss_source = {
        "ssObjectId": np.ma.array(solar_system, mask=~is_known),
        "designation": np.ma.array(designation, mask=~is_known),
    }
    table = {
        "diaSourceId": arrow(columns["candid"], pa.int64()),
        "diaSource": _struct(source, DIA_SOURCE, np.zeros(n, dtype=bool)),
        "diaObject": _struct(dia_object, DIA_OBJECT, ~has_object & odd),
        "ssSource": _struct(ss_source, SS_SOURCE, ~is_known & odd),
        "lsst_schema_version": pa.array(["lsst.v10_0"] * n),
        "publisher": pa.array(["Fink"] * n),
    }
    return pa.table({**table, **(stamps or {})})


def visits(night: str, exposure: np.ndarray) -> np.ndarray:
    """Rubin's visits, YYYYMMDDNNNNN, of a night's exposures, counted from 0."""
    return int(night) * 100_000 + np.asarray(exposure, dtype=np.int64) + 1


def object_numbers(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Rubin's object ids: ZTF's name read as a number of base 26."""
    names = columns["objectId"].astype("U12")
    letters = names.view("U1").reshape(len(names), 12).view(np.uint32)[:, 5:].astype(np.int64) - 97
    number = (letters * 26 ** np.arange(6, -1, -1)).sum(axis=1)
    year = np.char.replace(names, "ZTF", "").astype("U2").astype(np.int64)
    return np.asarray(year * 10**10 + number)


def reliability(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Rubin's score of each detection."""
    return np.asarray(columns["rb"] - 0.05)


def _dia_source(columns: dict[str, np.ndarray], instrument: Instrument) -> dict[str, np.ndarray]:
    """The columns of `DIA_SOURCE` that packets of ZTF have under other names."""
    negative = np.isin(columns["isdiffpos"].astype(str), ("f", "0"))
    flux = 10 ** (0.4 * (31.4 - columns["magpsf"])) * np.where(negative, -1, 1)
    flux_error = np.abs(flux) * columns["sigmapsf"] / 1.0857362
    magnr = np.ma.filled(columns["magnr"].astype(float), np.nan)
    template = np.where(magnr > 0, 10 ** (0.4 * (31.4 - magnr.clip(5.0, 40.0))), 0.0)
    noise, width = instrument.noise_arcsec / 3600, instrument.centroid_arcsec / 3600
    position_error = np.hypot(noise, width * columns["sigmapsf"])
    no = np.zeros(len(flux), dtype=bool)
    return {
        "diaSourceId": columns["candid"],
        "detector": columns["rcid"],
        "midpointMjdTai": columns["jd"]
        - 2400000.5
        + (columns["exptime"] / 2 + TAI_MINUS_UTC) / 86400,
        **{name: columns[name] for name in ("ra", "dec")},
        "x": columns["xpos"],
        "y": columns["ypos"],
        "raErr": position_error,
        "decErr": position_error,
        "psfFlux": flux,
        "psfFluxErr": flux_error,
        "snr": np.abs(flux) / flux_error,
        "scienceFlux": flux + template,
        "scienceFluxErr": flux_error,
        "templateFlux": template,
        "templateFluxErr": 0.1 * flux_error,
        "reliability": reliability(columns),
        "extendedness": 1 - columns["classtar"],
        "trailAngle": np.zeros(len(flux)),
        "band": np.array(instrument.bands)[columns["fid"] - 1],
        "isNegative": negative,
        "pixelFlags_bad": columns["nbad"] > 0,
        **dict.fromkeys(("isDipole", "glint_trail", "pixelFlags_cr", "pixelFlags_streak"), no),
    }


def _struct(
    columns: Mapping[str, np.ndarray], kind: pa.StructType, is_null: np.ndarray
) -> pa.StructArray:
    return pa.StructArray.from_arrays(
        [arrow(columns[field.name], field.type) for field in kind],
        fields=list(kind),
        mask=pa.array(is_null),
    )
