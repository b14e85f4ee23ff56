"""A catalogue as files: Parquet, FITS, VOTable, and fixed-width text with a ReadMe as the CDS
takes them (https://cds.unistra.fr/doc/catstd.htx)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits, votable
from astropy.table import MaskedColumn
from astropy.table import Table as AstropyTable

from fink_tracklets.errors import UserError
from fink_tracklets.years.catalogue import Described, Published, plain_columns

WIDTH = 80
RULE = "-" * WIDTH
FORMATS = {"deg": "F12.7", "d": "F17.8", "mag": "F9.4"}
"""Of fixed-width numbers by their unit; others are E13.6."""
OTHER_FORMAT = "E13.6"


def write_catalogue(tables: Sequence[Published], out: Path, nights: str) -> list[Path]:
    """Write each table as .parquet, .fits, .vot and .dat, and one ReadMe.

    Parameters
    ----------
    nights : the span, for the ReadMe

    Raises
    ------
    UserError : the folder cannot be written
    """
    files: dict[str, bytes] = {}
    texts = []
    for one in tables:
        columns = plain_columns(one.table)
        files[f"{one.name}.parquet"] = to_parquet(one)
        files[f"{one.name}.fits"] = to_fits(one, columns)
        files[f"{one.name}.vot"] = to_votable(one, columns)
        text = FixedWidth(one, columns)
        files[f"{one.name}.dat"] = text.content
        texts.append(text)
    files["ReadMe"] = readme(texts, nights).encode("ascii", "replace")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    except OSError as error:
        raise UserError(f"The catalogue cannot be written to {out}: {error.strerror}.") from error
    return [out / name for name in files]


def to_parquet(one: Published) -> bytes:
    """Parquet; unit, ucd and description are the fields' metadata."""
    fields = [
        field.with_metadata({"unit": c.unit, "ucd": c.ucd, "description": c.meaning})
        for field, c in zip(one.table.schema, one.columns, strict=True)
    ]
    sink = io.BytesIO()
    pq.write_table(one.table.cast(pa.schema(fields)), sink)
    return sink.getvalue()


def to_fits(one: Published, columns: dict[str, pd.Series]) -> bytes:
    """A binary table; TUCDn and TCOMMn hold UCDs and descriptions."""
    made = []
    for c in one.columns:
        values = columns[c.name]
        kind, null, array = _fits_array(values)
        made.append(fits.Column(c.name, kind, unit=c.unit or None, null=null, array=array))
    table = fits.BinTableHDU.from_columns(made, name=one.name)
    for k, c in enumerate(one.columns, 1):
        if c.ucd:
            table.header[f"TUCD{k}"] = c.ucd
        table.header[f"TCOMM{k}"] = c.meaning
    sink = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(sink)
    return sink.getvalue()


def _fits_array(values: pd.Series) -> tuple[str, int | None, np.ndarray]:
    if pd.api.types.is_integer_dtype(values.dtype):
        short = values.dtype == "Int32"
        kind, dtype = ("J", np.int32) if short else ("K", np.int64)
        null = int(np.iinfo(dtype).min)
        return kind, null if values.isna().any() else None, values.fillna(null).to_numpy(dtype)
    if pd.api.types.is_float_dtype(values.dtype):
        return "D", None, values.to_numpy(float)
    texts = values.fillna("").astype(str).to_numpy(str)
    texts = np.char.encode(texts, "ascii", "replace")
    return f"{max(1, texts.dtype.itemsize)}A", None, texts


def to_votable(one: Published, columns: dict[str, pd.Series]) -> bytes:
    """A VOTable in BINARY2, which any tool of the VO reads."""
    table = AstropyTable()
    for c in one.columns:
        values = columns[c.name]
        if pd.api.types.is_integer_dtype(values.dtype):
            plain = values.fillna(0).to_numpy(np.int64)
            data = MaskedColumn(plain, mask=values.isna().to_numpy())
        elif pd.api.types.is_float_dtype(values.dtype):
            data = MaskedColumn(values.to_numpy(float))
        else:
            data = MaskedColumn(values.fillna("").astype(str).to_numpy(str))
        table[c.name] = data
    document = votable.from_table(table, one.name)
    (found,) = document.iter_tables()
    found.description = one.meaning
    for field, c in zip(found.fields, one.columns, strict=True):
        field.unit, field.ucd, field.description = c.unit or None, c.ucd or None, c.meaning
    sink = io.BytesIO()
    document.to_xml(sink, tabledata_format="binary2")
    return sink.getvalue()


