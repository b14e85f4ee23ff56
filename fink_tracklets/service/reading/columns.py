"""The broker's columns: what the survey sent and what we add, each with the family that the survey
gives it (ZTF's `i:` and `d:`, Rubin's `r:` and `f:`), and `v:`, computed on reading."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.hbase.cells import text
from fink_tracklets.naming import UNIX_EPOCH_JD, name_parts
from fink_tracklets.service.reading.classification import classifications
from fink_tracklets.service.refusal import shown, wrong
from fink_tracklets.store.joined import MATCH, OF_ALERT, OF_TRACKLET
from fink_tracklets.survey import Carry, StandIn
from fink_tracklets.survey.packet import AVRO_TYPES
from fink_tracklets.tables import FLASHES, GLINTS, SATELLITES, TRACKLET_ALERTS, TRACKLETS

COMPUTED = {
    "v:lastdate": "start of the exposure, UTC",
    "v:firstdate": "first detection of the object, UTC",
    "v:lapse": "days from the first detection of the object to the exposure",
    "v:constellation": "constellation of the alert",
    "v:classification": "class that the broker gives the alert",
}
SCIENCE = {
    "d:cdsxmatch": pa.string(),
    "d:roid": pa.int32(),
    "d:mulens": pa.float64(),
    "d:snn_snia_vs_nonia": pa.float64(),
    "d:snn_sn_vs_all": pa.float64(),
    "d:rf_snia_vs_nonia": pa.float64(),
    "d:rf_kn_vs_nonkn": pa.float64(),
}
"""What the broker's science modules find. Clients may ask for it of nights that do not have it."""
YEARS_JD = (1_721_426.0, 5_373_484.0)
"""Between these the years of the calendar have one to four digits."""


def column_names(carry: Carry) -> dict[str, str]:
    """Column of our tables to the broker's, for a survey that carries these columns."""
    sent = carry.sent
    all_names = dict.fromkeys(
        [*TRACKLET_ALERTS.names, *TRACKLETS.names, *MATCH, *OF_ALERT, *OF_TRACKLET, *carry.by_name]
    )
    families = carry.survey_family, carry.derived_family
    return {name: f"{families[name not in sent]}:{name}" for name in all_names}


def named(rows: pa.Table, carry: Carry) -> pa.Table:
    """Rows of `alert_rows` under the broker's names."""
    names = column_names(carry)
    return rows.rename_columns(
        [names.get(n, f"{carry.derived_family}:{n}") for n in rows.column_names]
    )


def ours(table: pa.Table, name: str) -> pa.ChunkedArray:
    """One of our own columns of an answer, whatever family a row's survey has it in."""
    return pc.coalesce(*(table[n] for n in table.column_names if n.endswith(f":{name}")))


def tracklet_names(table: pa.Table) -> pa.ChunkedArray:
    """The tracklet of each row of an answer."""
    return ours(table, "tracklet")


def finished(table: pa.Table, carry: Carry) -> pa.Table:
    """The rows as they are answered.

    Times and arrays become text, as does what the survey names so, NaN and infinity null; the `v:`
    columns are added, and the broker's where a night has none of them; columns are in alphabetical
    order, rows newest exposure first, then by the tracklet's number and along it.
    """
    columns = {name: _plain(table[name]) for name in table.column_names}
    for name, given in carry.derived.items():
        nulls = pa.nulls(len(table), AVRO_TYPES[StandIn.of(given).type])
        columns.setdefault(f"{carry.derived_family}:{name}", pa.chunked_array([nulls]))
    suffixes = {name.partition(":")[2]: name for name in columns}
    jd = columns[suffixes["jd"]].to_numpy().astype(float)
    first = np.full(len(jd), np.nan)
    if "i:jdstarthist" in columns:
        first = columns["i:jdstarthist"].to_pandas().to_numpy(float, na_value=np.nan)
    ra, dec = (columns[suffixes[n]].to_numpy().astype(float) for n in ("ra", "dec"))
    computed: dict[str, list[Any]] = {
        "v:lastdate": [date_text(t) for t in jd],
        "v:firstdate": [date_text(t) if YEARS_JD[0] < t < YEARS_JD[1] else None for t in first],
        "v:constellation": constellations(ra, dec),
        "v:classification": classifications(columns, len(jd)),
    }
    for name, values in computed.items():
        columns[name] = pa.chunked_array([pa.array(values, pa.string())])
    columns["v:lapse"] = pa.chunked_array([pa.array(jd - first, pa.float64(), from_pandas=True)])
    plain = pa.table({name: columns[name] for name in sorted(columns)})
    keys = zip(
        *(plain[suffixes[n]].to_pylist() for n in ("tracklet", "along_arcsec", "alert_id")),
        range(len(plain)),
        strict=True,
    )
    # Rows that others wrote into HBase have neither place nor id: they come last in their tracklet.
    order = sorted(
        ((*name_key(name), along is None, along or 0.0, alert or 0), k)
        for name, along, alert, k in keys
    )
    rows = plain.take(pa.array([k for _, k in order], pa.int64())).combine_chunks()
    for name in carry.as_text:
        if name in suffixes:
            place = rows.column_names.index(suffixes[name])
            rows = rows.set_column(place, suffixes[name], pc.cast(rows[place], pa.string()))
    return rows


def name_key(name: str) -> tuple[int, int]:
    """Sorts tracklets newest first, then by number.

    Examples
    --------
    >>> sorted(["TRCK_20211022_091949_01", "TRCK_20211022_091949_00"], key=name_key)
    ['TRCK_20211022_091949_00', 'TRCK_20211022_091949_01']
    """
    parts = name_parts(name)
    return -int(parts.date + parts.time), parts.number


def date_text(jd: float) -> str:
    """A Julian date (UTC) as the broker writes it, truncated to the millisecond."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=round((jd - UNIX_EPOCH_JD) * 86_400_000_000)
    )
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def constellations(ra: np.ndarray, dec: np.ndarray) -> list[str]:
    """The constellations of positions [deg, ICRS], by full name (Roman 1987)."""
    if not len(ra):
        return []
    from astropy.coordinates import SkyCoord, get_constellation

    return [str(name) for name in get_constellation(SkyCoord(ra, dec, unit="deg"))]


def selected(table: pa.Table, columns: tuple[str, ...], known: Iterable[str]) -> pa.Table:
    """These columns of the answer; a known one that the rows lack is null.

    Raises
    ------
    Refusal : 400 for a column that is not known
    """
    everything = {*known, *SCIENCE}
    for name in columns:
        if name not in everything:
            raise wrong(
                f"Unknown column {shown(name)}: names are like i:objectId, d:tracklet and "
                "v:lastdate; columns=* gives all."
            )
    for name in columns:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), SCIENCE.get(name, pa.string())))
    return table.select(list(columns)) if columns else table


@cache
def described() -> dict[str, tuple[str, str]]:
    """Unit and meaning of each of our columns, by its name without family."""
    tables = (FLASHES, GLINTS, SATELLITES, TRACKLETS, TRACKLET_ALERTS)
    ours = {c.name: (c.unit, c.meaning) for table in tables for c in table.columns}
    return ours | {name[2:]: ("", meaning) for name, meaning in COMPUTED.items()}


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
    if pa.types.is_timestamp(kind) or pa.types.is_nested(kind):
        texts = [None if value is None else text(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return column
