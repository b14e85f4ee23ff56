"""Which columns of the packets are kept, and what they are in a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from fastavro.schema import expand_schema

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.containers import DamagedPacket
from fink_tracklets.survey import Columns, StandIn, Survey, known_surveys, load_survey
from fink_tracklets.survey.packet import AVRO_TYPES

ARROW = {
    **AVRO_TYPES,
    "enum": pa.string(),
    "bytes": pa.binary(),
    "fixed": pa.binary(),
}
LOGICAL = {
    "timestamp-millis": pa.timestamp("ms", "UTC"),
    "timestamp-micros": pa.timestamp("us", "UTC"),
}
CUTOUT = "cutout"
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True)
class Wanted:
    """The columns that are to be kept."""

    survey: str
    names: frozenset[str]
    """Packet columns by their dotted names; those that no schema has are no columns."""
    needed: frozenset[str]
    """Those of them that every schema must have."""
    added: tuple[tuple[str, str], ...]
    """Dotted names and Avro types of columns that are null where a schema lacks them."""
    whole: bool
    """All columns are kept as they come, and none is added."""
    cutouts: bool
    schemas: str = ""
    """Folder of the schemas that messages name; empty: none."""

    @staticmethod
    def of(survey: Survey, cutouts: bool, schemas: str = "") -> Wanted:
        """All names in the survey's SQL, its columns among them."""
        stand_ins = {name: StandIn.of(text) for name, text in survey.added.items()}
        ours = [getattr(survey.columns, name) for name in Columns.__dataclass_fields__]
        exact = [text for text in (*ours, *survey.carry.columns) if NAME.fullmatch(text)]
        sql = [*ours, *survey.carry.columns, survey.time.exposure_time]
        sql += [cut.predicate for cut in survey.cuts]
        needed = {*exact, *(name for name in _names(sql) if "." in name)} - set(stand_ins)
        sql += [stand_in.sql for stand_in in stand_ins.values()]
        null = {name: one.type for name, one in stand_ins.items() if one.sql == "NULL"}
        return Wanted(
            survey=survey.name,
            names=frozenset(_names(sql)),
            needed=frozenset(needed),
            added=tuple(sorted(null.items())),
            whole=survey.whole_packets,
            cutouts=cutouts,
            schemas=schemas,
        )


def _names(sql: list[str]) -> set[str]:
    """All words in SQL, dotted ones as one, but for texts in quotes."""
    return {name for text in sql for name in NAME.findall(re.sub(r"'[^']*'", "", text))}


def table_schema(avro: Mapping[str, Any], wanted: Wanted) -> pa.Schema:
    """The wanted columns of packets with an Avro schema, and the added ones, as in the packets.

    Raises
    ------
    UserError : a column that the survey needs is not there
    """
    record = _expanded(avro)
    own = _whole(record, wanted.cutouts) if wanted.whole else _struct(record, wanted, "")
    if missing := sorted(wanted.needed - paths(own)):
        raise UserError(
            f"Survey '{wanted.survey}' needs the column {missing[0]}, which packets of the schema "
            f"{schema_name(avro)} lack: {_advice(record, wanted)}."
        )
    fields = {field.name: field for field in own}
    for name, kind in () if wanted.whole else wanted.added:
        top, _, leaf = name.partition(".")
        if not leaf:
            fields.setdefault(top, pa.field(top, ARROW[kind]))
        elif top in fields and leaf not in {f.name for f in fields[top].type}:
            fields[top] = pa.field(top, pa.struct([*fields[top].type, pa.field(leaf, ARROW[kind])]))
    return pa.schema(list(fields.values()))


def schema_name(avro: Mapping[str, Any]) -> str:
    """A schema's name and version, for a person."""
    parts = (avro.get("namespace"), avro.get("name", "without a name"))
    version = avro.get("version")
    return ".".join(part for part in parts if part) + (f" version {version}" if version else "")


def paths(schema: pa.Schema | pa.StructType, path: str = "") -> set[str]:
    """The dotted names of all columns and of the fields in them."""
    found = set()
    for field in schema:
        found.add(path + field.name)
        if pa.types.is_struct(field.type):
            found |= paths(field.type, f"{path}{field.name}.")
    return found


def _advice(record: Mapping[str, Any], wanted: Wanted) -> str:
    """What to do with packets that lack what the survey needs."""
    there = paths(_whole(record, cutouts=True))
    for name in known_surveys():
        with suppress(UserError):
            if name != wanted.survey and Wanted.of(load_survey(name), False).needed <= there:
                return f"they are packets of the survey '{name}', give --survey {name}"
    return (
        "if --survey is right, name it under [added] in the survey's file, with its type and, "
        "where null will not do, what stands in for it"
    )


def _expanded(avro: Mapping[str, Any]) -> Any:
    expanded: Any = expand_schema(dict(avro))
    if not isinstance(expanded, dict) or expanded.get("type") != "record":
        raise DamagedPacket("its records are no alerts")
    return expanded


def _whole(record: Mapping[str, Any], cutouts: bool) -> pa.StructType:
    """Of a record all fields, but for the cutouts where they are not wanted."""
    fields = [pa.field(f["name"], _arrow(f["type"])) for f in record["fields"]]
    return pa.struct([f for f in fields if cutouts or not f.name.startswith(CUTOUT)])


def _struct(record: Mapping[str, Any], wanted: Wanted, path: str) -> pa.StructType:
    """Of a record the wanted fields."""
    fields = []
    for field in record["fields"]:
        name, kind = path + field["name"], _not_null(field["type"])
        inner = isinstance(kind, dict) and kind.get("type") == "record"
        if name in wanted.names or (wanted.cutouts and not path and name.startswith(CUTOUT)):
            fields.append(pa.field(field["name"], _arrow(kind)))
        elif inner and (some := _struct(kind, wanted, f"{name}.")).num_fields:
            fields.append(pa.field(field["name"], some))
    return pa.struct(fields)


def _not_null(kind: Any) -> Any:
    """Of a union with null the other type."""
    if isinstance(kind, list):
        others = [one for one in kind if one != "null"]
        return others[0] if len(others) == 1 else "unknown"
    return kind


def _arrow(kind: Any) -> pa.DataType:
    kind = _not_null(kind)
    name = kind["type"] if isinstance(kind, dict) else kind
    if name == "record":
        return pa.struct([pa.field(f["name"], _arrow(f["type"])) for f in kind["fields"]])
    if name == "array":
        return pa.list_(_arrow(kind["items"]))
    if name == "map":
        return pa.map_(pa.string(), _arrow(kind["values"]))
    logical = kind.get("logicalType") if isinstance(kind, dict) else None
    if logical in LOGICAL:
        return LOGICAL[logical]
    if isinstance(name, dict | list):
        return _arrow(name)
    if name not in ARROW:
        raise UserError(f"The packets have a field of the Avro type {name}, which is not read.")
    return ARROW[name]
