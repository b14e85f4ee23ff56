"""Orbital elements from files: OMM (JSON, CSV, XML), TLE and three-line sets, gzipped or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sgp4.alpha5 import from_alpha5
from sgp4.api import WGS72, Satrec, SatrecArray

from fink_tracklets.errors import UserError

EARTH_RADIUS_KM = WGS72_RADIUS_KM = 6378.135
SHOWN = 20
"""Unusable lines that are reported one by one."""


@dataclass(frozen=True)
class Elements:
    """Element sets, sorted by object and epoch; the arrays are parallel."""

    norad_cat_id: np.ndarray
    """Catalogue number, int64."""
    name: np.ndarray
    object_id: np.ndarray
    """International designator, 1994-065A."""
    epoch_jd: np.ndarray
    """Julian date, UTC."""
    satrecs: np.ndarray
    """One `sgp4.api.Satrec` each."""
    files: tuple[str, ...]
    duplicates: int = 0
    """Sets that another one of the same object and epoch made needless."""
    unusable: tuple[str, ...] = ()
    """What could not be read, each `file, line N: why`."""

    def __len__(self) -> int:
        return len(self.epoch_jd)

    def take(self, rows: np.ndarray) -> Elements:
        """Some of the sets."""
        return Elements(
            self.norad_cat_id[rows], self.name[rows], self.object_id[rows], self.epoch_jd[rows],
            self.satrecs[rows], self.files, self.duplicates, self.unusable,
        )  # fmt: skip

    def propagator(self) -> SatrecArray:
        """All sets for `sgp4`."""
        return SatrecArray(list(self.satrecs))

    def orbits(self) -> pd.DataFrame:
        """The orbit at the epoch: semi_major_axis_km, eccentricity, inclination_deg, period_min,
        and the heights of perigee and apogee [km]."""
        motion = np.array([s.no_kozai for s in self.satrecs])
        axis = np.array([s.a for s in self.satrecs]) * WGS72_RADIUS_KM
        eccentricity = np.array([s.ecco for s in self.satrecs])
        return pd.DataFrame(
            {
                "semi_major_axis_km": axis,
                "eccentricity": eccentricity,
                "inclination_deg": np.degrees([s.inclo for s in self.satrecs]),
                "period_min": 2 * np.pi / motion,
                "perigee_km": axis * (1 - eccentricity) - EARTH_RADIUS_KM,
                "apogee_km": axis * (1 + eccentricity) - EARTH_RADIUS_KM,
            }
        )


@dataclass
class _Found:
    """What the files gave so far."""

    sets: list[tuple[int, str, str, float, Satrec]] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)


def read_elements(paths: Sequence[str | Path]) -> Elements:
    """All element sets of some files.

    Parameters
    ----------
    paths : files of any of the formats, told apart by their content; gzip is recognised

    Raises
    ------
    UserError
        A file is absent, empty, a web page, broken as a whole, or without any element set.
    """
    found = _Found()
    for path in map(str, paths):
        before, lines = len(found.sets), len(found.unusable)
        text = _text(path)
        if text.startswith("<"):
            records = _records(_xml(text, path), path, found.unusable)
        elif text.startswith(("[", "{")):
            records = _records(_json(text, path), path, found.unusable)
        elif "NORAD_CAT_ID" in text.split("\n", 1)[0]:
            rows = csv.DictReader(io.StringIO(text))
            records = _records(
                ((f"row {k}", r) for k, r in enumerate(rows, 1)), path, found.unusable
            )
        else:
            records = _lines(text, path, found.unusable)
        found.sets.extend(records)
        if len(found.sets) == before:
            why = f" ({found.unusable[lines]})" if len(found.unusable) > lines else ""
            raise UserError(
                f"{path} holds no usable element set{why}: give OMM (JSON, CSV, XML) or TLE."
            )
    return _sorted(found, tuple(map(str, paths)))


def _sorted(found: _Found, files: tuple[str, ...]) -> Elements:
    """Sorted by object and epoch; of sets of one object and epoch one remains."""
    rows = sorted(found.sets, key=lambda s: (s[0], s[3], s[1], s[4].mo, s[4].no_kozai, s[4].ecco))
    kept = [row for k, row in enumerate(rows) if not k or row[:4:3] != rows[k - 1][:4:3]]
    numbers, names, ids, epochs, satrecs = zip(*kept, strict=True)
    records = np.empty(len(kept), dtype=object)
    records[:] = satrecs
    return Elements(
        np.array(numbers, dtype=np.int64), np.array(names, dtype=object),
        np.array(ids, dtype=object), np.array(epochs), records, files,
        len(rows) - len(kept), tuple(found.unusable),
    )  # fmt: skip


def _text(path: str) -> str:
    try:
        content = Path(path).read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path} is a broken gzip file ({error}): fetch the catalogue again."
        ) from None
    except OSError as error:
        raise UserError(f"{path}: the catalogue cannot be read ({error.strerror}).") from None
    text = content.decode("utf-8-sig", errors="replace").strip("\r\n\0")
    if not text.strip():
        raise UserError(f"{path} is empty: fetch the catalogue of elements again.")
    head = text[:2000].lower()
    if "<html" in head or "<!doctype html" in head:
        raise UserError(
            f"{path} is a web page (HTML), not a catalogue of elements: fetch the catalogue again."
        )
    return text


def _lines(
    text: str, path: str, unusable: list[str]
) -> Iterator[tuple[int, str, str, float, Satrec]]:
    """Two- and three-line sets; any other line is the name of the set that follows."""
    lines = [line.rstrip() for line in text.splitlines()]
    k, name = 0, ""
    while k < len(lines):
        line = lines[k]
        following = lines[k + 1] if k + 1 < len(lines) else ""
        if _starts_set(line, following):
            try:
                yield _two_lines(name, line, following)
            except ValueError as error:
                unusable.append(f"{path}, line {k + 1}: {error}")
            k, name = k + 2, ""
        else:
            if (line[:2] == "2 " and len(line) >= 60) or (line[:2] == "1 " and len(line) >= 40):
                unusable.append(f"{path}, line {k + 1}: a line {line[0]} without its other line")
                line = ""
            name = line.removeprefix("0 ").strip()
            k += 1


def _starts_set(line: str, following: str) -> bool:
    """A name may begin with "1 ", an element line may be cut short."""
    return line[:2] == "1 " and following[:2] == "2 " and max(len(line), len(following)) >= 60


_DIGITS = bytes(c - 48 if 48 <= c <= 57 else int(c == 45) for c in range(256))


def _two_lines(name: str, first: str, second: str) -> tuple[int, str, str, float, Satrec]:
    for number, line in ((1, first), (2, second)):
        if len(line) < 68:
            raise ValueError(
                f"line {number} of the set is cut short ({len(line)} of 69 characters)"
            )
        given = line[68:69]
        said = sum(line[:68].encode("latin-1", "replace").translate(_DIGITS)) % 10
        if given.isdigit() and said != int(given):
            raise ValueError(f"the checksum of line {number} is wrong: {said}, not {given}")
    if first[2:7] != second[2:7]:
        raise ValueError(f"the two lines are of objects {first[2:7]} and {second[2:7]}")
    try:
        number = from_alpha5(first[2:7].strip())
        satrec = Satrec.twoline2rv(first, second)
    except (ValueError, IndexError) as error:
        raise ValueError(f"not an element set ({error})") from None
    jd = satrec.jdsatepoch + satrec.jdsatepochF
    launch = first[9:17].strip()
    if launch[:2].isdigit():
        launch = f"{1900 + int(launch[:2]) + 100 * (launch[:2] < '57')}-{launch[2:]}"
    return number, name, launch, jd, satrec


def _json(text: str, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not whole JSON: {error}; fetch the catalogue again.") from None
    for k, row in enumerate(content if isinstance(content, list) else [content], 1):
        yield f"set {k}", row


def _xml(text: str, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise UserError(f"{path} is not whole XML: {error}; fetch the catalogue again.") from None
    for k, segment in enumerate(root.iter("segment"), 1):
        yield f"set {k}", {e.tag: e.text for e in segment.iter() if e.text and e.text.strip()}


def _records(
    rows: Iterator[tuple[str, Mapping[str, Any]]], path: str, unusable: list[str]
) -> Iterator[tuple[int, str, str, float, Satrec]]:
    for where, row in rows:
        try:
            yield _omm(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            unusable.append(f"{path}, {where}: {why}")


def _omm(row: Mapping[str, Any]) -> tuple[int, str, str, float, Satrec]:
    """One Orbit Mean-elements Message. `sgp4` never sees the number: it cannot hold new ones."""
    epoch = datetime.fromisoformat(row["EPOCH"].strip())
    since = epoch.replace(tzinfo=epoch.tzinfo or UTC) - datetime(1949, 12, 31, tzinfo=UTC)
    angle = {
        key: np.radians(float(row[key]))
        for key in ("ARG_OF_PERICENTER", "INCLINATION", "MEAN_ANOMALY", "RA_OF_ASC_NODE")
    }
    day = since.days + (since.seconds + since.microseconds / 1e6) / 86400
    motion, eccentricity = float(row["MEAN_MOTION"]), float(row["ECCENTRICITY"])
    if not (motion > 0 and 0 <= eccentricity < 1):
        raise ValueError(f"mean motion {motion} or eccentricity {eccentricity} is impossible")
    satrec = Satrec()
    satrec.sgp4init(
        WGS72, "i", 0, day, float(row["BSTAR"]),
        float(row.get("MEAN_MOTION_DOT") or 0) * 2 * np.pi / 1440**2,
        float(row.get("MEAN_MOTION_DDOT") or 0) * 2 * np.pi / 1440**3,
        eccentricity, angle["ARG_OF_PERICENTER"], angle["INCLINATION"], angle["MEAN_ANOMALY"],
        motion * 2 * np.pi / 1440, angle["RA_OF_ASC_NODE"],
    )  # fmt: skip
    jd = satrec.jdsatepoch + satrec.jdsatepochF
    name, launch = (str(row.get(key) or "").strip() for key in ("OBJECT_NAME", "OBJECT_ID"))
    return int(row["NORAD_CAT_ID"]), name, launch, jd, satrec


def nearest_sets(elements: Elements, jd: np.ndarray, max_age_days: float) -> np.ndarray:
    """Which set is each object's nearest in time.

    Parameters
    ----------
    elements : sorted, as `read_elements` gives them
    jd : (E,) Julian dates, UTC
    max_age_days : sets further away than this are of no use

    Returns
    -------
    (S, E) bool : true once per object and date at most
    """
    epoch, number = elements.epoch_jd, elements.norad_cat_id
    middle = (epoch[:-1] + epoch[1:]) / 2
    same = number[:-1] == number[1:]
    since = np.concatenate([[-np.inf], np.where(same, middle, -np.inf)])
    until = np.concatenate([np.where(same, middle, np.inf), [np.inf]])
    near = np.abs(jd - epoch[:, None]) <= max_age_days
    return near & (jd >= since[:, None]) & (jd < until[:, None])
