"""The tracklets of a span and their alerts as two tables to publish, each column described."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from fink_tracklets.errors import UserError
from fink_tracklets.store.joined import MATCH, with_matches
from fink_tracklets.store.night import Replaced, StoredNight, open_night
from fink_tracklets.tables import (
    FLASHES,
    SATELLITES,
    TABLES,
    TRACKLET_ALERTS,
    TRACKLETS,
    Column,
    Table,
)
from fink_tracklets.tables.ucds import SENT, unit_and_ucd

FLASH = [
    name
    for name in FLASHES.names
    if name not in ("tracklet", "norad_cat_id", "n_alerts", "arc_arcsec")
]
"""Columns of `flashes` that go to the tracklet; the satellite's arc is not among those."""
FITS_UNITS = {"1/rad": "rad-1", "pixel": "pix"}
"""As FITS, VOTable and the CDS spell ours."""


@dataclass(frozen=True)
class Described:
    """A column as it is published."""

    name: str
    unit: str
    ucd: str
    meaning: str


@dataclass(frozen=True)
class Published:
    """A table as it is published."""

    name: str
    meaning: str
    table: pa.Table
    columns: tuple[Described, ...]
    """In the table's order."""


def catalogue(nights: Sequence[StoredNight]) -> tuple[Published, Published]:
    """The tracklets, each with its night, best match and flashes, and the alerts in them.

    Raises
    ------
    UserError : the nights have no tracklet, or carry different columns of the survey
    """
    tracklets = _all(nights, _tracklets)
    if not len(tracklets):
        raise UserError("The nights have no tracklet: there is nothing to publish.")
    alerts = _all(nights, lambda stored: _with_night(stored, stored.table("tracklet_alerts")))
    return (
        Published("tracklets", "Tracklets of glints", tracklets, _described(tracklets, TRACKLETS)),
        Published("alerts", "Alerts in tracklets", alerts, _described(alerts, TRACKLET_ALERTS)),
    )


def _all(nights: Sequence[StoredNight], read: Callable[[StoredNight], pa.Table]) -> pa.Table:
    parts = []
    for stored in nights:
        while True:
            try:
                parts.append(read(stored))
                break
            except Replaced:
                stored = open_night(stored.folder, stored.night)
    return pa.concat_tables(parts, promote_options="permissive").combine_chunks()


def _tracklets(stored: StoredNight) -> pa.Table:
    found = with_matches(stored.table("tracklets"), stored.table("satellites"))
    for name in MATCH:
        if name not in found.column_names:
            kind = SATELLITES.arrow_schema.field(name).type
            found = found.append_column(name, pa.nulls(len(found), kind))
    flashes = stored.table("flashes", ["tracklet", *FLASH])
    places = {name: k for k, name in enumerate(flashes["tracklet"].to_pylist())}
    rows = pa.array([places.get(name) for name in found["tracklet"].to_pylist()], pa.int64())
    for name in FLASH:
        found = found.append_column(name, flashes[name].take(rows))
    return _with_night(stored, found)


def _with_night(stored: StoredNight, table: pa.Table) -> pa.Table:
    night = pa.array([stored.night] * len(table), pa.string())
    return table.add_column(0, "night", night)


def _described(table: pa.Table, own: Table) -> tuple[Described, ...]:
    """Ours as our tables say, the survey's as it sent them."""
    known: dict[str, Column] = {}
    for one in (*TABLES.values(), own):
        known |= {column.name: column for column in one.columns}
    found = []
    for name in table.column_names:
        if name == "night":
            found.append(Described(name, "", "time.epoch;obs", "the night, YYYYMMDD"))
        elif name in known:
            unit, (_, ucd) = known[name].unit, unit_and_ucd(name)
            ours = SENT.get(name, ("", ""))[1] if name in ("ra", "dec", "jd") else ucd
            meaning = known[name].meaning or name.removesuffix(f"_{unit}").replace("_", " ")
            found.append(Described(name, FITS_UNITS.get(unit, unit), ours, meaning))
        else:
            unit, ucd = unit_and_ucd(f"i:{name}")
            unit = FITS_UNITS.get(unit, unit)
            found.append(Described(name, unit, ucd, "as the survey or its broker sent it"))
    return tuple(found)


def plain_columns(table: pa.Table) -> dict[str, pd.Series]:
    """Columns as files of numbers and texts have them: times as text, truth as 1 and 0."""
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_timestamp(column.type):
            texts = column.cast(pa.timestamp("ms", "UTC"), safe=False)
            moments = texts.to_pandas()
            columns[name] = moments.dt.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3]
        elif pa.types.is_boolean(column.type):
            columns[name] = column.cast(pa.int8()).to_pandas(types_mapper=_nullable).astype("Int32")
        elif pa.types.is_integer(column.type):
            columns[name] = column.to_pandas(types_mapper=_nullable)
        else:
            columns[name] = column.to_pandas()
    return columns


def _nullable(kind: pa.DataType) -> object:
    """Whole numbers that may be missing."""
    found = {pa.int8(): "Int8", pa.int32(): "Int32", pa.int64(): "Int64"}
    return pd.api.types.pandas_dtype(found[kind]) if kind in found else None
