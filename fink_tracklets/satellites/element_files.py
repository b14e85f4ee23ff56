"""Orbital elements in files: OMM (JSON, CSV, XML), TLE and three-line sets, gzipped or not.

`sgp4` has readers of these formats, too. Ours go on after a damaged set and say which one it was,
and keep catalogue numbers of more than five digits, which `sgp4` itself cannot hold.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sgp4.alpha5 import from_alpha5
from sgp4.api import WGS72, Satrec

from fink_tracklets.errors import UserError


class ElementSet(NamedTuple):
    """The elements of one object at one epoch."""

    number: int
    """Catalogue number."""
    name: str
    """Name of the object, empty where the file has none."""
    object_id: str
    """International designator, as in 1994-065A."""
    epoch_jd: float
    """Julian date, UTC."""
    satrec: Satrec
    """The elements as `sgp4` takes them."""


def read_sets(path: str) -> tuple[list[ElementSet], list[str]]:
    """The sets of a file, and what of it could not be read, each as `file, line N: why`.

    Raises
    ------
    UserError
        The file is absent, empty, a web page, or broken as a whole.
    """
    unusable: list[str] = []
    text = _text(path)
    if text.startswith("<"):
        sets = _records(_xml(text, path), path, unusable)
    elif text.startswith(("[", "{")):
        sets = _records(_json(text, path), path, unusable)
    elif "NORAD_CAT_ID" in text.split("\n", 1)[0]:
        rows = csv.DictReader(io.StringIO(text))
        sets = _records(((f"row {k}", r) for k, r in enumerate(rows, 1)), path, unusable)
    else:
        sets = _lines(text, path, unusable)
    return list(sets), unusable


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


def _lines(text: str, path: str, unusable: list[str]) -> Iterator[ElementSet]:
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


def _two_lines(name: str, first: str, second: str) -> ElementSet:
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
    return ElementSet(number, name, launch, jd, satrec)


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
) -> Iterator[ElementSet]:
    for where, row in rows:
        try:
            yield _omm(row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            unusable.append(f"{path}, {where}: {why}")


def _omm(row: Mapping[str, Any]) -> ElementSet:
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
    satrec.sgp4init(  # which takes no keywords
        WGS72,
        "i",
        0,
        day,
        float(row["BSTAR"]),
        float(row.get("MEAN_MOTION_DOT") or 0) * 2 * np.pi / 1440**2,
        float(row.get("MEAN_MOTION_DDOT") or 0) * 2 * np.pi / 1440**3,
        eccentricity,
        angle["ARG_OF_PERICENTER"],
        angle["INCLINATION"],
        angle["MEAN_ANOMALY"],
        motion * 2 * np.pi / 1440,
        angle["RA_OF_ASC_NODE"],
    )
    jd = satrec.jdsatepoch + satrec.jdsatepochF
    name, launch = (str(row.get(key) or "").strip() for key in ("OBJECT_NAME", "OBJECT_ID"))
    return ElementSet(int(row["NORAD_CAT_ID"]), name, launch, jd, satrec)
