"""Rows as JSON, CSV, Parquet and VOTable."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from fink_tracklets.tables.ucds import unit_and_ucd

MEDIA = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "votable": "application/x-votable+xml",
}
LONG_IDS = ("alert_id", "candid", "diaSourceId", "diaObjectId", "ssObjectId")
"""Our own calls give each as text, too, and so any other number that JavaScript would round."""
EXACT = 2**53
"""Largest whole number up to which JavaScript has all."""


def encoded(table: pa.Table, form: str, described: Mapping[str, tuple[str, str]]) -> bytes:
    """Rows in one of the formats of `MEDIA`.

    Parameters
    ----------
    table : of numbers, booleans and texts, without NaN
    described : unit and meaning by name, with or without its family
    """
    if form == "json":
        return to_json(table)
    if form == "csv":
        return to_csv(table)
    if form == "parquet":
        sink = io.BytesIO()
        pq.write_table(table, sink)
        return sink.getvalue()
    return to_votable(table, described)


def plain(value: Any) -> Any:
    """A row or value as JSON has it: NaN null, times in ISO form, no bytes, long ids also as text.

    Examples
    --------
    >>> plain({"alert_id": 7, "sourceId": 170094456272322000, "rcid": 7})["sourceId_text"]
    '170094456272322000'
    >>> plain({"a": float("nan"), "b": b"FITS", "c": datetime(2021, 6, 4, tzinfo=UTC)})
    {'a': None, 'c': '2021-06-04T00:00:00+00:00'}
    """
    if isinstance(value, dict):
        kept = {key: plain(item) for key, item in value.items() if not isinstance(item, bytes)}
        long = [k for k, v in kept.items() if isinstance(v, int) and (k in LONG_IDS or v > EXACT)]
        return kept | {f"{key}_text": str(kept[key]) for key in long}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value


def to_csv(table: pa.Table) -> bytes:
    """A header line and a line per row; nothing for null."""
    if not table.num_columns:
        return b""
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    return sink.getvalue()


def to_json(table: pa.Table) -> bytes:
    """A list of objects.

    Examples
    --------
    >>> to_json(pa.table({"a": [1.0, None], "b": ["x", '"']}))
    b'[{"a":1.0,"b":"x"},{"a":null,"b":"\\\\""}]'
    """
    keys = [json.dumps(name).replace("%", "%%") for name in table.column_names]
    form = "{" + ",".join(f"{key}:%s" for key in keys) + "}"
    values = [_json_values(table[name]) for name in table.column_names]
    rows = [form % row for row in zip(*values, strict=True)]
    return f"[{','.join(rows)}]".encode()


def _json_values(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_string(column.type):
        return [json.dumps(value) for value in column.to_pylist()]
    texts = pc.cast(column, pa.string()).to_pylist()
    if pa.types.is_floating(column.type):
        return [_json_float(text) for text in texts]
    return ["null" if text is None else text for text in texts]


def _json_float(text: str | None) -> str:
    if text is None:
        return "null"
    return text if "." in text or "e" in text else f"{text}.0"


VOTABLE_TYPES = {
    pa.bool_(): 'datatype="boolean"',
    pa.int32(): 'datatype="int"',
    pa.int64(): 'datatype="long"',
    pa.float32(): 'datatype="float"',
    pa.float64(): 'datatype="double"',
}
VOTABLE_UNITS = {"1/rad": "rad-1"}
NULL_INTEGER = {pa.int32(): -(2**31), pa.int64(): -(2**63)}


def to_votable(
    table: pa.Table,
    described: Mapping[str, tuple[str, str]],
    ucds: Mapping[str, str] | None = None,
    meaning: str = "Tracklets of satellites and space debris",
) -> bytes:
    """A VOTable 1.4 document with one TABLE in TABLEDATA.

    Parameters
    ----------
    described : unit and meaning by name, with or without its family
    ucds : by name; where they are not given those of `fink_tracklets.tables.ucds`
    """
    if not table.num_columns:  # nothing found: VOTable allows no table without a column
        table = pa.table({"tracklet": pa.array([], pa.string())})
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">',
        '<RESOURCE type="results">',
        '<INFO name="QUERY_STATUS" value="OK"/>',
        '<COOSYS ID="icrs" system="ICRS"/>',
        f'<TABLE name="tracklets" nrows="{len(table)}">',
        f"<DESCRIPTION>{escape(meaning)}</DESCRIPTION>",
    ]
    for ident, field in zip(idents(table.column_names), table.schema, strict=True):
        ucd = None if ucds is None else ucds.get(field.name, "")
        lines.append(_votable_field(ident, field, described, ucd))
    lines.append("<DATA><TABLEDATA>")
    cells = [_votable_values(table[name]) for name in table.column_names]
    row = "<TR>" + "<TD>%s</TD>" * len(cells) + "</TR>"
    lines += [row % values for values in zip(*cells, strict=True)]
    lines.append("</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>\n")
    return "\n".join(lines).encode()


def votable_error(sentence: str) -> bytes:
    """What the IVOA's protocols answer to a wrong request."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="ERROR"/>\n'
        f'<INFO ID="Error" name="Error" value={quoteattr(sentence)}/></RESOURCE></VOTABLE>\n'
    ).encode()


def _votable_field(
    ident: str, field: pa.Field, described: Mapping[str, tuple[str, str]], ucd: str | None
) -> str:
    name = field.name
    unit, meaning = described.get(name) or described.get(name.split(":")[-1], ("", ""))
    sent_unit, known_ucd = unit_and_ucd(name)
    unit, ucd = sent_unit or unit, known_ucd if ucd is None else ucd
    kind = VOTABLE_TYPES.get(field.type, 'datatype="char" arraysize="*"')
    more = f" unit={quoteattr(VOTABLE_UNITS.get(unit, unit))}" if unit else ""
    more += f" ucd={quoteattr(ucd)}" if ucd else ""
    inside = f"<DESCRIPTION>{escape(meaning)}</DESCRIPTION>" if meaning else ""
    if field.type in NULL_INTEGER:
        inside = f'{inside}<VALUES null="{NULL_INTEGER[field.type]}"/>'
    return f'<FIELD ID="{ident}" name={quoteattr(name)} {kind}{more}>{inside}</FIELD>'


def idents(names: Sequence[str]) -> list[str]:
    """For each name an XML identifier of its own: `i:ra` is i_ra.

    Examples
    --------
    >>> idents(["i:ra", "i_ra", "2"])
    ['i_ra', 'i_ra_1', '_2']
    """
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        first = plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"
        ident, k = first, 0
        while ident in found:
            k += 1
            ident = f"{first}_{k}"
        found.append(ident)
    return found


def _votable_values(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_string(column.type):
        return [escape(value or "") for value in column.to_pylist()]
    if column.type in NULL_INTEGER:
        column = pc.fill_null(column, pa.scalar(NULL_INTEGER[column.type], column.type))
    if pa.types.is_floating(column.type):  # VOTable spells NaN and infinity in its own way
        column = pc.if_else(pc.is_finite(column), column, None)
    return pc.fill_null(pc.cast(column, pa.string()), "").to_pylist()
