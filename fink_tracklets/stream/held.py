"""The candidates of a running night, by exposure: the latest in memory, all in the state folder."""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fink_tracklets.alerts.read import ALERT_COLUMNS
from fink_tracklets.naming import exposure_second
from fink_tracklets.stream.state import StreamState

COLUMNS = list(ALERT_COLUMNS)
AT_ONCE = 500
"""So many batches are taken together at a start."""


class Held:
    """Which candidates are known of each exposure.

    Parameters
    ----------
    state : where all of them are
    most : so many are held in memory, about
    """

    def __init__(self, state: StreamState, most: int) -> None:
        self.state, self.most = state, most
        self.counts: dict[str, int] = {}
        """The candidates of each exposure."""
        self._batches: defaultdict[str, set[int]] = defaultdict(set)
        self._seconds: defaultdict[str, set[int]] = defaultdict(set)
        self._at: defaultdict[int, set[str]] = defaultdict(set)
        self._frames: OrderedDict[str, pd.DataFrame] = OrderedDict()
        self._n = 0
        batches = state.batches()
        for first in range(0, len(batches), AT_ONCE):
            some = batches[first : first + AT_ONCE]
            parts = [_numbered(batch, state.candidates([batch], COLUMNS)) for batch in some]
            self._take(pa.concat_tables(parts))

    def add(self, batch: int, rows: pa.Table) -> set[str]:
        """Take the candidates of a batch; returns the exposures that have new ones."""
        return self._take(_numbered(batch, rows.select(COLUMNS)))

    def together(self, exposures: Iterable[str]) -> list[tuple[str, ...]]:
        """Exposures with those that share a second with them, as groups that share none."""
        groups, left = [], set(exposures)
        while left:
            group, todo = set(), {left.pop()}
            while todo:
                one = todo.pop()
                group.add(one)
                for second in self._seconds[one]:
                    todo |= self._at[second] - group
            left -= group
            groups.append(tuple(sorted(group)))
        return sorted(groups)

    def frame(self, exposures: Iterable[str]) -> pd.DataFrame:
        """The candidates of exposures, those that are not in memory from the state folder."""
        wanted = list(exposures)
        missing = [one for one in wanted if one not in self._frames]
        if missing:
            batches = set().union(*(self._batches[one] for one in missing))
            rows = self.state.candidates(batches, COLUMNS)
            rows = rows.filter(pc.is_in(rows["exposure"], pa.array(missing)))
            for exposure, some in rows.to_pandas().groupby("exposure"):
                self._hold(exposure, first_of_each_id(some.reset_index(drop=True)))
        for one in wanted:
            self._frames.move_to_end(one)
        return pd.concat([self._frames[one] for one in wanted], ignore_index=True)

    def packets(self, exposures: Iterable[str], ids: Iterable[int]) -> pa.Table:
        """alert_id, exposure, body and avro of alerts of these exposures."""
        batches = set().union(*(self._batches[one] for one in exposures))
        rows = self.state.candidates(batches, ["alert_id", "exposure", "body", "avro"])
        return rows.filter(pc.is_in(rows["alert_id"], pa.array(list(ids), pa.int64())))

    def _take(self, rows: pa.Table) -> set[str]:
        new = set()
        for exposure, some in rows.to_pandas().groupby("exposure"):
            before = self.frame([exposure]) if exposure in self.counts else some[COLUMNS].iloc[:0]
            whole = first_of_each_id(pd.concat([before, some[COLUMNS]], ignore_index=True))
            self._batches[exposure].update(some["batch"].tolist())
            for second in set(exposure_second(some["jd"].to_numpy(float)).tolist()):
                self._seconds[exposure].add(second)
                self._at[second].add(exposure)
            if not whole.equals(before.reset_index(drop=True)):
                new.add(exposure)
            self.counts[exposure] = len(whole)
            self._hold(exposure, whole)
        self._forget()
        return new

    def _hold(self, exposure: str, frame: pd.DataFrame) -> None:
        before = self._frames.pop(exposure, None)
        self._n += len(frame) - (0 if before is None else len(before))
        self._frames[exposure] = frame

    def _forget(self) -> None:
        """Those go that were not wanted for the longest time."""
        while self._n > self.most and len(self._frames) > 1:
            self._n -= len(self._frames.popitem(last=False)[1])


def _numbered(batch: int, rows: pa.Table) -> pa.Table:
    return rows.append_column("batch", pa.array(np.full(len(rows), batch)))


def first_of_each_id(frame: pd.DataFrame) -> pd.DataFrame:
    """The candidates of an exposure, of a redelivered one the packet that a night keeps: the first
    in the order of all columns, null before numbers and NaN after them (`alerts.by_exposure`)."""
    again = frame["alert_id"].duplicated(keep=False)
    if not again.any():
        return frame
    rows = list(frame[COLUMNS].itertuples(index=False))
    order = sorted(range(len(rows)), key=lambda k: [_sorts(value) for value in rows[k]])
    kept = frame.iloc[order].drop_duplicates("alert_id").index
    return frame.loc[sorted(kept)].reset_index(drop=True)


def _sorts(value: object) -> tuple[int, object]:
    if value is None or value is pd.NA:
        return 0, 0
    if isinstance(value, float) and math.isnan(value):
        return 2, 0
    return 1, value
