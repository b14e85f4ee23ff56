"""conf/hbase.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from string import Formatter

from fink_tracklets.errors import UserError
from fink_tracklets.survey.checks import port
from fink_tracklets.survey.config import conf_file, load


@dataclass(frozen=True)
class ConnectionSettings:
    """How HBase's Thrift server is reached."""

    host: str
    port: int
    transport: str
    protocol: str
    timeout_s: float
    tls: bool = False
    """Whether the server, or the proxy before it, speaks TLS."""
    ca_file: str = ""
    """The certificates that are trusted then; those of the system where none is named."""
    kerberos_service: str = ""
    """The first part of the server's principal, where it wants Kerberos."""

    def __post_init__(self) -> None:
        port(self.port)
        if self.transport not in ("buffered", "framed"):
            raise ValueError("transport must be buffered or framed")
        if self.protocol not in ("binary", "compact"):
            raise ValueError("protocol must be binary or compact")
        if not (math.isfinite(self.timeout_s) and self.timeout_s > 0):
            raise ValueError("timeout_s must be a positive number")

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class RetrySettings:
    """How long a fault of the connection is borne."""

    attempts: int
    first_wait_s: float
    longest_wait_s: float

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first_wait_s < 0 or self.longest_wait_s < 0:
            raise ValueError("attempts must be at least 1 and no wait negative")


@dataclass(frozen=True)
class TrackletTable:
    """The table of the alerts in tracklets."""

    table: str
    survey_family: str
    derived_family: str
    other_families: tuple[str, ...]

    @property
    def families(self) -> tuple[str, ...]:
        """All that the table is made with."""
        return (self.survey_family, self.derived_family, *self.other_families)


def key_columns(key: str) -> tuple[str, ...]:
    """The fields of an alert's row key."""
    return tuple(name for _, name, _, _ in Formatter().parse(key) if name is not None)


@dataclass(frozen=True)
class AlertTable:
    """The broker's table of all alerts."""

    table: str
    column: str
    """Where the tracklet's name goes."""
    present: str
    """A column that every row has."""
    key: str = "{object_id}_{jd}"
    """Of a row: the fields name columns of `tracklet_alerts`; {salt} is the last three characters
    of the object's id."""

    def __post_init__(self) -> None:
        names = key_columns(self.key)
        if not names or any(not name.isidentifier() for name in names):
            raise ValueError(f"key '{self.key}' must hold columns like {{object_id}}")
        for name in (self.column, self.present):
            if ":" not in name:
                raise ValueError(f"'{name}' is not a column: write family:name")

    @property
    def families(self) -> tuple[str, ...]:
        """Those of the two columns."""
        return tuple(dict.fromkeys(name.split(":")[0] for name in (self.column, self.present)))


@dataclass(frozen=True)
class SurveyTables:
    """A survey's tables."""

    tracklets: TrackletTable
    alerts: AlertTable

    def __post_init__(self) -> None:
        if self.tracklets.table == self.alerts.table:
            raise ValueError("tracklets and alerts must be two tables")


@dataclass(frozen=True)
class CommonSettings:
    """What is the same for all surveys."""

    schema_version: str
    """Of the row schema_<version>."""
    create_tables: bool
    writers: int
    batch_rows: int
    connection: ConnectionSettings
    retries: RetrySettings

    def __post_init__(self) -> None:
        if self.writers < 1 or self.batch_rows < 1:
            raise ValueError("writers and batch_rows must be at least 1")


@dataclass(frozen=True)
class HBaseFile(CommonSettings):
    """conf/hbase.toml."""

    surveys: Mapping[str, SurveyTables] = field(default_factory=dict)
    tracklets: TrackletTable | None = None
    """The form of files before there were several surveys: ZTF's table, like `alerts`."""
    alerts: AlertTable | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.tracklets is None) != (self.alerts is None):
            raise ValueError("tracklets and alerts go together")
        _ = self.tables

    @property
    def tables(self) -> dict[str, SurveyTables]:
        """The tables of each survey."""
        old = {}
        if self.tracklets and self.alerts:
            old["ztf"] = SurveyTables(self.tracklets, self.alerts)
        return {**old, **self.surveys}


@dataclass(frozen=True)
class HBaseSettings(CommonSettings):
    """Where and how a night of one survey is published."""

    tracklets: TrackletTable
    alerts: AlertTable


def load_hbase(address: str = "", survey: str = "ztf") -> HBaseSettings:
    """conf/hbase.toml for a survey, at HOST:PORT if that is given.

    Raises
    ------
    UserError : the file is wrong or has no tables for the survey, the address is none
    """
    file = load(HBaseFile, "hbase.toml")
    if survey not in file.tables:
        raise UserError(
            f"{conf_file('hbase.toml')}: no tables for the survey '{survey}', only for "
            f"{', '.join(file.tables)}: add [surveys.{survey}.tracklets] and "
            f"[surveys.{survey}.alerts]."
        )
    common = {each.name: getattr(file, each.name) for each in fields(CommonSettings)}
    tables = file.tables[survey]
    settings = HBaseSettings(**common, tracklets=tables.tracklets, alerts=tables.alerts)
    if not address:
        return settings
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UserError(f"'{address}' is not an address: write HOST:PORT, for example hbase:9090.")
    return replace(settings, connection=replace(settings.connection, host=host, port=int(port)))
