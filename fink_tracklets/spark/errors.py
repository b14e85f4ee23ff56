"""Spark's exceptions that the input causes, as one clear sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from fink_tracklets.errors import ServiceError, UserError

UNREACHABLE = (
    r"(ConnectException|UnknownHostException|NoRouteToHostException|SocketTimeoutException|"
    r"SafeModeException|StandbyException)\b[^\n]*?(?=\.?(\n|; For more|$))"
)
"""What Hadoop says when a file system does not answer."""


@contextmanager
def clear_errors(alerts: str) -> Iterator[None]:
    """Turn what Spark says about bad alerts into an error that names the path or file."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        clear = clear_error(str(error), alerts)
        if clear is None:
            raise
        raise clear from error


def clear_error(text: str, alerts: str) -> UserError | None:
    """The error for what Spark says, its Java causes included."""
    named = re.search(r"reading file (\S+?)\.?\s", text)
    file = re.sub(r"^file:/+", "/", named[1]) if named else alerts
    if "UNABLE_TO_INFER_SCHEMA" in text:
        return UserError(f"{alerts} holds no Parquet file.")
    if "PATH_NOT_FOUND" in text:
        return UserError(f"No alerts at {alerts}: the path does not exist.")
    if "is not a Parquet file" in text or "CANNOT_READ_FILE_FOOTER" in text:
        return UserError(f"{file} is not a Parquet file, or is cut short: remove or replace it.")
    if "FAILED_READ_FILE" in text:
        return UserError(
            f"{file} cannot be read: it is damaged or cut short. Remove or replace it."
        )
    if unknown := re.search(r"No FileSystem for scheme \"?(\w+)", text):
        return UserError(f"{alerts}: Spark knows no file system {unknown[1]}.")
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return ServiceError(
            "No space is left on the disk of the store or of Spark's work (spark.local.dir). What "
            "was stored before stays: make room, and give the same line again."
        )
    if failure := re.search(UNREACHABLE, text):
        return ServiceError(f"{alerts}: the file system does not answer: {failure[0]}.")
    return None
