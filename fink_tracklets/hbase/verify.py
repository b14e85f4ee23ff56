"""Whether HBase has exactly a stored night. Works without Spark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fink_tracklets.hbase.cells import Cells, decode, encode_rows
from fink_tracklets.hbase.client import HBase
from fink_tracklets.hbase.record import Held, Record, read_record
from fink_tracklets.hbase.rows import NightRows, night_rows
from fink_tracklets.hbase.settings import HBaseSettings
from fink_tracklets.naming import SECOND, exposure_prefix, exposure_second
from fink_tracklets.store.night import StoredNight


def hbase_differences(stored: StoredNight, settings: HBaseSettings) -> Iterator[str]:
    """Where HBase differs from a stored night, cell by cell."""
    with HBase(settings) as hbase:
        cluster, there = hbase.cluster(), hbase.tables()
        for table in (settings.tracklets.table, settings.alerts.table):
            if table not in there:
                yield f"HBase has no table {table}."
                return
        rows = night_rows(stored, settings)
        record = read_record(stored.manifest, cluster)
        if record.published != rows.run:
            yield "The manifest does not say that this state was published whole."
        yield from _tracklet_rows(hbase, rows, record, _exposure_prefixes(stored))
        yield from _alert_cells(hbase, rows, record)


def _tracklet_rows(
    hbase: HBase, rows: NightRows, record: Record, exposures: set[str]
) -> Iterator[str]:
    table = hbase.settings.tracklets.table
    families = hbase.settings.tracklets.families[:2]
    schema_key, types = rows.schema_row(hbase.settings.schema_version)
    for key, cells in hbase.rows(table, [schema_key.decode()], families):
        yield from _cell_differences(table, key, types, {c: cells.get(c) for c in types}, {})
        break
    else:
        yield f"{table} {schema_key.decode()}: the row is missing."
    wanted = {key.decode(): cells for key, cells in encode_rows(rows.table, rows.columns)}
    ours = {c.encode() for c in {*rows.columns.values(), *_held(record, table).columns}}
    seen = set()
    for key, cells in _night_scan(hbase, table, exposures, set(wanted)):
        seen.add(key)
        if key not in wanted:
            yield f"{table} {key}: the row is there and the night does not have it."
            continue
        mine = {column: value for column, value in cells.items() if column in ours}
        yield from _cell_differences(table, key, wanted[key], mine, types)
    for key in wanted:
        if key not in seen:
            yield f"{table} {key}: the row is missing."
    gone = [key for key in _held(record, table).keys if key not in wanted and key not in seen]
    for key, _ in hbase.rows(table, gone, [column.decode() for column in ours]):
        yield f"{table} {key}: the row is there and the night does not have it."


def _night_scan(
    hbase: HBase, table: str, exposures: set[str], wanted: set[str]
) -> Iterator[tuple[str, Cells]]:
    """All rows whose tracklet is named after a second in which the night has an exposure."""
    starts = sorted({*exposures, *(key[:SECOND] for key in wanted)})
    if not starts:
        return
    families = hbase.settings.tracklets.families[:2]
    for key, cells in hbase.scan(table, starts[0], starts[-1] + "`", families):
        if key in wanted or key[:SECOND] in exposures:
            yield key, cells


def _alert_cells(hbase: HBase, rows: NightRows, record: Record) -> Iterator[str]:
    alerts = hbase.settings.alerts
    wanted = rows.tracklet_of_alert()
    asked = [*wanted, *(key for key in _held(record, alerts.table).keys if key not in wanted)]
    for key, cells in hbase.rows(alerts.table, asked, [alerts.column, alerts.present]):
        found = cells.get(alerts.column.encode())
        name = wanted[key].encode() if key in wanted else None
        if alerts.present.encode() not in cells:
            yield f"{alerts.table} {key}: {alerts.column} stands in a row that has no alert."
        elif found != name:
            yield (
                f"{alerts.table} {key} {alerts.column}: HBase has {_shown(found, 'string')}, "
                f"the night {_shown(name, 'string')}."
            )


def _cell_differences(
    table: str, key: str, wanted: Cells, found: Mapping[bytes, bytes | None], types: Cells
) -> Iterator[str]:
    for column in sorted({*wanted, *found}):
        one, other = found.get(column), wanted.get(column)
        if one != other:
            kind = types.get(column, b"string").decode()
            yield (
                f"{table} {key} {column.decode()}: HBase has {_shown(one, kind)}, "
                f"the night {_shown(other, kind)}."
            )


def _shown(value: bytes | None, kind: str) -> str:
    if value is None:
        return "nothing"
    try:
        return repr(decode(value, kind))
    except ValueError:
        return repr(value)


def _held(record: Record, table: str) -> Held:
    return record.tables.get(table, Held())


def _exposure_prefixes(stored: StoredNight) -> set[str]:
    """How the names begin that tracklets of the night's exposures can have."""
    jd = stored.table("exposures", ["jd"])["jd"].to_numpy()
    return {exposure_prefix(second) for second in set(exposure_second(jd).tolist())}
