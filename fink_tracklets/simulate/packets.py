"""What the packets of a night's detections say, in ZTF's alert schema.

All that decides how far a detection comes through the cuts is drawn here, in ZTF's terms;
`rubin.py` writes the same in Rubin's columns.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from fink_tracklets.simulate.instruments import Instrument
from fink_tracklets.simulate.mosaic import Floats, Integers

Roles = np.ndarray
"""For each detection a str: how far it comes through the cuts.

poor : fails quality; variable : repeats or is negative; asteroid : a known Solar System
object; star : inside the stellar locus; candidate : passes every cut.
"""

CANDIDATE = pa.struct(
    {
        "jd": pa.float64(),
        "fid": pa.int32(),
        "pid": pa.int64(),
        "diffmaglim": pa.float32(),
        "programid": pa.int32(),
        "candid": pa.int64(),
        "isdiffpos": pa.string(),
        "tblid": pa.int64(),
        "nid": pa.int32(),
        "rcid": pa.int32(),
        "field": pa.int32(),
        "xpos": pa.float32(),
        "ypos": pa.float32(),
        "ra": pa.float64(),
        "dec": pa.float64(),
        "magpsf": pa.float32(),
        "sigmapsf": pa.float32(),
        "chipsf": pa.float32(),
        "distnr": pa.float32(),
        "magnr": pa.float32(),
        "sigmagnr": pa.float32(),
        "classtar": pa.float32(),
        "nbad": pa.int32(),
        "rb": pa.float32(),
        "ssdistnr": pa.float32(),
        "ssmagnr": pa.float32(),
        "ssnamenr": pa.string(),
        "sgscore1": pa.float32(),
        "distpsnr1": pa.float32(),
        "ndethist": pa.int32(),
        "jdstarthist": pa.float64(),
        "jdendhist": pa.float64(),
        "tooflag": pa.int32(),
        "nmtchps": pa.int32(),
        "magzpsci": pa.float32(),
        "neargaia": pa.float32(),
        "maggaia": pa.float32(),
        "exptime": pa.float32(),
        "fwhm": pa.float32(),
        "elong": pa.float32(),
        "drb": pa.float32(),
    }
)
MISSING = -999.0
"""ZTF's number for no number."""


Stamps = dict[str, pa.Array] | None
"""A column of binary for each of `STAMPS`, null where there is none; or no stamps at all."""
STAMPS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def draw_columns(
    rng: np.random.Generator,
    detections: pd.DataFrame,
    exposures: pd.DataFrame,
    night: str,
    nid: int,
    exposure_time: float,
    instrument: Instrument,
) -> dict[str, np.ndarray]:
    """All columns of ZTF's packets but their ids, each of shape (n,), masked where null.

    Parameters
    ----------
    detections : exposure (row of `exposures`), role (see `Roles`), detector, x, y, ra, dec, and
        mag, mag_err (NaN where they are to be drawn), trail [arcsec] (NaN: none)
    exposures : as `schedule.draw_exposures` returns
    nid : ZTF's number of the night
    """
    n = len(detections)
    role = detections["role"].to_numpy().astype(str)
    exposure = exposures.iloc[detections["exposure"]]
    jd = exposure["jd"].to_numpy()
    magpsf, sigmapsf = _photometry(rng, exposure["limit"].to_numpy())
    known = detections["mag"].notna().to_numpy()
    magpsf = np.where(known, detections["mag"].to_numpy(float), magpsf)
    sigmapsf = np.where(known, detections["mag_err"].to_numpy(float), sigmapsf)
    return {
        "jd": jd,
        "field": exposure["field"].to_numpy(),
        "fid": exposure["band"].to_numpy() + 1,
        "diffmaglim": exposure["limit"].to_numpy(),
        "magzpsci": exposure["zero_point"].to_numpy(),
        "programid": np.full(n, 1),
        "nid": np.full(n, nid),
        "rcid": detections["detector"].to_numpy(),
        "xpos": detections["x"].to_numpy(),
        "ypos": detections["y"].to_numpy(),
        "ra": detections["ra"].to_numpy(),
        "dec": detections["dec"].to_numpy(),
        "magpsf": magpsf,
        "sigmapsf": sigmapsf,
        "chipsf": rng.lognormal(1.0, 0.8, n),
        "fwhm": instrument.fwhm_arcsec
        / instrument.mosaic.pixel_arcsec
        * rng.lognormal(0.0, 0.15, n),
        "elong": 1.0
        + rng.exponential(0.1, n)
        + np.where(role == "poor", rng.gamma(2.0, 0.2, n), 0),
        "classtar": 1 - rng.exponential(0.02, n).clip(max=1),
        "tooflag": np.zeros(n, dtype=int),
        "exptime": np.full(n, exposure_time),
        **_quality(rng, role),
        **_history(rng, role, jd, night, nid),
        **_solar_system(rng, role, magpsf),
        **_reference(rng, role, magpsf),
        **_neighbours(rng, n),
    }


