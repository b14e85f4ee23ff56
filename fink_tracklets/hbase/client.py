"""A client of HBase's Thrift server that bears its faults.

Where the connection or the server fails, everything is tried again on a new connection, with
growing waits (happybase does not; and the server drops a connection that is idle for a minute).
Each operation can be repeated without harm. Puts and deletes carry the timestamp of their
publication: one that is repeated, or that a stalled server carries out late, changes nothing.
"""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import thriftpy2
from happybase import Connection
from Hbase_thrift import AlreadyExists, IllegalArgument
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential, wait_random
from thriftpy2.thrift import TApplicationException, TClient, TException

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.hbase.cells import Cells
from fink_tracklets.hbase.settings import HBaseSettings
from fink_tracklets.hbase.wire import connect

T = TypeVar("T")
Row = tuple[bytes, Cells]
FAULTS = (OSError, TException)
"""What a broken connection, Thrift and HBase raise."""
LASTING = ("TableNotFoundException", "NoSuchColumnFamilyException", "TableNotEnabledException")
"""HBase's exceptions that another attempt does not heal."""
CLUSTER = thriftpy2.load_fp(
    io.StringIO("service Cluster { string getClusterId() }"), "fink_tracklets_cluster_thrift"
)
"""A call that HBase's Thrift server has and happybase does not know."""


