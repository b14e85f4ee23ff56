"""Orbital elements in files: OMM (JSON, CSV, XML, KVN), TLE and three-line sets, gzipped or not."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from fink_tracklets.errors import UserError
from fink_tracklets.satellites.element_set import ElementSet, Unusable
from fink_tracklets.satellites.omm import (
    csv_records,
    json_records,
    kvn_records,
    looks_like_kvn,
    read_records,
    xml_records,
)
from fink_tracklets.satellites.two_lines import read_lines

LARGEST = 1 << 30
"""Bytes of an unpacked file: a catalogue of all objects has some 20 MB."""
QUOTED = 60
"""Characters that are shown of a text in place of a catalogue."""


@dataclass(frozen=True)
class ElementFile:
    """What a file holds."""

    path: str
    form: str
    """Its format."""
    sets: tuple[ElementSet, ...]
    unusable: tuple[Unusable, ...]

    @property
    def is_tle(self) -> bool:
        """Whether its catalogue numbers have five places."""
        return self.form == "TLE"


class _Form(NamedTuple):
    name: str
    fits: Callable[[str], bool]
    records: Callable[[str], Iterator[tuple[str, Any]]]


FORMS = (
    _Form("OMM in XML", lambda text: text.startswith("<"), xml_records),
    _Form("OMM in JSON", lambda text: text.startswith(("[", "{")), json_records),
    _Form("OMM in CSV", lambda text: "NORAD_CAT_ID" in text.split("\n", 1)[0], csv_records),
    _Form("OMM in KVN", looks_like_kvn, kvn_records),
)
"""The first that fits; what fits none is TLE."""


def read_file(path: str) -> ElementFile:
    """The sets of a file, and what of it is refused.

    Raises
    ------
    UserError
        The file is absent, empty, a web page, broken as a whole, or has no set that can be used.
    """
    text = _text(path)
    unusable: list[Unusable] = []
    form = next((form for form in FORMS if form.fits(text.lstrip())), None)
    try:
        if form is None:
            sets = tuple(read_lines(text, path, unusable))
        else:
            sets = tuple(read_records(form.records(text.strip()), path, unusable))
    except ValueError as error:
        assert form is not None
        kind = form.name.split()[-1]
        raise UserError(
            f"{path} is not whole {kind}: {error}; fetch the catalogue again."
        ) from None
    if not sets:
        if unusable and _first_words(text):
            why = f": {unusable[0].sentence.removeprefix(f'{path}, ')}"
            if len(unusable) > 1:
                why += f" ({len(unusable):,} such)"
        else:
            why = ""
        raise UserError(
            f"{path} holds no usable element set{why}. It begins with "
            f"'{_first_words(text)}': give OMM (JSON, CSV, XML, KVN) or TLE."
        )
    return ElementFile(path, form.name if form else "TLE", sets, tuple(unusable))


def _text(path: str) -> str:
    try:
        with open(path, "rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else Path(path).open("rb") as file:
            content = file.read(LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path} is a broken gzip file ({error}): fetch the catalogue again."
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: the catalogue cannot be read ({why}).") from None
    if len(content) > LARGEST:
        raise UserError(
            f"{path} has more than {LARGEST:,} bytes: that is no catalogue of elements."
        )
    text = content.decode("utf-8-sig", errors="replace").strip("\r\n\0")
    if not text.strip():
        raise UserError(f"{path} is empty: fetch the catalogue of elements again.")
    head = text[:2000].lower()
    if "<html" in head or "<!doctype html" in head:
        raise UserError(
            f"{path} is a web page (HTML) that says '{_first_words(text)}', not a catalogue of "
            "elements: fetch the catalogue again."
        )
    return text


def _first_words(text: str) -> str:
    """How a text begins, without tags, in one short line."""
    plain = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text[:5000], flags=re.S | re.I)
    words = " ".join(unescape(plain).split()) or " ".join(text[:200].split())
    clean = "".join(c if c.isprintable() else "?" for c in words[:QUOTED])
    return clean + ("..." if len(words) > QUOTED else "")
