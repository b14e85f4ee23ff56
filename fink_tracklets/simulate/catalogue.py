"""Catalogues of orbits to fly: drawn ones, written as OMM and TLE, or a real file.

An object is flown from the numbers that stand in the file, never from those before rounding.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from sgp4 import omm
from sgp4.api import WGS72, Satrec
from sgp4.exporter import export_tle

from fink_tracklets.errors import UserError
from fink_tracklets.simulate.mosaic import Floats

MU, EARTH_RADIUS, J2 = 398600.8, 6378.135, 1.082616e-3
"""WGS72 as SGP4 has it: [km^3/s^2], [km], 1."""
ELEMENTS_DAY = datetime(2020, 1, 1)
"""The day for which the synthetic elements are drawn; they drift to the night's."""
FIRST_NUMBER = 96_001
"""Catalogue number of the first synthetic object. Those past 99,999 fit no TLE."""

CLASSES = ("LEO", "MEO", "GEO", "GEO inclined", "GTO", "Molniya", "other")
SYNTHETIC = {"LEO": 2600, "MEO": 250, "GEO": 450, "GEO inclined": 550, "GTO": 800, "Molniya": 350}
"""Number of synthetic objects of each orbit class: 5,000."""


@dataclass(frozen=True)
class Fleet:
    """Objects to fly, arrays of shape (n,) in order of catalogue number."""

    norad_cat_id: np.ndarray
    """(n,) catalogue numbers."""
    name: np.ndarray
    """(n,) their names."""
    orbit_class: np.ndarray
    """(n,) one of `CLASSES` each."""
    satrec: np.ndarray
    """(n,) sgp4's records of the elements."""


def draw_elements(seed: int, start_jd: float) -> list[dict[str, str | int | float]]:
    """The synthetic objects' mean elements for a night, as OMM fields rounded as in a file.

    The objects of a seed are the same on every night: node, perigee and anomaly drift from
    `ELEMENTS_DAY` by J2 and the mean motion, and each epoch lies in the last day before the
    night.

    Parameters
    ----------
    start_jd : JD UTC of the night's 0h
    """
    # Shapes and directions of the orbits, which are the same on every night.
    rng = np.random.default_rng([seed, 1])
    orbit_class = np.repeat(list(SYNTHETIC), list(SYNTHETIC.values()))
    n = len(orbit_class)
    perigee, apogee, inclination = np.empty((3, n))
    for name in SYNTHETIC:
        of_class = orbit_class == name
        perigee[of_class], apogee[of_class], inclination[of_class] = _draw_shapes(
            rng, name, int(of_class.sum())
        )
    node, argument, anomaly = rng.uniform(0.0, 360.0, (3, n))
    node = np.where(orbit_class == "GEO inclined", rng.normal(20.0, 40.0, n), node)

    # An epoch in the day before the night, and how far node, perigee and anomaly have drifted until
    # then: the secular rates of J2, and the mean motion.
    axis = EARTH_RADIUS + (perigee + apogee) / 2
    eccentricity = (apogee - perigee) / 2 / axis
    motion = np.sqrt(MU / axis**3) * 86400
    midnight = ELEMENTS_DAY + timedelta(days=start_jd - _jd(ELEMENTS_DAY))
    ages = np.random.default_rng([seed, 2]).uniform(0.0, 1.0, n)
    epochs = [midnight - timedelta(seconds=round(86400 * age)) for age in ages]
    days = np.array([(epoch - ELEMENTS_DAY) / timedelta(days=1) for epoch in epochs])
    cos = np.cos(np.radians(inclination))
    j2 = 1.5 * J2 * (EARTH_RADIUS / (axis * (1 - eccentricity**2))) ** 2 * motion
    node = node - np.degrees(j2 * cos * days)
    argument = argument + np.degrees(j2 * (2.5 * cos**2 - 0.5) * days)
    argument = np.where(orbit_class == "Molniya", rng.normal(270.0, 8.0, n), argument)
    anomaly = anomaly + np.degrees(motion * days)
    drag = np.where(orbit_class == "LEO", 1e-4 * rng.lognormal(0.0, 1.0, n), 0.0)
    year = rng.integers(1970, 2018, n)
    return [
        {
            "OBJECT_NAME": f"SIM {orbit_class[i].upper()} {FIRST_NUMBER + i}",
            "OBJECT_ID": f"{year[i]}-{1 + i % 99:03d}A",
            "EPOCH": epochs[i].isoformat(timespec="microseconds"),
            "MEAN_MOTION": round(motion[i] / (2 * np.pi), 8),
            "ECCENTRICITY": round(eccentricity[i], 7),
            "INCLINATION": round(inclination[i], 4),
            "RA_OF_ASC_NODE": round(node[i] % 360.0, 4) % 360.0,
            "ARG_OF_PERICENTER": round(argument[i] % 360.0, 4) % 360.0,
            "MEAN_ANOMALY": round(anomaly[i] % 360.0, 4) % 360.0,
            "EPHEMERIS_TYPE": 0,
            "CLASSIFICATION_TYPE": "U",
            "NORAD_CAT_ID": FIRST_NUMBER + i,
            "ELEMENT_SET_NO": 999,
            "REV_AT_EPOCH": 1,
            "BSTAR": float(f"{drag[i]:.4e}"),
            "MEAN_MOTION_DOT": 0.0,
            "MEAN_MOTION_DDOT": 0.0,
        }
        for i in range(n)
    ]


