"""Where an alert's properties stand in a survey's packets, and which alerts are candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa


@dataclass(frozen=True)
class Columns:
    """Where an alert's properties stand in a packet, each a Spark SQL expression."""

    alert_id: str
    """The alert's number: int64, or a string of digits."""
    object_id: str
    """The survey's object."""
    exposure: str
    """The exposure, equal for all its alerts."""
    time: str
    """When it was, as `TimeConvention` says."""
    ra: str
    """Right ascension, ICRS [deg]."""
    dec: str
    """Declination, ICRS [deg]."""
    band: str
    """The filter."""
    mag: str
    """Difference magnitude."""
    mag_err: str
    """Error of the difference magnitude."""
    limiting_mag: str
    """Limiting magnitude of the difference image."""
    detector: str
    """The detector, in which pixel positions start anew."""
    x: str
    """Position in the detector [pixel]."""
    y: str
    """Position in the detector [pixel]."""
    quality: str = "CAST(NULL AS DOUBLE)"
    """The survey's score of the alert, 0 to 1."""


@dataclass(frozen=True)
class TimeConvention:
    """How the column `time` is to be read."""

    scale: str
    """Time scale: utc or tai."""
    format: str
    """Days are counted as jd or mjd."""
    reference: str
    """The moment that is given: start or middle of the exposure."""
    exposure_time: str = ""
    """A Spark SQL expression over the packet [s]; where it is empty or null, the survey's."""

    def __post_init__(self) -> None:
        for name, known in (
            ("scale", ("utc", "tai")),
            ("format", ("jd", "mjd")),
            ("reference", ("start", "middle")),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}")


@dataclass(frozen=True)
class Cut:
    """One step of the funnel."""

    name: str
    """Name of the cut, in the funnel and in the manifest."""
    sql: str
    """A Spark SQL predicate over the packet; null rejects. {name} stands for one of `numbers`."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Its limits, by name."""

    def __post_init__(self) -> None:
        try:
            _ = self.predicate
        except (KeyError, ValueError, IndexError) as error:
            raise ValueError(
                f"the cut '{self.name}' uses {error}, which is not in its numbers"
            ) from error

    @property
    def predicate(self) -> str:
        """The SQL with its numbers in place."""
        return self.sql.strip().format(**self.numbers)


@dataclass(frozen=True)
class Locus:
    """The plane of P1's figure 1, counted before one of the cuts: Spark SQL over the packet."""

    before: str
    """Name of the cut that removes the stellar locus."""
    distance_arcsec: str
    """From the nearest reference object; null where there is none."""
    brightening_mag: str
    """Magnitude of the reference object less that of the alert."""


AVRO_TYPES = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
}
"""What a survey's file may say that a column is, and what that is in a table."""


class StandIn(NamedTuple):
    """What takes the place of a packet column that a file lacks."""

    type: str
    """As Avro spells it, one of `AVRO_TYPES`."""
    sql: str
    """A Spark SQL expression over the packet; NULL where the survey gives none."""

    @classmethod
    def of(cls, text: str) -> StandIn:
        """From the survey's file: a type, or `type = expression`."""
        kind, _, sql = text.partition("=")
        return cls(kind.strip(), sql.strip() or "NULL")


@dataclass(frozen=True)
class Carry:
    """What travels from packets into `tracklet_alerts`: survey columns, unchanged, under their last
    name, and what the broker derived before us."""

    columns: tuple[str, ...] = ()
    """Dotted names in the packet of what the survey sent."""
    survey_family: str = "i"
    """Before the colon of what the survey sent, where the broker's columns are answered."""
    derived_family: str = "d"
    """Before the colon of what we add, and of what the broker derived."""
    derived: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Name to `type = expression`: an Avro type and Spark SQL over the packet."""
    as_text: tuple[str, ...] = ()
    """Columns, the survey's or ours, that are answered as text: ids too long for JavaScript."""

    @cached_property
    def sent(self) -> dict[str, str]:
        """Table column to packet column of what the survey sent."""
        return {path.rsplit(".", 1)[-1]: path for path in self.columns}

    @cached_property
    def by_name(self) -> dict[str, str]:
        """Table column to Spark SQL over the packet, of all that is carried."""
        found = {name: StandIn.of(text) for name, text in self.derived.items()}
        return self.sent | {n: f"try_cast({one.sql} AS {one.type})" for n, one in found.items()}

    def __post_init__(self) -> None:
        if len(self.sent) < len(self.columns):
            raise ValueError("two of the columns end in the same name")
        families = (self.survey_family, self.derived_family)
        if not all(family.isidentifier() for family in families) or len({*families, "v"}) < 3:
            raise ValueError("survey_family and derived_family must be two words, none of them v")
        for name, text in self.derived.items():
            if not (name.isascii() and name.isidentifier()):
                raise ValueError(f"derived {name} must be a plain word")
            if name in self.sent:
                raise ValueError(f"derived {name} is one of the columns that the survey sent, too")
            kind, equals, sql = (part.strip() for part in text.partition("="))
            if kind not in AVRO_TYPES or not equals or not sql:
                known = ", ".join(AVRO_TYPES)
                raise ValueError(
                    f"derived {name} must be 'type = expression' with one of the types {known}"
                )


CANONICAL = tuple(column.name for column in fields(Columns))
"""The names under which alerts travel inside the package."""
