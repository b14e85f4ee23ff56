"""The links of a stored night: within it and to the nights before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.orbits.classes import LEO, class_of
from fink_tracklets.orbits.element_row import fitted_row
from fink_tracklets.orbits.line import line_of
from fink_tracklets.orbits.links import FALSE_PER_PAIR, Link, link_tracklets
from fink_tracklets.orbits.population import Population
from fink_tracklets.orbits.track import Drawn, drawn
from fink_tracklets.satellites.mean_elements import classical
from fink_tracklets.satellites.ours import LABEL
from fink_tracklets.store.night import StoredNight

LOW_HOURS = 3.0
"""Two tracklets of a low orbit further apart than this are no object by themselves: how often it
went round between them is free, so that any two in one plane can be linked."""
FEW_FALSE = 0.1
"""Where more false links are expected in the night, two tracklets alone are no object."""


@dataclass(frozen=True)
class NightLinks:
    """What was linked."""

    table: pd.DataFrame
    """Columns as in `fink_tracklets.tables.LINKS`."""
    record: dict[str, Any]
    """The account for the manifest."""


def drawn_tracklets(stored: StoredNight, orbits: pd.DataFrame | None = None) -> list[Drawn]:
    """A night's tracklets with draws of their orbits, by name.

    Parameters
    ----------
    orbits : the table `orbits`, where it is not yet stored
    """
    table = stored.frame("orbits") if orbits is None else orbits
    if "draws" not in table or not table["draws"].notna().any():
        return []
    best = catalogued(stored).set_index("tracklet")
    rows = stored.frame("tracklets").set_index("tracklet", drop=False)
    of_tracklet = dict(tuple(stored.frame("tracklet_alerts").groupby("tracklet")))
    return [
        drawn(
            rows.loc[orbit["tracklet"]],
            line_of(rows.loc[orbit["tracklet"]], of_tracklet[orbit["tracklet"]]),
            orbit,
            stored.survey,
            stored.night,
            int(best["norad_cat_id"].get(orbit["tracklet"], 0)),
        )
        for _, orbit in table[table["draws"].notna()].sort_values("tracklet").iterrows()
    ]


def catalogued(stored: StoredNight) -> pd.DataFrame:
    """The best match of each tracklet that an object of a catalogue explains; ours do not count."""
    found = stored.frame("satellites")
    best = found[(found["rank"] == 1) & (found["object_id"] != LABEL)]
    return best.drop_duplicates("tracklet")


def link_night(
    those: Sequence[Drawn],
    before: Sequence[Drawn],
    population: Population,
    spark: Any = None,
) -> NightLinks:
    """The links among a night's tracklets and to those of nights before.

    Tracklets of catalogued objects are linked among themselves, as a control.
    """
    rows: list[dict[str, Any]] = []
    record: dict[str, Any] = {}
    for control in (False, True):
        new = [one for one in those if (one.own > 0) == control]
        old = [one for one in before if (one.own > 0) == control]
        pairs = len(new) * (len(new) - 1) // 2 + len(new) * len(old)
        links = link_tracklets(new, old, population, spark)
        expected = pairs * FALSE_PER_PAIR
        name = "control_" if control else ""
        record |= {f"{name}pairs": pairs, f"{name}links": len(links)}
        if control:
            right = sum(link.first.own == link.second.own for link in links)
            record["control_right"] = right
            record["control_true_pairs"] = sum(
                a.own == b.own
                for k, a in enumerate(new)
                for b in [*new[k + 1 :], *old]
                if a.track.jd != b.track.jd
            )
        else:
            record["expected_false"] = round(expected, 4)
        rows += link_rows(links, expected < FEW_FALSE, control)
    return NightLinks(pd.DataFrame(rows), record)


def link_rows(links: Sequence[Link], few_false: bool, control: bool) -> list[dict[str, Any]]:
    """Links as rows of the table `links`.

    Parameters
    ----------
    few_false : so few false ones are expected that two tracklets alone count
    control : all are of catalogued objects
    """
    partners: dict[str, set[str]] = defaultdict(set)
    for link in links:
        names = link.first.track.tracklet, link.second.track.tracklet
        partners[names[0]].add(names[1])
        partners[names[1]].add(names[0])
    return [_row(link, partners, few_false, control) for link in links]


def _often_round(link: Link) -> bool:
    a, e, i, *_ = classical(link.six)
    return bool(class_of(a, e, np.degrees(i)) == LEO) and link.hours > LOW_HOURS


def _row(
    link: Link, partners: dict[str, set[str]], few_false: bool, control: bool
) -> dict[str, Any]:
    first, second = link.first.track.tracklet, link.second.track.tracklet
    third = bool(partners[first] & partners[second])
    return {
        "tracklet": second,
        "other": first,
        "other_night": link.first.night,
        "hours": link.hours,
        "score": link.score,
        "rarity": link.rarity,
        "turn_ratio": np.nan if link.turn_ratio is None else link.turn_ratio,
        "same_spin": link.same_spin,
        "third": third,
        "counts": (few_false and not _often_round(link)) or third or link.same_spin,
        "control": control,
        "same_object": link.first.own == link.second.own if control else None,
        **fitted_row(link.six, link.normal, link.first.track.jd),
    }
