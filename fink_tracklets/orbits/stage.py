"""The stage that gives a stored night's unmatched tracklets orbits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import numpy as np

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.naming import night_jd, parse_night
from fink_tracklets.orbits.link_night import catalogued, drawn_tracklets, link_night
from fink_tracklets.orbits.night import Tracklets, orbit_table
from fink_tracklets.orbits.population import THIN, Population, from_elements, shipped
from fink_tracklets.progress import Progress
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.path import night_files
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.manifest import stored_nights
from fink_tracklets.store.night import StoredNight, open_night
from fink_tracklets.tables import LINKS, ORBITS

WINDOW = 7
OLD_DAYS = 60.0
"""Of catalogues further from the night than this the manifest has a note: planes have turned."""


def orbits_stored(
    stored: StoredNight,
    elements: Sequence[str] = (),
    which: str = "unmatched",
    window: int = WINDOW,
    progress: Progress | None = None,
    spark: Any = None,
) -> StoredNight:
    """Give tracklets of a stored night orbits, and link them.

    Parameters
    ----------
    stored : the night
    elements : files of the catalogue that is the prior, may hold {Y}, {m} and {d}; without them
        the population that comes with the package
    which : unmatched, or all: then those of catalogued objects, too, as a test
    window : so many nights before this one are linked with it
    progress : where to report; by default nowhere
    spark : the session on whose executors it is done; without, this process does it

    Returns
    -------
    The night with the tables `orbits` and `links`. Its manifest's `orbits` tells of the prior.

    Raises
    ------
    UserError
        The night or all files are not usable; the stored night stays as it was.
    """
    progress = progress or Progress(quiet=True)
    jd = night_jd(stored.night) + 0.5
    with progress.step("reading what flies"):
        files = night_files(elements, stored.night)
        population, notes = prior(files, jd)
    told = {"elements": files, "prior": len(population), "notes": notes}
    return add_orbits(stored, population, which, window, progress, spark, told)


def add_orbits(
    stored: StoredNight,
    population: Population,
    which: str = "unmatched",
    window: int = WINDOW,
    progress: Progress | None = None,
    spark: Any = None,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> StoredNight:
    """`orbits_stored` with a population of the night's date.

    Parameters
    ----------
    told : what the manifest says of the population
    """
    progress = progress or Progress(quiet=True)
    with progress.step("orbits of tracklets"):
        night = Tracklets(
            stored.frame("tracklets"),
            stored.frame("tracklet_alerts"),
            stored.frame("exposures"),
            own_launches(stored),
        )
        table = orbit_table(night.take(which), population, stored.survey, spark)
    with progress.step("links"):
        nights = nights_before(stored, window)
        before = [
            one for other in nights for one in drawn_tracklets(open_night(stored.folder, other))
        ]
        linked = link_night(drawn_tracklets(stored, table), before, population, spark)
    classes = table["class"].dropna().tolist() if "class" in table else []
    record = {
        **told,
        "which": which,
        "satellites_known": stored.manifest.satellites is not None,
        "tracklets": len(table),
        "without_orbit": int(table["note"].notna().sum()) if "note" in table else 0,
        "classes": dict(sorted(Counter(classes).items())),
        "window_nights": window,
        "nights_before": nights,
        **linked.record,
    }
    tables = {ORBITS.name: ORBITS.from_frame(table), LINKS.name: LINKS.from_frame(linked.table)}
    return amend_night(stored, tables, orbits=record)


def nights_before(stored: StoredNight, window: int) -> list[str]:
    """The nights of the store with orbits, in a window of days before one."""
    date = parse_night(stored.night)
    days = {(date - timedelta(days=k + 1)).strftime("%Y%m%d") for k in range(window)}
    near = [night for night in stored_nights(stored.folder) if night in days]
    return [night for night in near if open_night(stored.folder, night).has("orbits")]


def own_launches(stored: StoredNight) -> dict[str, str]:
    """The launch of each tracklet's best catalogued object, by the tracklet's name."""
    best = catalogued(stored)
    launches = best["object_id"].fillna("").str[:8]
    return dict(zip(best["tracklet"], launches, strict=True))


def prior(files: Sequence[str], jd: float) -> tuple[Population, list[str]]:
    """The population of a date, and what is to be known of it.

    Raises
    ------
    UserError : none of the files can be used
    """
    if not files:
        return shipped(), []
    found = read_elements(files)
    notes = list(found.failed)
    age = float(np.median(np.abs(found.epoch_jd - jd)))
    if age > OLD_DAYS:
        notes.append(
            f"The catalogue is {age:,.0f} days from the night: as a population it serves, which "
            "plane is whose it does not tell."
        )
    population = from_elements(found, jd)
    if len(population) < THIN:
        notes.append(
            f"The catalogue has only {len(population):,} orbits: the population that comes with "
            "the package joins it."
        )
        population = population.joined(shipped())
    return population, notes


def orbits_or_say(
    stored: StoredNight, elements: Sequence[str], progress: Progress, spark: Any
) -> StoredNight:
    """The stage of `run`: what it cannot do is said, and the night stays."""
    try:
        return orbits_stored(stored, elements, progress=progress, spark=spark)
    except ServiceError:
        raise
    except UserError as error:
        progress.say(f"No orbits: {error}")
        return stored
