"""What a survey's images show: the section [image] of its TOML file."""

from __future__ import annotations

from dataclasses import dataclass

from fink_tracklets.errors import UserError
from fink_tracklets.survey.checks import finite, positive
from fink_tracklets.survey.config import build, conf_file, conf_files, read_toml


@dataclass(frozen=True)
class Image:
    """Pixel, seeing and depth of an exposure."""

    pixel_arcsec: float
    """Side of a pixel."""
    seeing_arcsec: float
    """Full width of a point source at half its maximum."""
    limiting_mag: float
    """Limit of 5 sigma of a point source in one exposure, in g."""

    def __post_init__(self) -> None:
        positive(self, "pixel_arcsec", "seeing_arcsec")
        finite(self, "limiting_mag")

    @property
    def width_arcsec(self) -> float:
        """Width of a point in an image: the seeing, or two pixels where these are coarser."""
        return max(self.seeing_arcsec, 2 * self.pixel_arcsec)


@dataclass(frozen=True)
class Imager:
    """A survey as far as its images say what of a flash is seen; it may send no alerts."""

    name: str
    exposure_time_s: float
    image: Image

    def __post_init__(self) -> None:
        positive(self, "exposure_time_s")


def load_imager(name: str) -> Imager:
    """The imager of a file of conf/ or of the operator's folder.

    Raises
    ------
    UserError : there is no such file, or it has no section [image]
    """
    known = sorted(file.removesuffix(".toml") for file in conf_files(".toml"))
    imagers = [one for one in known if "image" in read_toml(conf_file(f"{one}.toml"))]
    if name not in imagers:
        raise UserError(
            f"'{name}' is no survey whose images are known: give one of {', '.join(imagers)}, or "
            f"write {name}.toml with name, exposure_time_s and [image] into $FINK_TRACKLETS_CONF."
        )
    table = read_toml(conf_file(f"{name}.toml"))
    wanted = {key: table[key] for key in ("name", "exposure_time_s", "image") if key in table}
    return build(Imager, wanted, f"conf/{name}.toml")
