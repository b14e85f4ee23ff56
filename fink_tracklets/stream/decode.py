"""Messages of a topic to the columns of alerts: ingest's decoding inside a Spark column.

What cannot be read is a row with a reason, not an error: a stream goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.columns import Wanted, table_schema
from fink_tracklets.ingest.containers import DamagedPacket, Packet
from fink_tracklets.ingest.decode import packet_schema, read_records
from fink_tracklets.ingest.registry import RegistryAway

MESSAGE = "kafka_message"
"""The column with what a row's message was: value, partition, offset, reason."""


def columns_of(values: Iterable[bytes | None], wanted: Wanted) -> pa.Schema | None:
    """The columns of the first message that can be read; None where there is none."""
    for value in values:
        try:
            return _columns(value, wanted)
        except RegistryAway:
            raise
        except (DamagedPacket, UserError):
            continue
    return None


def why_unreadable(value: bytes | None, wanted: Wanted) -> str:
    """Why there are no columns of a message."""
    try:
        _columns(value, wanted)
    except (DamagedPacket, UserError) as error:
        return str(error)
    raise AssertionError("the message can be read")


def _columns(value: bytes | None, wanted: Wanted) -> pa.Schema:
    if not value:
        raise DamagedPacket("empty")
    schema = table_schema(packet_schema(Packet("", value), wanted), wanted)
    _, reason = _read_value(value, wanted, schema)
    if reason is not None:
        raise DamagedPacket(reason)
    return schema


def decoded(messages: DataFrame, wanted: Wanted, columns: pa.Schema) -> DataFrame:
    """The packets of messages.

    Parameters
    ----------
    messages : value, partition and offset, as Spark's Kafka source has them
    columns : of the packets, see `columns_of`

    Returns
    -------
    DataFrame
        The columns of the packets, null where a message cannot be read, and `MESSAGE`.
    """
    result = pa.schema([("packet", pa.struct(list(columns))), ("reason", pa.string())])

    @F.arrow_udf(from_arrow_schema(result))  # type: ignore[call-overload]
    def decode(values: pa.Array) -> pa.Array:
        return read_values(values, wanted, columns)

    # Without this Spark would decode once more for every filter on the result.
    read = messages.withColumn("read", decode.asNondeterministic()(F.col("value")))
    message = F.struct("value", "partition", "offset", F.col("read.reason").alias("reason"))
    return read.select("read.packet.*", message.alias(MESSAGE))


def read_values(values: pa.Array, wanted: Wanted, columns: pa.Schema) -> pa.StructArray:
    """Of each message its packet, or the reason why there is none."""
    records: list[dict[str, Any] | None] = []
    reasons: list[str | None] = []
    for value in values:
        record, reason = _read_value(value.as_py(), wanted, columns)
        records.append(record)
        reasons.append(reason)
    kind = pa.struct(list(columns))
    try:
        packets = pa.array(records, kind)
    except (pa.ArrowException, OverflowError, TypeError):
        packets = _one_by_one(records, reasons, kind)
    return pa.StructArray.from_arrays(
        [packets, pa.array(reasons, pa.string())], names=["packet", "reason"]
    )


def _read_value(
    value: bytes | None, wanted: Wanted, columns: pa.Schema
) -> tuple[dict[str, Any] | None, str | None]:
    if not value:
        return None, "empty"
    try:
        records, _ = read_records(value, wanted, columns)
    except RegistryAway:  # the message is good, and can be read later
        raise
    except (DamagedPacket, UserError) as error:
        return None, str(error)
    if len(records) != 1:
        return None, f"{len(records)} alerts in one message, which has one as a rule"
    return records[0], None


def _one_by_one(
    records: list[dict[str, Any] | None], reasons: list[str | None], kind: pa.StructType
) -> pa.Array:
    """The records as an array; one that does not fit gets its reason."""
    parts = []
    for k, record in enumerate(records):
        try:
            parts.append(pa.array([record], kind))
        except (pa.ArrowException, OverflowError, TypeError) as error:
            reasons[k] = f"a value does not fit ({error})"
            parts.append(pa.nulls(1, kind))
    return pa.concat_arrays(parts)