def add_ids(columns: dict[str, np.ndarray], tblid: Integers) -> None:
    """Add pid, tblid and candid, composed of night, time of day, channel and a counter.

    Parameters
    ----------
    tblid : number of the detection inside its exposure and channel, below 1000
    """
    time_of_day = ((columns["jd"] - 0.5) % 1.0 * 100_000).astype(np.int64)
    pid = columns["nid"].astype(np.int64) * 100_000 + time_of_day
    pid = (pid * 100 + columns["rcid"] % 100) * 100 + 15 + columns["rcid"] // 100
    positive = np.isin(columns["isdiffpos"].astype(str), ("t", "1"))
    columns["pid"] = pid
    columns["tblid"] = tblid
    columns["candid"] = pid * 1_000_000 + np.where(positive, 15_000, 10_000) + tblid


def ztf_table(columns: dict[str, np.ndarray], stamps: Stamps = None) -> pa.Table:
    """The packets as ZTF's nested table: masked values are null, NaN stays NaN."""
    n = len(columns["candid"])
    candidate = pa.StructArray.from_arrays(
        [arrow(columns[field.name], field.type) for field in CANDIDATE], fields=list(CANDIDATE)
    )
    packets = {
        "candid": arrow(columns["candid"], pa.int64()),
        "schemavsn": pa.array(["3.3"] * n),
        "publisher": pa.array(["Fink"] * n),
        "objectId": arrow(columns["objectId"], pa.string()),
        "candidate": candidate,
    }
    for name, data in (stamps or {}).items():
        files = [f"candid{number}_{name[6:9].lower()}.fits.gz" for number in columns["candid"]]
        packets[name] = pa.StructArray.from_arrays(
            [pa.array(files), data], ["fileName", "stampData"], mask=data.is_null()
        )
    return pa.table(packets)


def arrow(column: np.ndarray, kind: pa.DataType) -> pa.Array:
    """A column of packets: masked values are null, NaN stays NaN."""
    values, mask = np.ma.getdata(column), np.ma.getmaskarray(column)
    if pa.types.is_string(kind):
        return pa.array(values.astype(object), kind, mask=mask)
    return pa.array(values.astype(kind.to_pandas_dtype()), kind, mask=mask)


def _photometry(rng: np.random.Generator, limit: Floats) -> tuple[Floats, Floats]:
    """Magnitudes and their errors below each exposure's limiting magnitude."""
    below = 0.1 + rng.gamma(1.5, 1.0, len(limit))
    magpsf = np.maximum(limit - below, 13.0)
    return magpsf, 0.217 * 10 ** (-0.4 * (limit - magpsf)) + rng.uniform(0.01, 0.03, len(limit))


def _quality(rng: np.random.Generator, role: Roles) -> dict[str, np.ndarray]:
    """Real-bogus scores and bad pixels: a poor detection has a low score or bad pixels."""
    n = len(role)
    poor = role == "poor"
    bad_pixels = poor & (rng.uniform(size=n) < 0.3)
    low_score = poor & ~bad_pixels
    return {
        "rb": np.where(low_score, rng.uniform(0.1, 0.54, n), rng.uniform(0.56, 0.99, n)),
        "nbad": np.where(bad_pixels, rng.integers(1, 5, n), 0),
        "drb": rng.beta(0.5, 0.3, n),
    }


