"""Element sets as arrays, sorted by object and epoch, and which of them an exposure uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sgp4.api import SatrecArray

from fink_tracklets.errors import UserError
from fink_tracklets.satellites.element_files import ElementFile, read_file
from fink_tracklets.satellites.element_set import EARTH_RADIUS_KM, WGS72_RADIUS_KM, Unusable

SIX_DIGITS_JD = 2461233.5
"""2026 July 12: about when the catalogue has come to 69999 and goes on with 100000."""


@dataclass(frozen=True)
class Elements:
    """S element sets, sorted by object and epoch."""

    norad_cat_id: np.ndarray
    """(S,) catalogue number, int64."""
    name: np.ndarray
    """(S,) name of the object, str; empty where the file has none."""
    object_id: np.ndarray
    """(S,) international designator, as in 1994-065A, str."""
    epoch_jd: np.ndarray
    """(S,) Julian date, UTC."""
    satrecs: np.ndarray
    """(S,) one `sgp4.api.Satrec` each."""
    files: tuple[str, ...]
    """The files that were read."""
    duplicates: int = 0
    """Sets that another one of the same object and epoch made needless."""
    unusable: tuple[Unusable, ...] = ()
    """What was refused."""
    failed: tuple[str, ...] = ()
    """For each file that could not be used at all a sentence."""
    notes: tuple[str, ...] = ()
    """What else is to be known of the files, in sentences."""
    aliases: Mapping[int, int] = field(default_factory=dict)
    """Numbers under which files have an object, too, to the lower one that names it."""

    def __len__(self) -> int:
        return len(self.epoch_jd)

    def take(self, rows: np.ndarray) -> Elements:
        """Some of the sets."""
        names = ("norad_cat_id", "name", "object_id", "epoch_jd", "satrecs")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def propagator(self) -> SatrecArray:
        """All sets for `sgp4`."""
        return SatrecArray(list(self.satrecs))

    def orbits(self) -> pd.DataFrame:
        """The orbit at the epoch: semi_major_axis_km, eccentricity, inclination_deg, period_min,
        and the heights of perigee and apogee [km]."""
        motion = np.array([s.no_kozai for s in self.satrecs])
        axis = np.array([s.a for s in self.satrecs]) * WGS72_RADIUS_KM
        eccentricity = np.array([s.ecco for s in self.satrecs])
        return pd.DataFrame(
            {
                "semi_major_axis_km": axis,
                "eccentricity": eccentricity,
                "inclination_deg": np.degrees([s.inclo for s in self.satrecs]),
                "period_min": 2 * np.pi / motion,
                "perigee_km": axis * (1 - eccentricity) - EARTH_RADIUS_KM,
                "apogee_km": axis * (1 + eccentricity) - EARTH_RADIUS_KM,
            }
        )


def read_elements(paths: Sequence[str | Path]) -> Elements:
    """All element sets of some files, one for each object and epoch.

    A file that cannot be used is a sentence in `Elements.failed`; the others count.

    Parameters
    ----------
    paths : files of any of the formats, told apart by their content; gzip is recognised

    Raises
    ------
    UserError
        No file has an element set that can be used.
    """
    read: list[ElementFile] = []
    failed: list[str] = []
    for path in map(str, paths):
        try:
            read.append(read_file(path))
        except UserError as error:
            failed.append(str(error))
    if not read:
        raise UserError(" ".join(failed))
    found = join_files(read)
    return replace(found, files=tuple(map(str, paths)), failed=tuple(failed))


def join_files(files: Sequence[ElementFile]) -> Elements:
    """The sets of files that were read, one for each object and epoch."""
    # The order does not depend on that of the files, so neither does which of two equals is kept.
    sets = sorted(
        (one for file in files for one in file.sets),
        key=lambda s: (s.number, s.epoch_jd, s.name, s.satrec.mo, s.satrec.no_kozai, s.satrec.ecco),
    )
    kept = [
        one
        for k, one in enumerate(sets)
        if not k or (one.number, one.epoch_jd) != (sets[k - 1].number, sets[k - 1].epoch_jd)
    ]
    satrecs = np.empty(len(kept), dtype=object)
    satrecs[:] = [one.satrec for one in kept]
    return Elements(
        norad_cat_id=np.array([one.number for one in kept], dtype=np.int64),
        name=np.array([one.name for one in kept], dtype=object),
        object_id=np.array([one.object_id for one in kept], dtype=object),
        epoch_jd=np.array([one.epoch_jd for one in kept]),
        satrecs=satrecs,
        files=tuple(file.path for file in files),
        duplicates=len(sets) - len(kept),
        unusable=tuple(one for file in files for one in file.unusable),
        notes=tuple(filter(None, map(ends_early, files))),
    )


def ends_early(file: ElementFile) -> str | None:
    """What is to be said of a TLE file that cannot have the newest objects."""
    newest = max(one.epoch_jd for one in file.sets)
    has_new = any(100_000 <= one.number < 270_000 for one in file.sets)
    if not file.is_tle or newest < SIX_DIGITS_JD or has_new:
        return None
    return (
        f"{file.path}: TLE cannot hold catalogue numbers from 100000 on, the catalogue given ends "
        "there; use OMM."
    )


def nearest_sets(elements: Elements, jd: np.ndarray, max_age_days: float) -> np.ndarray:
    """Which set is each object's nearest in time.

    Parameters
    ----------
    elements : sorted, as `read_elements` gives them
    jd : (E,) Julian dates, UTC
    max_age_days : sets further away than this are of no use

    Returns
    -------
    (S, E) bool : true once per object and date at most
    """
    # Between two sets of one object the earlier one counts until the middle of their epochs:
    #
    #     epoch 1      middle      epoch 2
    #     ----------------|----------------
    #      since ... until, since ... until
    epoch, number = elements.epoch_jd, elements.norad_cat_id
    middle = (epoch[:-1] + epoch[1:]) / 2
    same = number[:-1] == number[1:]
    since = np.concatenate([[-np.inf], np.where(same, middle, -np.inf)])
    until = np.concatenate([np.where(same, middle, np.inf), [np.inf]])
    near = np.abs(jd - epoch[:, None]) <= max_age_days
    return near & (jd >= since[:, None]) & (jd < until[:, None])