def _draw_shapes(
    rng: np.random.Generator, orbit_class: str, n: int
) -> tuple[Floats, Floats, Floats]:
    """Heights [km] of perigee and apogee, and inclinations [deg]."""
    if orbit_class == "LEO":
        perigee = rng.choice([550.0, 780.0, 950.0, 1450.0], n) + rng.normal(0.0, 50.0, n)
        apogee = perigee + rng.exponential(60.0, n)
        return perigee, apogee, rng.choice([65.0, 74.0, 82.5, 98.5], n) + rng.normal(0.0, 1.0, n)
    if orbit_class == "MEO":
        perigee = rng.choice([19_130.0, 20_180.0, 21_500.0], n) + rng.normal(0.0, 150.0, n)
        return perigee, perigee + rng.exponential(200.0, n), rng.normal(58.0, 4.0, n)
    if orbit_class == "GEO":
        perigee = 35_786.0 + rng.normal(60.0, 120.0, n)
        return perigee, perigee + rng.exponential(30.0, n), rng.exponential(1.0, n).clip(0.02, 3.0)
    if orbit_class == "GEO inclined":
        perigee = 35_786.0 + rng.normal(60.0, 300.0, n)
        return perigee, perigee + rng.exponential(100.0, n), rng.uniform(3.0, 15.0, n)
    if orbit_class == "GTO":
        perigee = 250.0 + rng.exponential(600.0, n)
        apogee = rng.normal(35_000.0, 2500.0, n)
        return perigee, apogee, np.abs(rng.choice([7.0, 27.0], n) + rng.normal(0.0, 2.0, n))
    perigee = 900.0 + rng.exponential(600.0, n)
    return perigee, 40_700.0 - perigee, rng.normal(63.4, 1.0, n)


def write_catalogue(elements: list[dict[str, str | int | float]], folder: Path) -> Path:
    """Write catalogue.json (OMM) and, for the numbers that fit, catalogue.tle (with names).

    Returns
    -------
    path of the OMM file
    """
    path = folder / "catalogue.json"
    path.write_text("[\n" + ",\n".join(json.dumps(one) for one in elements) + "\n]\n")
    lines = []
    for one in elements:
        if int(one["NORAD_CAT_ID"]) <= 99_999:
            lines += [str(one["OBJECT_NAME"]), *export_tle(_from_omm(one))]
    (folder / "catalogue.tle").write_text("\n".join(lines) + "\n")
    return path


def read_catalogue(path: str | Path) -> Fleet:
    """A catalogue from a file of OMM JSON or of two- or three-line elements, or gzipped.

    Of several sets of one object the last counts. Irregular lines are left out.

    Raises
    ------
    UserError : no such file, or no elements in it
    """
    try:
        raw = Path(path).read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8", "replace")
    except (OSError, EOFError) as error:
        raise UserError(f"The catalogue {path} cannot be read: {error}.") from error
    try:
        sets = _read_omm(text) if text.lstrip().startswith("[") else _read_tle(text)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"The catalogue {path} is not OMM JSON: {error!r} in an entry; give OMM or TLE."
        ) from error
    if not sets:
        raise UserError(f"The catalogue {path} holds no elements: give OMM JSON, TLE or 3LE.")
    return _catalogue(sets)


def from_elements(elements: list[dict[str, str | int | float]]) -> Fleet:
    """A catalogue of OMM fields."""
    return _catalogue([(str(one["OBJECT_NAME"]), _from_omm(one)) for one in elements])


def _catalogue(sets: list[tuple[str, Satrec]]) -> Fleet:
    by_number = {satrec.satnum: (name, satrec) for name, satrec in sets}
    numbers = sorted(by_number)
    records = np.empty(len(numbers), dtype=object)
    records[:] = [by_number[number][1] for number in numbers]
    return Fleet(
        norad_cat_id=np.array(numbers),
        name=np.array([by_number[number][0] for number in numbers], dtype=object),
        orbit_class=np.array([classify(record) for record in records], dtype=object),
        satrec=records,
    )


def classify(satrec: Satrec) -> str:
    """The orbit class of elements, one of `CLASSES`."""
    axis = (MU / (satrec.no_kozai / 60) ** 2) ** (1 / 3)
    perigee = axis * (1 - satrec.ecco) - EARTH_RADIUS
    inclination = np.degrees(satrec.inclo)
    if axis < EARTH_RADIUS + 2000:
        return "LEO"
    if satrec.ecco > 0.5 and 55 < inclination < 72 and 25_000 < axis < 28_000:
        return "Molniya"
    if satrec.ecco > 0.4 and perigee < 8000:
        return "GTO"
    if satrec.ecco < 0.2 and 38_000 < axis < 46_000:
        return "GEO" if inclination <= 3 else "GEO inclined"
    if satrec.ecco < 0.2 and axis < 38_000:
        return "MEO"
    return "other"


def _read_omm(text: str) -> list[tuple[str, Satrec]]:
    return [(str(one.get("OBJECT_NAME") or ""), _from_omm(one)) for one in json.loads(text)]


def _from_omm(fields: dict[str, str | int | float]) -> Satrec:
    satrec = Satrec()
    epoch = str(fields["EPOCH"])
    omm.initialize(satrec, {**fields, "EPOCH": epoch if "." in epoch else epoch + ".0"}, WGS72)
    return satrec


def _read_tle(text: str) -> list[tuple[str, Satrec]]:
    sets, name, first = [], "", ""
    for line in text.splitlines():
        if line.startswith("1 ") and len(line) >= 64:
            first = line
        elif line.startswith("2 ") and len(line) >= 63 and first[2:7] == line[2:7]:
            try:
                record = Satrec.twoline2rv(first, line)
            except ValueError:
                continue
            if record.no_kozai > 0:
                sets.append((name.removeprefix("0 ").strip(), record))
            first = ""
        else:
            name = line
    return sets


def _jd(date: datetime) -> float:
    return date.toordinal() + 1721424.5
