"""What makes a survey that survey, as data: `load_survey("ztf")` reads conf/ztf.toml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

from fink_tracklets.errors import UserError
from fink_tracklets.survey.config import build, conf_file, conf_files, conf_folder, read_toml
from fink_tracklets.survey.glints import GlintSettings
from fink_tracklets.survey.satellites import SatelliteLimits


def _positive(config: object, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a positive number, not {value}")


@dataclass(frozen=True)
class Site:
    """Where the telescope stands (WGS84)."""

    name: str
    latitude_deg: float
    longitude_deg: float
    """East is positive."""
    elevation_m: float

    def __post_init__(self) -> None:
        if not (abs(self.latitude_deg) <= 90 and abs(self.longitude_deg) <= 360):
            raise ValueError("latitude_deg or longitude_deg lies outside the Earth")


@dataclass(frozen=True)
class Columns:
    """Where an alert's properties stand in a packet, each a Spark SQL expression."""

    alert_id: str
    """int64, or a string of digits."""
    object_id: str
    exposure: str
    """Equal for all alerts of one exposure."""
    time: str
    """See `TimeConvention`."""
    ra: str
    """ICRS [deg]."""
    dec: str
    """ICRS [deg]."""
    band: str
    mag: str
    """Difference magnitude."""
    mag_err: str
    limiting_mag: str
    detector: str
    """Pixel positions restart in every detector."""
    x: str
    """Pixels in the detector."""
    y: str


@dataclass(frozen=True)
class TimeConvention:
    """How the column `time` is to be read."""

    scale: str
    """utc or tai."""
    format: str
    """jd or mjd."""
    reference: str
    """start or middle of the exposure."""

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
    sql: str
    """A Spark SQL predicate over the packet; null rejects. {name} stands for one of `numbers`."""
    numbers: Mapping[str, float] = field(default_factory=dict)

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
class FinderLimits:
    """What counts as a tracklet (P1 section 1.3). Angles in arcseconds."""

    method: str
    """significant: chance tracklets are thrown away; published: the plain rule of the paper."""
    min_points: int
    min_separation_arcsec: float
    """Of the two points that define a great circle."""
    first_tolerance_arcsec: float
    """From the great circle."""
    refined_tolerance_arcsec: float
    """From the fitted curve."""
    max_end_gap: float
    """published: an end point further than this times the length of the rest is not part of the
    tracklet."""
    merge_shared_points: int
    """published: sets that share as many points are one."""
    max_chance_tracklets: float = 1e-3
    """significant: a tracklet is kept when fewer than this many as good ones are expected by
    chance in its exposure."""
    max_curvature_per_rad: float = 1.0
    """significant: largest second derivative of the distance across a track [1/rad]; real
    satellites stay below 0.43."""
    max_candidates: int = 50_000
    """Exposures with more candidates are not searched."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not '{self.method}'")
        _positive(
            self,
            "min_separation_arcsec",
            "first_tolerance_arcsec",
            "refined_tolerance_arcsec",
            "max_end_gap",
            "merge_shared_points",
            "max_chance_tracklets",
            "max_curvature_per_rad",
            "max_candidates",
        )
        if self.min_points < 4:
            raise ValueError("min_points must be at least 4: three points always fit a parabola")


AVRO_TYPES = ("boolean", "int", "long", "float", "double", "string")
METHODS = ("significant", "published")


@dataclass(frozen=True)
class Carry:
    """Packet columns that travel unchanged into `tracklet_alerts`, under their last name."""

    columns: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, str]:
        """Table column to packet column."""
        return {path.rsplit(".", 1)[-1]: path for path in self.columns}

    def __post_init__(self) -> None:
        if len(self.by_name) < len(self.columns):
            raise ValueError("two of the columns end in the same name")


@dataclass(frozen=True)
class Survey:
    """A survey, as its TOML file describes it."""

    name: str
    field_area_deg2: float
    """Sky area that one exposure covers."""
    exposure_time_s: float
    site: Site
    columns: Columns
    time: TimeConvention
    cuts: tuple[Cut, ...]
    finder: FinderLimits
    carry: Carry = Carry()
    satellites: SatelliteLimits = field(default_factory=SatelliteLimits)
    added: Mapping[str, str] = field(default_factory=dict)
    """Packet columns that older schema versions lack, with their Avro types: `ingest` writes them
    as null."""
    glints: GlintSettings | None = None
    """Without, the survey's stamps are not looked at."""

    def __post_init__(self) -> None:
        _positive(self, "field_area_deg2", "exposure_time_s")
        if not self.name.isidentifier():
            raise ValueError("name must be a plain word")
        names = [cut.name for cut in self.cuts]
        if len(set(names)) < len(names):
            raise ValueError("two cuts have the same name")
        for name, kind in self.added.items():
            if kind not in AVRO_TYPES:
                raise ValueError(f"added {name} must be one of {', '.join(AVRO_TYPES)}")
        for name, packet_column in self.carry.by_name.items():
            own = self.columns.time if name == "jd" else getattr(self.columns, name, packet_column)
            if own != packet_column:
                raise ValueError(f"the carried column {packet_column} would hide our own {name}")


def load_survey(survey: str | Path) -> Survey:
    """The survey of a name known in ``conf/`` (``"ztf"``) or of a TOML file's path.

    A file of that name in the operator's own folder, $FINK_TRACKLETS_CONF, comes first.

    Raises
    ------
    UserError : unknown name, unreadable file, unknown key, wrong type, missing field
    """
    text = str(survey)
    if text.endswith(".toml") or "/" in text:
        return build(Survey, read_toml(Path(text)), text)
    known = known_surveys()
    if text not in known:
        raise UserError(
            f"Unknown survey '{text}': give one of {', '.join(known)} or the path of a .toml file."
        )
    file = conf_file(f"{text}.toml")
    ours = file == conf_folder() / f"{text}.toml"
    return build(Survey, read_toml(file), f"conf/{text}.toml" if ours else str(file))


def known_surveys() -> list[str]:
    """The names of the surveys in ``conf/`` and in the operator's own folder, sorted."""
    return sorted(
        name.removesuffix(".toml")
        for name in conf_files(".toml")
        if "columns" in read_toml(conf_file(name))
    )


CANONICAL = tuple(column.name for column in fields(Columns))
"""The names under which alerts travel inside the package."""
