"""What a call of /api/v1/tracklet is answered with, whatever it is read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.hbase.rows import tracklet_keys
from fink_tracklets.service.query import Query
from fink_tracklets.service.reading.columns import name_key, ours, tracklet_names


@dataclass(frozen=True)
class Answer:
    """Rows, and how many there are."""

    table: pa.Table
    total: int
    """Rows of the whole answer, also of those that came before and will come after."""
    last: str | None
    """The tracklet after which the rest begins; None where there is no rest."""


class Reader(Protocol):
    """Where answers come from."""

    def answer(self, query: Query, row_limit: int) -> Answer:
        """The rows of whole tracklets, newest first."""
        ...

    def check(self) -> None:
        """Raises where the store cannot be read."""
        ...


@dataclass(frozen=True)
class Page:
    """The tracklets of one answer."""

    names: tuple[str, ...]
    total: int
    last: str | None


def page(counts: Sequence[tuple[str, int]], after: str, row_limit: int) -> Page:
    """Which tracklets fit into one answer, at least one.

    Parameters
    ----------
    counts : name and number of alerts of all wanted tracklets, in any order
    after : those up to this one are left out
    row_limit : rows that the answer may have
    """
    ordered = sorted((name_key(name), name, n) for name, n in counts)
    rest = [entry for entry in ordered if not after or entry[0] > name_key(after)]
    taken: list[str] = []
    rows = 0
    for _, name, n in rest:
        if taken and rows + n > row_limit:
            break
        taken.append(name)
        rows += n
    last = taken[-1] if len(taken) < len(rest) else None
    return Page(tuple(taken), sum(n for _, n in counts), last)


def pick(tables: Sequence[pa.Table], names: Sequence[str]) -> pa.Table:
    """The rows of these tracklets, in this order; each table has its own in order already."""
    if not tables:
        return pa.table({})
    table = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    place = pc.index_in(tracklet_names(table), value_set=pa.array(names, pa.string()))
    if len(tables) == 1:
        return table if not place.null_count else table.filter(pc.is_valid(place))
    rank = pa.table({"rank": place, "row": pa.array(range(len(table)))})
    order = rank.filter(pc.is_valid(rank["rank"])).sort_by(
        [("rank", "ascending"), ("row", "ascending")]
    )
    return table.take(order["row"]).combine_chunks()


def rows_of(table: pa.Table, key: str) -> pa.Table:
    """The rows of one tracklet whose key in HBase begins so, see `fink_tracklets.hbase.rows`."""
    if not len(table):
        return table
    rows = pa.table({name: ours(table, name) for name in ("tracklet", "object_id", "alert_id")})
    keys = pa.array(tracklet_keys(rows.to_pandas()).to_list(), pa.string())
    return table.filter(pc.starts_with(keys, key))
