"""A micro-batch to its candidates: the cuts of the night, and what cannot be read put aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from fink_tracklets.alerts.exposures import UNUSABLE, passes_cuts, unusable_alerts
from fink_tracklets.alerts.packets import with_added
from fink_tracklets.alerts.read import ALERT_COLUMNS, packet_alerts
from fink_tracklets.ingest.columns import Wanted
from fink_tracklets.stream.decode import MESSAGE, columns_of, decoded, why_unreadable
from fink_tracklets.stream.packet import message_packet, row_packets
from fink_tracklets.stream.source import Lake, Topic
from fink_tracklets.stream.state import CANDIDATES, DEAD, StreamState
from fink_tracklets.survey import Carry, Survey

ROW = "lake_row"
"""The column with a lake's whole row."""


@dataclass(frozen=True)
class Read:
    """What a batch holds."""

    messages: int
    """Messages of a topic, or alerts of a lake."""
    candidates: pa.Table
    """In the columns of `state.CANDIDATES`."""
    dead: pa.Table
    """In those of `state.DEAD`."""


def read_batch(batch: DataFrame, source: Topic | Lake, survey: Survey, state: StreamState) -> Read:
    """The candidates of a batch.

    Raises
    ------
    UserError : the packets lack a column of the survey, or it has the wrong type
    """
    # What is carried into tables and counted besides the names is the end-of-night job's.
    lean = replace(survey, carry=Carry(), locus=None, whole_packets=False)
    if isinstance(source, Lake):
        return _of_lake(batch, source, lean, state.packets)
    wanted = Wanted.of(lean, cutouts=False, schemas=source.schemas)
    columns = state.packet_schema()
    if columns is None:
        columns = columns_of(_values(batch), wanted)
        if columns is None:
            return _all_dead(batch, wanted)
        state.keep_packet_schema(columns)
    n, found = _found(decoded(batch, wanted, columns), str(source), lean, (MESSAGE,))
    message = found[MESSAGE].combine_chunks()
    is_dead = pc.is_valid(pc.struct_field(message, "reason"))
    dead = pa.Table.from_struct_array(message.filter(is_dead)).cast(DEAD)
    good = found.filter(pc.invert(is_dead))
    values = pc.struct_field(good[MESSAGE], "value").to_pylist()
    packets = [message_packet(value, source.schemas) for value in values]
    return Read(n, _as_candidates(good, packets), dead)


def _of_lake(batch: DataFrame, lake: Lake, survey: Survey, packets: bool) -> Read:
    """The candidates among a lake's rows; with their packets: those are the whole rows."""
    if not packets:
        n, found = _found(batch, str(lake), survey)
        return Read(n, _as_candidates(found, [None] * len(found)), DEAD.empty_table())
    n, found = _found(batch.withColumn(ROW, F.struct("*")), str(lake), survey, (ROW,))
    rows = row_packets(found[ROW].combine_chunks())
    return Read(n, _as_candidates(found, rows), DEAD.empty_table())


def _values(batch: DataFrame) -> Iterator[bytes | None]:
    """Of its messages; the first come at once, for the others whole partitions are fetched."""
    values = batch.select("value")
    for row in values.limit(20).collect():
        yield row["value"]
    for row in values.toLocalIterator():
        yield row["value"]


def _found(
    packets: DataFrame, source: str, survey: Survey, also: tuple[str, ...] = ()
) -> tuple[int, pa.Table]:
    """How many packets there are; the candidates among them, in the columns of `ALERT_COLUMNS` and
    of `also`; with `MESSAGE` what could not be read, too."""
    alerts = packet_alerts([with_added(packets, survey)], source, survey, also)
    seen = Observation()
    kept = ~reduce(Column.__or__, map(F.col, UNUSABLE)) & passes_cuts(survey)
    if MESSAGE in also:
        kept = kept | F.col(MESSAGE)["reason"].isNotNull()
    found = (
        alerts.observe(seen, F.count(F.lit(1)).alias("n"))
        .withColumns(unusable_alerts())
        .where(kept)
        .select(*ALERT_COLUMNS, *also)
        .toArrow()
    )
    return int(seen.get["n"]), found


def _as_candidates(found: pa.Table, packets: Sequence[tuple[bytes, str] | None]) -> pa.Table:
    body = pa.array([packet and packet[0] for packet in packets], pa.binary())
    avro = pa.array([packet and packet[1] for packet in packets], pa.string())
    ours = found.select(list(ALERT_COLUMNS))
    return ours.append_column("body", body).append_column("avro", avro).cast(CANDIDATES)


def _all_dead(batch: DataFrame, wanted: Wanted) -> Read:
    """A batch without one message that can be read."""
    rows = batch.toArrow()
    reasons = [why_unreadable(value, wanted) for value in rows["value"].to_pylist()]
    dead = rows.append_column("reason", pa.array(reasons, pa.string())).cast(DEAD)
    return Read(len(rows), CANDIDATES.empty_table(), dead)