class HBase:
    """One connection, renewed as often as it takes.

    Parameters
    ----------
    settings : see conf/hbase.toml
    say : is told before each further attempt
    """

    def __init__(self, settings: HBaseSettings, say: Callable[[str], None] | None = None) -> None:
        self.settings = settings
        self.say = say
        self._connection: Connection | None = None

    def __enter__(self) -> HBase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self, work: Callable[[Connection], T]) -> T:
        """Do work on the connection, again on a new one where it fails.

        Parameters
        ----------
        work : can be done twice without harm

        Raises
        ------
        ServiceError : HBase does not answer, or refuses
        """
        retries = self.settings.retries
        attempts = Retrying(
            retry=retry_if_exception(_passing),
            stop=stop_after_attempt(retries.attempts),
            wait=wait_exponential(retries.first_wait_s, retries.longest_wait_s)
            + wait_random(0, retries.first_wait_s / 4),
            before_sleep=self._announce,
            reraise=True,
        )
        try:
            return attempts(self._attempt, work)
        except FAULTS as error:
            address = self.settings.connection.address
            raise ServiceError(f"HBase at {address} failed: {reason(error)}.") from error

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        try:
            if self._connection is None:
                self._connection = connect(self.settings.connection)
            return work(self._connection)
        except FAULTS:
            self.close()
            raise

    def _announce(self, state: RetryCallState) -> None:
        if self.say and state.outcome and state.next_action:
            self.say(
                f"HBase at {self.settings.connection.address}: "
                f"{reason(state.outcome.exception())}; again in {state.next_action.sleep:.0f} s"
            )

    def cluster(self) -> str:
        """The cluster's own id, the same through each of its Thrift servers.

        That of a cluster too old to tell is the server's address.
        """

        def ask(connection: Connection) -> str:
            client = TClient(CLUSTER.Cluster, connection.client._iprot)
            try:
                return str(client.getClusterId().decode())
            except TApplicationException as error:
                if error.type != TApplicationException.UNKNOWN_METHOD:
                    raise
                return self.settings.connection.address

        return self.call(ask)

    def tables(self) -> set[str]:
        """The names of the tables."""
        return {name.decode() for name in self.call(lambda c: c.tables())}

    def need_table(self, table: str, families: Sequence[str]) -> None:
        """See that a table with these families is there; make it if settings allow.

        Raises
        ------
        UserError : it is not there, or lacks a family
        """
        at = f"HBase at {self.settings.connection.address}"
        if table not in self.tables():
            if not self.settings.create_tables:
                raise UserError(
                    f"{at} has no table {table}: make it, or set create_tables in conf/hbase.toml."
                )
            self.call(lambda c: _create(c, table, families))
        found = {
            name.decode().rstrip(":") for name in self.call(lambda c: c.table(table).families())
        }
        lacking = [family for family in families if family not in found]
        if lacking:
            raise UserError(
                f"{at}: the table {table} has no column family {', '.join(lacking)}; add it there, "
                "or name another one in conf/hbase.toml."
            )

    def rows(
        self, table: str, keys: Iterable[str], columns: Sequence[str]
    ) -> Iterator[tuple[str, Cells]]:
        """Those of the rows that have any of the columns, with these cells.

        Parameters
        ----------
        columns : column (family:name) or family names
        """
        for some in chunks(keys, self.settings.batch_rows):
            asked = [key.encode() for key in dict.fromkeys(some)]

            def ask(connection: Connection, asked: list[bytes] = asked) -> list[Row]:
                wanted = [column.encode() for column in columns]
                return list(connection.table(table).rows(asked, columns=wanted))

            yield from ((key.decode(), cells) for key, cells in self.call(ask))

    def scan(
        self, table: str, start: str, stop: str, columns: Sequence[str]
    ) -> Iterator[tuple[str, Cells]]:
        """The rows from start up to, not including, stop; a fault on the way is not noticed."""
        first, size = start.encode(), self.settings.batch_rows
        wanted = [column.encode() for column in columns]

        def page(connection: Connection) -> list[Row]:
            scanner = connection.table(table).scan(
                row_start=first, row_stop=stop.encode(), columns=wanted, limit=size
            )
            return list(scanner)

        while found := self.call(page):
            yield from ((key.decode(), cells) for key, cells in found)
            first = found[-1][0] + b"\0"

    def put(self, table: str, rows: Iterable[Row], timestamp: int) -> Iterator[int]:
        """Write rows in batches; yields how many rows each time HBase has acknowledged."""
        for some in chunks(rows, self.settings.batch_rows):

            def send(connection: Connection, some: list[Row] = some) -> None:
                batch = connection.table(table).batch(timestamp=timestamp)
                for key, cells in some:
                    batch.put(key, cells)
                batch.send()

            self.call(send)
            yield len(some)

    def put_all(self, table: str, rows: Iterable[Row], timestamp: int) -> int:
        """Write rows in batches; how many."""
        return sum(self.put(table, rows, timestamp))

    def delete(
        self, table: str, cells: Iterable[tuple[str, Sequence[str]]], timestamp: int
    ) -> None:
        """Remove cells, given as row key and columns, that are not newer than the timestamp."""
        for some in chunks(cells, self.settings.batch_rows):

            def send(connection: Connection, some: list[Any] = some) -> None:
                batch = connection.table(table).batch(timestamp=timestamp)
                for key, columns in some:
                    batch.delete(key.encode(), [column.encode() for column in columns])
                batch.send()

            self.call(send)


def _create(connection: Connection, table: str, families: Sequence[str]) -> None:
    try:
        connection.create_table(table, {family: {} for family in families})
    except AlreadyExists:
        return  # another did it, or the attempt before


def _passing(error: BaseException) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(error, TApplicationException):
        return bool(error.type == TApplicationException.INTERNAL_ERROR)
    if isinstance(error, IllegalArgument) or not isinstance(error, FAULTS):
        return False
    return not any(name in _message(error) for name in LASTING)


def _message(error: BaseException) -> str:
    """The text of an exception. str() of some of Thrift's fails: their text is bytes."""
    message = getattr(error, "message", None)
    if isinstance(message, bytes):
        return message.decode(errors="replace")
    return message or str(error) or type(error).__name__


def reason(error: BaseException | None) -> str:
    """An exception as part of a sentence: without Java's trace."""
    if error is None:
        return "no reason known"
    line = _message(error).strip().splitlines()[0]
    if isinstance(why := error.__context__, ssl.SSLError):  # thriftpy2 does not tell it
        line = f"{line.removesuffix('.')}: {why}"
    return line.removesuffix(".").strip()[:300]


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of that size, the last one shorter."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
