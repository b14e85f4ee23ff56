"""Answers from HBase's table of alerts in tracklets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from fink_tracklets.errors import ServiceError
from fink_tracklets.hbase.cells import NUMBERS, Cells, decode
from fink_tracklets.hbase.client import HBase
from fink_tracklets.hbase.settings import HBaseSettings
from fink_tracklets.service.query import Query
from fink_tracklets.service.reading.answers import Answer, page, pick, rows_of
from fink_tracklets.service.reading.columns import COMPUTED, column_names, finished, selected
from fink_tracklets.survey import Carry

ATTEMPTS = 2
"""A client of the service does not wait as long as a job does."""


class HBaseReader:
    """Reads what `publish` wrote; threads may share it."""

    def __init__(self, settings: HBaseSettings, carry: Carry | None = None) -> None:
        retries = replace(settings.retries, attempts=min(ATTEMPTS, settings.retries.attempts))
        self.settings = replace(settings, retries=retries)
        self.carry = carry or Carry()

    def check(self) -> None:
        """Raises where HBase does not answer or has no such table."""
        with HBase(self.settings) as hbase:
            self._need_table(hbase)

    def _need_table(self, hbase: HBase) -> None:
        table = self.settings.tracklets.table
        if table not in hbase.tables():
            raise ServiceError(
                f"HBase at {self.settings.connection.address} has no table {table}: "
                "publish a night."
            )

    def answer(self, query: Query, row_limit: int) -> Answer:
        """The rows of whole tracklets, newest first."""
        names = self.settings.tracklets
        with HBase(self.settings) as hbase:
            self._need_table(hbase)
            types = self._types(hbase)
            prefix = query.wanted.prefix + ("_" if query.wanted.exact else "")
            stop = prefix[:-1] + chr(ord(prefix[-1]) + 1)
            ours = f"{names.derived_family}:tracklet"
            counts = Counter(
                cells[ours.encode()].decode()
                for _, cells in hbase.scan(names.table, prefix, stop, [ours])
            )
            part = page(list(counts.items()), query.after, row_limit)
            rows: list[Cells] = []
            if part.names:
                first, last = min(part.names), max(part.names)
                wanted = {name.encode() for name in part.names}
                families = [names.survey_family, names.derived_family]
                scan = hbase.scan(names.table, f"{first}_", f"{last}`", families)
                rows = [cells for _, cells in scan if cells.get(ours.encode()) in wanted]
        known = {*types, *COMPUTED} if types else {*column_names(self.carry).values(), *COMPUTED}
        found = []
        if rows:
            found = [finished(_table(rows, types, self._families()), self.carry)]
        table = pick(found, part.names)
        total = part.total
        if query.wanted.row:
            table = rows_of(table, query.wanted.row)
            total = len(table)
        return Answer(selected(table, query.columns, known), total, part.last)

    def _families(self) -> dict[str, str]:
        """How answers call the two column families, to what HBase calls them."""
        names = self.settings.tracklets
        return {
            self.carry.survey_family: names.survey_family,
            self.carry.derived_family: names.derived_family,
        }

    def _types(self, hbase: HBase) -> dict[str, str]:
        """The broker's column names with their types, of the schema row."""
        names = self.settings.tracklets
        letters = {value: key for key, value in self._families().items()}
        key = f"schema_{self.settings.schema_version}"
        found = {}
        for _, cells in hbase.rows(names.table, [key], list(letters)):
            for column, given in cells.items():
                family, _, name = column.decode().partition(":")
                found[f"{letters[family]}:{name}"] = given.decode()
        return found


def _table(rows: list[Cells], types: Mapping[str, str], families: Mapping[str, str]) -> pa.Table:
    """Cells as columns of the types that the schema row names; no cell is null."""
    columns = {}
    for name, given in types.items():
        family, _, column = name.partition(":")
        cell = f"{families[family]}:{column}".encode()
        values: list[Any] = [
            None if row.get(cell) is None else decode(row[cell], given) for row in rows
        ]
        kind = NUMBERS.get(given, pa.string())
        if given == "boolean":
            values = [None if value is None else value == "true" for value in values]
            kind = pa.bool_()
        columns[name] = pa.array(values, kind)
    return pa.table(columns)