def _history(
    rng: np.random.Generator, role: Roles, jd: Floats, night: str, nid: int
) -> dict[str, np.ndarray]:
    """Object names, earlier detections and the sign of the difference.

    A variable repeats (4 of 5) or is a single negative detection; what repeats has an object
    name of an earlier year; what is single has a name of its own.
    """
    n = len(role)
    free = np.isin(role, ("variable", "poor"))
    repeats = free & (rng.uniform(size=n) < 0.8)
    must_be_negative = (role == "variable") & ~repeats
    negative = must_be_negative | (free & (rng.uniform(size=n) < 0.45))
    earlier = 1 + rng.geometric(0.02, n)
    this_year = int(night[2:4])
    year = np.where(repeats, rng.integers(17, this_year, n), this_year)
    code = np.where(repeats, rng.integers(26**6, size=n), (nid % 366) * 500_000 + np.arange(n))
    spelling = np.where(rng.uniform(size=n) < 0.98, 0, 1)
    return {
        "objectId": _object_names(year, code),
        "ndethist": np.where(repeats, earlier, 1),
        "jdstarthist": np.where(repeats, jd - rng.uniform(1.0, 300.0, n), jd),
        "jdendhist": jd,
        "isdiffpos": np.where(
            negative, np.array(["f", "0"])[spelling], np.array(["t", "1"])[spelling]
        ),
    }


def _object_names(year: Integers, code: Integers) -> np.ndarray:
    """ZTF, two digits of the year, and the code as seven letters."""
    letters = (code[:, None] // 26 ** np.arange(6, -1, -1)) % 26 + ord("a")
    words = letters.astype(np.uint8).view("S7")[:, 0].astype("U7")
    return np.char.add(np.char.add("ZTF", year.astype("U2")), words)


def _solar_system(rng: np.random.Generator, role: Roles, magpsf: Floats) -> dict[str, np.ndarray]:
    """The nearest known Solar System object: of asteroids, and by chance of some variables."""
    n = len(role)
    free = np.isin(role, ("variable", "poor"))
    near = (role == "asteroid") | (free & (rng.uniform(size=n) < 0.05))
    name = np.where(near, rng.integers(1, 600_000, n).astype(str), "null")
    return {
        "ssnamenr": np.ma.array(name, mask=~near & (rng.uniform(size=n) < 0.005)),
        "ssdistnr": np.where(near, rng.integers(0, 6, n), MISSING),
        "ssmagnr": np.where(near, magpsf + rng.normal(0.0, 0.3, n), MISSING),
    }


def _reference(rng: np.random.Generator, role: Roles, magpsf: Floats) -> dict[str, np.ndarray]:
    """The nearest object of the reference image, present or not.

    Stars lie inside P1's stellar locus; a candidate has a reference object by chance, more
    than 2 arcsec away or too faint for the locus; of the rest half are on stars. Missing
    numbers are null, NaN or -999.
    """
    n = len(role)
    half = np.isin(role, ("variable", "poor")) & (rng.uniform(size=n) < 0.5)
    on_star = (role == "star") | half
    distance = np.where(
        on_star, rng.rayleigh(0.3, n).clip(0.01, 1.5), rng.rayleigh(6.0, n).clip(0.05, 29.0)
    )
    locus_edge = np.minimum(1.0, -4.0 * (np.log10(distance) + 0.2))
    star = magpsf + locus_edge - 0.05 - rng.gamma(1.5, 1.0, n)
    chance = rng.normal(22.3, 0.8, n)
    chance = np.where(distance < 2.1, magpsf + locus_edge + 0.1 + rng.gamma(1.5, 1.0, n), chance)
    magnr = np.where(on_star, star, chance)

    may_miss = role != "star"
    null, nan, number = (may_miss & (rng.uniform(size=n) < 0.02) for _ in range(3))
    missing = {
        name: np.where(nan, np.nan, np.where(number, MISSING, values))
        for name, values in (
            ("distnr", distance),
            ("magnr", magnr),
            ("sigmagnr", rng.uniform(0.02, 0.35, n)),
        )
    }
    return {name: np.ma.array(values, mask=null) for name, values in missing.items()}


def _neighbours(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """The nearest Pan-STARRS and Gaia objects, by chance."""
    none = rng.uniform(size=n) < 0.02
    return {
        "sgscore1": np.where(none, MISSING, rng.beta(0.4, 0.4, n)),
        "distpsnr1": np.where(none, MISSING, rng.rayleigh(9.0, n).clip(max=30.0)),
        "nmtchps": np.where(none, 0, 1 + rng.poisson(5.0, n)),
        "neargaia": np.where(none, MISSING, rng.rayleigh(20.0, n).clip(max=90.0)),
        "maggaia": np.where(none, MISSING, rng.normal(19.5, 1.2, n)),
    }
