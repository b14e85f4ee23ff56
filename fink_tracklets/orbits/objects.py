"""The catalogue of objects that no catalogue has: made of the links of all nights, each time anew.

So it is the same after a rerun, in whatever order the nights came.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.errors import UserError
from fink_tracklets.naming import moment, object_name
from fink_tracklets.orbits.classes import CLASSES, class_of
from fink_tracklets.orbits.element_row import elements_row
from fink_tracklets.orbits.fit import Track, Tracks, arcs_of
from fink_tracklets.orbits.groups import Group, grow_groups
from fink_tracklets.orbits.line import line_of
from fink_tracklets.orbits.possible import errors_of, possible_orbits
from fink_tracklets.orbits.same import nearest_catalogued
from fink_tracklets.orbits.track import drawn_about, track_of
from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.mean_elements import classical
from fink_tracklets.sky.sphere import ARCSEC, separation
from fink_tracklets.store.night import StoredNight
from fink_tracklets.tables import OBJECTS

FIRST_NUMBER, NUMBERS = 270_000, 70_000
"""Our own catalogue numbers: the highest that programs with five characters can hold."""
KEPT = ("nearest_number", "nearest_name", "nearest_distance", "same_as", "same_since")
"""Known of an object from a catalogue that may not be at hand the next time."""


def make_objects(
    nights: Sequence[StoredNight], before: pd.DataFrame, elements: Elements | None = None
) -> pd.DataFrame:
    """The objects of some nights' links, columns as in `fink_tracklets.tables.OBJECTS`.

    Parameters
    ----------
    nights : of one survey, with the tables `orbits` and `links`
    before : the objects as they were: what catalogues told of them stays
    elements : a catalogue in which they may have appeared

    Raises
    ------
    UserError : none of the nights has links
    """
    if not any(night.has("links") for night in nights):
        raise UserError("None of these nights has links: run `fink-tracklets orbits` first.")
    those = [night for night in nights if night.has("links")]
    links = pd.concat([night.frame("links") for night in those], ignore_index=True)
    links = links[links["counts"].astype(bool) & ~links["control"].astype(bool)]
    links = links.reset_index(drop=True)
    names = {*links["tracklet"], *links["other"]}
    tracks, facts = _tracks(those, names)
    known = links["tracklet"].isin(tracks) & links["other"].isin(tracks)
    links = links[known].reset_index(drop=True)
    rows = [_row(group, links, tracks, facts) for group in grow_groups(links, tracks)]
    if not rows:
        return OBJECTS.arrow_schema.empty_table().to_pandas()
    objects = pd.DataFrame(rows).sort_values("object", ignore_index=True)
    objects["number"] = numbers(objects["object"].tolist(), before)
    if elements is not None:
        site = those[0].survey.site
        found = nearest_catalogued(objects, elements, site)
        for name, values in found.items():
            objects[name] = values
    return _remembered(objects, before)


def numbers(names: Sequence[str], before: pd.DataFrame) -> list[int]:
    """Catalogue numbers of names: that of before, else a free one from a checksum."""
    kept = dict(zip(before["object"], before["number"].astype(int), strict=True))
    taken = {kept[name] for name in names if name in kept}
    for name in names:
        if name not in kept:
            number = zlib.crc32(name.encode()) % NUMBERS
            while FIRST_NUMBER + number in taken:
                number = (number + 1) % NUMBERS
            kept[name] = FIRST_NUMBER + number
            taken.add(kept[name])
    return [kept[name] for name in names]


def _tracks(
    nights: Sequence[StoredNight], names: set[str]
) -> tuple[dict[str, Track], dict[str, dict[str, Any]]]:
    """The tracks of these names, and what else is known of each."""
    tracks: dict[str, Track] = {}
    facts: dict[str, dict[str, Any]] = {}
    for night in nights:
        rows = night.frame("tracklets")
        rows = rows[rows["tracklet"].isin(names)]
        if not len(rows):
            continue
        of_tracklet = dict(tuple(night.frame("tracklet_alerts").groupby("tracklet")))
        orbits = night.frame("orbits").set_index("tracklet")
        for _, row in rows.iterrows():
            name = row["tracklet"]
            tracks[name] = track_of(row, line_of(row, of_tracklet[name]), night.survey)
            facts[name] = {
                "night": night.night,
                "mag_mean": row["mag_mean"],
                "mag_min": row["mag_min"],
                "turn_arcsec": float(orbits.loc[name, "turn_arcsec"]),
                "kernels": drawn_about(orbits.loc[name, "draws"]),
            }
    return tracks, facts


def _row(
    group: Group,
    links: pd.DataFrame,
    tracks: dict[str, Track],
    facts: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    those = [facts[name] for name in group.tracklets]
    its = Tracks.of([tracks[name] for name in group.tracklets])
    arcs = arcs_of(group.six[None], group.epoch_jd, its)[0]
    length = separation(arcs[:, 0], arcs[:, 2]) / ARCSEC
    periods = [
        fact["turn_arcsec"] / arc * track.exposure_s
        for fact, arc, track in zip(those, length, its.each, strict=True)
        if np.isfinite(fact["turn_arcsec"])
    ]
    a, e, i, *_ = classical(group.six)
    name = object_name(group.tracklets[0])
    kernels = [fact["kernels"] for fact in those]
    possible = possible_orbits(group.six, group.epoch_jd, its, kernels, zlib.crc32(name.encode()))
    part = links.iloc[list(group.links)]
    return {
        "object": name,
        "class": CLASSES[int(class_of(a, e, np.degrees(i)))],
        "first_seen": moment(its.each[0].jd),
        "last_seen": moment(its.each[-1].jd),
        "n_tracklets": len(group.tracklets),
        "n_nights": len({fact["night"] for fact in those}),
        "tracklets": list(group.tracklets),
        "nights": [fact["night"] for fact in those],
        "score": group.score,
        "freedom": 4 * len(group.tracklets) + 2 - 6,
        "worst_link": float((part["score"] + part["rarity"]).max()),
        "same_spin": bool(part["same_spin"].any()),
        **elements_row(group.six, group.epoch_jd, errors_of(possible)),
        "possible": possible.astype("<f8").tobytes(),
        "spin_period_s": float(np.median(periods)) if periods else np.nan,
        "mag_mean": float(np.mean([fact["mag_mean"] for fact in those])),
        "mag_min": float(np.min([fact["mag_min"] for fact in those])),
    }


def _remembered(objects: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """With what catalogues told before; the oldest set in which an object stood counts."""
    old = before.set_index("object")[list(KEPT)]
    for name in KEPT:
        if name not in objects:
            objects[name] = None
    for k, name in enumerate(objects["object"]):
        if name not in old.index:
            continue
        was = old.loc[name]
        if pd.isna(objects.loc[k, "nearest_number"]):
            for column in KEPT:
                objects.at[k, column] = was[column]
        elif objects.loc[k, "same_as"] == was["same_as"]:
            objects.at[k, "same_since"] = min(objects.loc[k, "same_since"], was["same_since"])
    return objects
