"""Spark's exceptions that the input causes, as one clear sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException

from fink_tracklets.errors import ServiceError, UserError

UNREACHABLE = (
    r"(ConnectException|UnknownHostException|NoRouteToHostException|SocketTimeoutException|"
    r"SafeModeException|StandbyException)\b[^\n]*?(?=\.?(\n|; For more|$))"
)
"""What Hadoop says when a file system does not answer."""


@contextmanager
def clear_errors(alerts: str) -> Iterator[None]:
    """Turn what Spark says about bad alerts into a `UserError` that names the path or file."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        if failure := re.search(UNREACHABLE, _full_text(error)):
            raise ServiceError(f"{alerts} or the store is not reachable: {failure[0]}.") from error
        sentence = _sentence(error, alerts)
        if sentence is None:
            raise
        raise UserError(sentence) from error


def _sentence(error: Exception, alerts: str) -> str | None:
    condition = (error.getCondition() or "") if isinstance(error, PySparkException) else ""
    text = _full_text(error)
    file = re.search(r"(?:file: |file |File )((?:\w+:/)?/[^\s]+\.parquet|\w+:/+[^\s]+)", text)
    named = (file[1] if file else alerts).rstrip(".,")
    if condition == "UNABLE_TO_INFER_SCHEMA":
        return f"{alerts} holds no Parquet file."
    if condition.startswith("PATH_NOT_FOUND"):
        return f"No alerts at {alerts}: the path does not exist."
    if "is not a Parquet file" in text or "CANNOT_READ_FILE_FOOTER" in text:
        return f"{named} is not a Parquet file, or is cut short: remove or replace it."
    if condition.startswith("FAILED_READ_FILE") or "FAILED_READ_FILE" in text:
        return f"{named} cannot be read: it is damaged or cut short. Remove or replace it."
    return None


def _full_text(error: Exception) -> str:
    if isinstance(error, Py4JJavaError):
        return str(error.java_exception)
    return str(error)
