"""What makes a survey that survey, as data: `load_survey("ztf")` reads conf/ztf.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fink_tracklets.errors import UserError
from fink_tracklets.survey.checks import one_of, positive
from fink_tracklets.survey.config import build, conf_file, conf_files, conf_folder, read_toml
from fink_tracklets.survey.finder import FinderLimits
from fink_tracklets.survey.glints import GlintSettings
from fink_tracklets.survey.image import Image
from fink_tracklets.survey.packet import (
    AVRO_TYPES,
    Carry,
    Columns,
    Cut,
    Locus,
    StandIn,
    TimeConvention,
)
from fink_tracklets.survey.satellites import SatelliteLimits
from fink_tracklets.tables import TABLES


@dataclass(frozen=True)
class Site:
    """Where the telescope stands (WGS84)."""

    name: str
    """Name of the place."""
    latitude_deg: float
    """Geodetic latitude, north is positive."""
    longitude_deg: float
    """Longitude, east is positive."""
    elevation_m: float
    """Height above the ellipsoid."""

    def __post_init__(self) -> None:
        if not (abs(self.latitude_deg) <= 90 and abs(self.longitude_deg) <= 360):
            raise ValueError("latitude_deg or longitude_deg lies outside the Earth")


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
    carry: Carry = field(default_factory=Carry)
    satellites: SatelliteLimits = field(default_factory=SatelliteLimits)
    added: Mapping[str, str] = field(default_factory=dict)
    """Packet columns, `name` or `struct.name`, that some packets or files lack, see `StandIn`."""
    whole_packets: bool = False
    """`ingest` keeps every column of the packets as it comes, not only those that are needed."""
    glints: GlintSettings | None = None
    """Without, the survey's stamps are not looked at."""
    locus: Locus | None = None
    """Without, the plane of P1's figure 1 is not counted."""
    field_shape: str = "square"
    """Of the sky that one exposure covers: "square", its sides east and north, or "disc"."""
    image: Image | None = None
    """Without, it is not known what trails and flashes the survey's images show."""

    def __post_init__(self) -> None:
        positive(self, "field_area_deg2", "exposure_time_s")
        one_of(self, "field_shape", ("square", "disc"))
        if not self.name.isidentifier():
            raise ValueError("name must be a plain word")
        names = [cut.name for cut in self.cuts]
        if len(set(names)) < len(names):
            raise ValueError("two cuts have the same name")
        if self.locus is not None and self.locus.before not in names:
            raise ValueError(f"[locus] before = '{self.locus.before}' is none of the cuts")
        for name, text in self.added.items():
            if StandIn.of(text).type not in AVRO_TYPES:
                raise ValueError(f"added {name} must be one of {', '.join(AVRO_TYPES)}")
            if name.count(".") > 1:
                raise ValueError(f"added {name} must be a column or a field of one")
        ours = {column for table in TABLES.values() for column in table.names}
        for name in self.carry.derived:
            if name in ours:
                raise ValueError(f"the carried column derived {name} would hide our own {name}")
        for name, packet_column in self.carry.sent.items():
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
