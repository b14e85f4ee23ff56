"""Links of tracklets against truth: recall and false links by class, and how good the orbits are.

    .venv/bin/python -m benchmarks.orbit_links --seeds 420..428 --nights 6

Dense nights: all drawings of `orbit_sky` together; with --geo only geosynchronous objects fly; with
--survey rubin through 300 random visits of Rubin a night. The launch of each tracklet's own object
leaves its prior. Pairs are within a night and to the next one.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.orbit_sky import Sky, catalogue, pointings, rubin_pointings, simulate
from benchmarks.orbit_store import date_of, named
from fink_tracklets import load_survey
from fink_tracklets.orbits import links
from fink_tracklets.orbits.classes import CLASSES, GEO, class_of
from fink_tracklets.orbits.groups import grow_groups
from fink_tracklets.orbits.line import line_of
from fink_tracklets.orbits.link_night import link_rows
from fink_tracklets.orbits.links import LINKED, Link, link_tracklets, near_pairs
from fink_tracklets.orbits.night import Tracklets, orbit_table
from fink_tracklets.orbits.population import Population, from_elements
from fink_tracklets.orbits.track import Drawn, drawn
from fink_tracklets.satellites.aliases import one_number_each
from fink_tracklets.satellites.mean_elements import classical
from fink_tracklets.simulate.instruments import ZTF, Instrument, find_instrument

JD = 2459376.5
VISITS = 300
SPANS = ((0, 5 / 60), (5 / 60, 1), (1, 10), (10, 36), (36, 400))
"""Hours between the first and the last tracklet of an orbit."""


def draws(sky: Sky, population: Population, camera: Instrument = ZTF) -> list[Drawn]:
    """All tracklets with draws of their orbits."""
    survey, elements = load_survey(camera.survey), catalogue()
    launch = {
        int(number): str(one)[:8]
        for number, one in zip(elements.norad_cat_id, elements.object_id, strict=True)
    }
    rows = sky.tracklets
    own = dict(zip(rows["tracklet"], rows["norad_cat_id"].map(launch), strict=True))
    night = Tracklets(rows, sky.alerts, sky.exposures, own)
    table = orbit_table(night, population, survey)
    of_tracklet = dict(tuple(sky.alerts.groupby("tracklet")))
    by_name = rows.set_index("tracklet", drop=False)
    nights = date_of(rows["jd"] - camera.night_begins_h / 24)
    dates = dict(zip(rows["tracklet"], nights, strict=True))
    return [
        drawn(
            by_name.loc[orbit["tracklet"]],
            line_of(by_name.loc[orbit["tracklet"]], of_tracklet[orbit["tracklet"]]),
            orbit,
            survey,
            dates[orbit["tracklet"]],
            int(by_name.loc[orbit["tracklet"], "norad_cat_id"]),
        )
        for _, orbit in table[table["draws"].notna()].iterrows()
    ]


def pairs_of(those: Sequence[Drawn], days: dict[str, int]) -> list[tuple[int, int, int]]:
    """Pairs within a night and to the next: rows, and 0 or 1."""
    return [
        (i, j, apart)
        for i in range(len(those))
        for j in range(i)
        if (apart := abs(days[those[i].night] - days[those[j].night])) <= 1
        and those[i].track.jd != those[j].track.jd
    ]


def report_one(those: Sequence[Drawn], population: Population) -> None:
    """Of single tracklets by class: most probable class, coverage of 90 % intervals, inclination.

    From the 400 draws, which is how the other nights' links know them.
    """
    rows = {int(number): k for k, number in enumerate(population.norad_cat_id)}
    told: dict[str, list[list[float]]] = {name: [] for name in CLASSES}
    for one in those:
        k = rows[one.own]
        a, e, i, *_ = classical(one.six)
        drawn_of = np.stack([a, e, np.degrees(i)])
        truth = np.array(
            [population.a_km[k], population.eccentricity[k], population.inclination_deg[k]]
        )
        low, middle, high = np.quantile(drawn_of, (0.05, 0.5, 0.95), axis=1)
        best = np.bincount(class_of(*drawn_of), minlength=len(CLASSES)).argmax()
        inside = (truth > low) & (truth < high)
        told[CLASSES[population.classes[k]]].append(
            [best == population.classes[k], *inside, abs(middle - truth)[2]]
        )
    for name, some in told.items():
        if some:
            right, *inside, _ = np.mean(some, axis=0)
            off = np.quantile([one[-1] for one in some], (0.5, 0.9))
            print(
                f"{name} ({len(some)}): class right {right:.2f}, 90 % intervals hold a, e, i "
                + ", ".join(f"{one:.2f}" for one in inside)
                + f"; i off {off[0]:.3f}/{off[1]:.2f} deg"
            )


def report(those: Sequence[Drawn], found: Sequence[Link], population: Population) -> None:
    """Recall, false links, errors."""
    rows = {int(number): k for k, number in enumerate(population.norad_cat_id)}
    kinds = population.classes
    nights = sorted({one.night for one in those})
    days = {night: int(pd.Timestamp(night).toordinal()) for night in nights}
    true, false = Counter(), Counter()
    for i, j, apart in pairs_of(those, days):
        if those[i].own == those[j].own:
            true[CLASSES[kinds[rows[those[i].own]]], apart] += 1
        else:
            false[apart] += 1
    right, wrong, all_right = Counter(), Counter(), []
    for link in found:
        apart = abs(days[link.first.night] - days[link.second.night])
        if apart > 1 or link.score + link.rarity >= LINKED:
            continue
        if link.first.own == link.second.own:
            right[CLASSES[kinds[rows[link.first.own]]], apart] += 1
            all_right.append(link)
        else:
            wrong[apart] += 1
            print(
                f"false: {link.first.own} and {link.second.own}, {link.hours:.1f} h, "
                f"S {link.score:.1f} + {link.rarity:.1f}"
            )
    for apart, text in ((0, "same night"), (1, "next night")):
        told = [
            f"{name} {right[name, apart]}/{true[name, apart]}"
            for name in CLASSES
            if true[name, apart]
        ]
        print(f"{text}: {', '.join(told)}; false {wrong[apart]} of {false[apart]:,}")

    # Orbits of pairs, and of all of an object's tracklets, by the hours that they span.
    part = [link for link in found if link.first.own == link.second.own]
    part = [link for link in part if link.score + link.rarity < LINKED]
    tracks = {one.track.tracklet: one.track for one in those}
    numbers = {one.track.tracklet: one.own for one in those}
    groups = grow_groups(pd.DataFrame(link_rows(part, True, False)), tracks)
    errors = [(link.hours, 2, link.six, link.first.own) for link in part] + [
        (
            24 * (tracks[group.tracklets[-1]].jd - tracks[group.tracklets[0]].jd),
            len(group.tracklets),
            group.six,
            numbers[group.tracklets[0]],
        )
        for group in groups
        if len(group.tracklets) > 2
    ]
    for some, text in ((lambda n: n == 2, "two"), (lambda n: n > 2, "three and more")):
        for low, high in SPANS:
            for name in ("GEO", "others"):
                off = [
                    _off(six, rows[own], population)
                    for hours, n, six, own in errors
                    if some(n)
                    and low <= hours < high
                    and (CLASSES[kinds[rows[own]]] == "GEO") == (name == "GEO")
                ]
                if off:
                    middle, most = (np.quantile(off, q, axis=0) for q in (0.5, 0.9))
                    print(
                        f"{text}, {low:.2g}-{high:g} h, {name} ({len(off)}): da/a {middle[0]:.1e}/"
                        f"{most[0]:.1e}, di {middle[1]:.3f}/{most[1]:.3f}, de {middle[2]:.4f}/"
                        f"{most[2]:.4f}"
                    )


def _off(six: np.ndarray, row: int, population: Population) -> tuple[float, float, float]:
    a, e, i, *_ = (float(one) for one in classical(six))
    return (
        abs(a / population.a_km[row] - 1),
        abs(np.degrees(i) - population.inclination_deg[row]),
        abs(e - population.eccentricity[row]),
    )


def main() -> None:
    """As the first lines say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", default="420..428", help="A..B, B left out")
    options.add_argument("--nights", type=int, default=6)
    options.add_argument("--geo", action="store_true", help="only geosynchronous objects fly")
    options.add_argument("--survey", choices=("ztf", "rubin"), default="ztf")
    given = options.parse_args()
    first, last = map(int, given.seeds.split(".."))
    elements, camera = catalogue(), find_instrument(given.survey)
    if given.survey == "rubin":
        fields = rubin_pointings(given.nights, VISITS)
    else:
        fields = pointings()
        fields = fields[fields["jd"] < fields["jd"].min() + given.nights]
    elements = one_number_each(elements)
    population = from_elements(elements, JD)
    only = population.norad_cat_id[population.classes == GEO] if given.geo else None
    sky = named(simulate(elements, fields, iter(range(first, last)), only, camera=camera))
    those = draws(sky, population, camera)
    print(f"{len(those)} tracklets in {given.nights} nights")
    report_one(those, population)
    begun = time.process_time()
    links.LINKED = np.inf  # all fits are looked at
    near = near_pairs(those, [])
    found = link_tracklets(those, [], population)
    spent = time.process_time() - begun
    n = len(those) * (len(those) - 1) // 2
    print(
        f"{n:,} pairs, {len(near):,} near each other in the index, {len(found):,} fitted, "
        f"{spent:.1f} s of processor: {spent / n * 1e3:.2f} ms a pair, "
        f"{spent / max(1, len(near)):.3f} s a near one"
    )
    report(those, found, population)


if __name__ == "__main__":
    main()