class FixedWidth:
    """A table as lines of text with each column at its place."""

    def __init__(self, one: Published, columns: dict[str, pd.Series]) -> None:
        self.published = one
        self.places: list[tuple[int, int, str, bool]] = []
        """First and last byte of each column, its format, and whether it may be blank."""
        cells, start = [], 1
        for c in one.columns:
            form, texts = _texts(columns[c.name], c)
            width = max(1, max((len(text) for text in texts), default=1))
            if form[0] in "AI":
                form = f"{form[0]}{width}"
            left = form[0] == "A"
            cells.append([text.ljust(width) if left else text.rjust(width) for text in texts])
            self.places.append((start, start + width - 1, form, "" in texts))
            start += width + 1
        self.length = start - 2
        lines = (" ".join(row) for row in zip(*cells, strict=True))
        self.content = "".join(f"{line}\n" for line in lines).encode("ascii", "replace")


def _texts(values: pd.Series, c: Described) -> tuple[str, list[str]]:
    if pd.api.types.is_integer_dtype(values.dtype):
        return "I", ["" if pd.isna(v) else str(int(v)) for v in values]
    if pd.api.types.is_float_dtype(values.dtype):
        form = FORMATS.get(c.unit, OTHER_FORMAT)
        width, digits = form[1:].split(".")
        spelled = f"{{:{width}.{digits}{form[0]}}}"
        return form, [spelled.format(v) if np.isfinite(v) else "" for v in values]
    return "A", ["" if pd.isna(v) else str(v) for v in values]


def readme(texts: Sequence[FixedWidth], nights: str) -> str:
    """The ReadMe of the catalogue."""
    lines = [
        "Tracklets of satellites and space debris in an alert stream",
        "=" * WIDTH,
        "Glints of satellites and space debris: tracklets and their alerts",
        "=" * WIDTH,
        "Keywords: surveys - transients - space vehicles - light pollution",
        "",
        "Description:",
        *_paragraph(
            "Strings of point sources along smooth curves in single exposures, which spinning "
            "satellites and debris leave in a survey's alert stream, found by fink_tracklets, and "
            f"the alerts in them; nights {nights}. Times are UTC, positions ICRS. The same tables "
            "are given as Parquet, FITS and VOTable, with UCDs."
        ),
        "",
        "File Summary:",
        RULE,
        f" {'FileName':<16}{'Lrecl':>8}{'Records':>10}   Explanations",
        RULE,
        f" {'ReadMe':<16}{WIDTH:>8}{'.':>10}   This file",
    ]
    for text in texts:
        one = text.published
        name, records = f"{one.name}.dat", len(one.table)
        lines.append(f" {name:<16}{text.length:>8}{records:>10}   {one.meaning}")
    lines += [RULE, ""]
    for text in texts:
        lines += [*_bytes(text), ""]
    lines += ["=" * WIDTH, "(End)"]
    return "\n".join(lines) + "\n"


def _bytes(text: FixedWidth) -> list[str]:
    """The byte-by-byte description of a file."""
    label = max(len(c.name) for c in text.published.columns)
    lines = [
        f"Byte-by-byte Description of file: {text.published.name}.dat",
        RULE,
        f"   Bytes Format Units    {'Label':<{label}} Explanations",
        RULE,
    ]
    for c, (first, last, form, blank) in zip(text.published.columns, text.places, strict=True):
        place = f"{first:>4}-{last:>4}" if last > first else f"{last:>9}"
        unit = c.unit.replace("1/rad", "rad-1") or "---"
        head = f"{place:>9} {form:<6} {unit:<8} {c.name:<{label}} "
        room = max(24, WIDTH - len(head))
        told = wrap(f"{'? ' if blank else ''}{c.meaning}", room) or [""]
        lines.append(f"{head}{told[0]}")
        lines += [" " * len(head) + part for part in told[1:]]
    return [*lines, RULE]


def _paragraph(text: str) -> list[str]:
    return [f"  {line}" for line in wrap(text, WIDTH - 2)]
