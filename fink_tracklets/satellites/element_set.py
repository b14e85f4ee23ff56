"""One element set, and what is no element set of ours: every refusal has a kind and a sentence."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from sgp4.api import Satrec

EARTH_RADIUS_KM = WGS72_RADIUS_KM = 6378.135
GREATEST_NUMBER = 999_999_999
"""Catalogue numbers have at most nine digits."""

Kind: TypeAlias = Literal["damaged", "incomplete", "another theory", "impossible orbit"]
"""By what refusals are counted."""


class ElementSet(NamedTuple):
    """The elements of one object at one epoch."""

    number: int
    """Catalogue number."""
    name: str
    """Name of the object, empty where the file has none."""
    object_id: str
    """International designator, as in 1994-065A."""
    epoch_jd: float
    """Julian date, UTC."""
    satrec: Satrec
    """The elements as `sgp4` takes them."""


class Unusable(NamedTuple):
    """A part of a file that is refused."""

    kind: Kind
    sentence: str
    """`file, line N: why`."""


class NotUsable(Exception):
    """A set is refused."""

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(why)
        self.kind: Kind = kind


def catalogue_number(number: int) -> int:
    """The number, if a catalogue can have it."""
    if not 0 < number <= GREATEST_NUMBER:
        raise NotUsable("damaged", f"{number} is no catalogue number: 1 to {GREATEST_NUMBER}")
    return number


def possible(satrec: Satrec) -> Satrec:
    """The elements, if an object can fly so: in an ellipse about the Earth, above the ground."""
    values = [satrec.no_kozai, satrec.ecco, satrec.inclo, satrec.mo, satrec.argpo, satrec.nodeo]
    if not np.isfinite([*values, satrec.bstar, satrec.a]).all():
        raise NotUsable("impossible orbit", "one of the elements is not a finite number")
    if not (satrec.no_kozai > 0 and 0 <= satrec.ecco < 1):
        motion = satrec.no_kozai * 1440 / (2 * np.pi)
        raise NotUsable(
            "impossible orbit",
            f"mean motion {motion:g} or eccentricity {satrec.ecco:g} is impossible",
        )
    if not 0 <= satrec.inclo <= np.pi:
        raise NotUsable(
            "impossible orbit", f"inclination {np.degrees(satrec.inclo):g} is not 0 to 180 degrees"
        )
    perigee = satrec.a * (1 - satrec.ecco) * WGS72_RADIUS_KM - EARTH_RADIUS_KM
    if perigee < 0:
        raise NotUsable(
            "impossible orbit",
            f"the perigee lies {-perigee:,.0f} km below the ground (mean motion "
            f"{satrec.no_kozai * 1440 / (2 * np.pi):g}, eccentricity {satrec.ecco:g})",
        )
    return satrec
