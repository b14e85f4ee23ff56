"""What interrupts a stream: what passes, and what a person has to do something about."""

from __future__ import annotations

import re
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from py4j.protocol import Py4JNetworkError

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.ingest.registry import RegistryAway
from fink_tracklets.spark.errors import clear_error
from fink_tracklets.stream.state import cannot_write

PASSING = re.compile(
    r"org\.apache\.kafka\.common\.errors\.(\w*Timeout|Disconnect|Retriable|NotLeader|Coordinator)|"
    r"Timeout of \d+ms expired|TimeoutException|Python worker (exited|failed to connect)|"
    r"Connection reset|Broken pipe|RegistryAway"
)
"""What Spark says of a Kafka that is away, and of a Python worker that was killed."""
CONNECTOR = "spark-sql-kafka-0-10_2.13:4.2.0"
FULL = "No space left on device"
GONE = re.compile(r"Some data may have been lost|OffsetOutOfRange|KAFKA_DATA_LOSS")


class Away(ServiceError):
    """Kafka does not answer, perhaps for a moment."""


def is_passing(error: BaseException) -> bool:
    """Whether it is worth while to begin again where the state stands."""
    if isinstance(error, UserError):
        return isinstance(error, Away | RegistryAway)
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return False
    if FULL in str(error) or GONE.search(str(error)):
        return False
    return isinstance(error, BrokenProcessPool) or PASSING.search(str(error)) is not None


def sentence_of(error: BaseException, state: Path, source: object) -> BaseException:
    """The error as one sentence; itself where it is a bug."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return ServiceError(
            f"Spark's Java process has ended ({first_line(error)}): start the same line again, the "
            "stream goes on where it stood."
        )
    text = str(error)
    if FULL in text:
        return cannot_write(state, OSError(FULL))
    if GONE.search(text):
        return UserError(
            f"The {source} no longer has messages that the state in {state} has yet to read: its "
            "retention is too short. Start with a new folder as --state."
        )
    if "KAFKA_DATA_SOURCE_NOT_ENABLED" in text:
        return UserError(
            "This Spark lacks its Kafka connector: give spark-submit --packages "
            f"org.apache.spark:{CONNECTOR}."
        )
    if clear := clear_error(text, str(source)):
        return clear
    if is_passing(error):
        return ServiceError(
            f"The {source} was away for too long ({first_line(error)}): start the same line again "
            "when it is back; the stream goes on where it stood."
        )
    return error


def first_line(error: BaseException) -> str:
    """What an error says, in short."""
    return (str(error) or type(error).__name__).splitlines()[0][:200].rstrip(".")
