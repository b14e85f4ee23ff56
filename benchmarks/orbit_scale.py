"""The time that orbits and links of many tracklets take, and how it grows.

    .venv/bin/python -m benchmarks.orbit_scale --seeds 800..820 --nights 20210611..20210612

All objects flash, in several drawings of one sky; the last of the nights is linked within itself
and to those before, with 100, 300 and 1,000 tracklets a night. Truth says which links are right.
Only processor time is told: of one process.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.orbit_links import JD, draws
from benchmarks.orbit_sky import Sky, catalogue, pointings, simulate
from benchmarks.orbit_store import date_of, named
from fink_tracklets.orbits.groups import grow_groups
from fink_tracklets.orbits.link_night import link_rows
from fink_tracklets.orbits.links import link_tracklets, near_pairs
from fink_tracklets.orbits.population import Population, from_elements
from fink_tracklets.orbits.track import Drawn
from fink_tracklets.satellites.aliases import one_number_each

SIZES = (100, 300, 1000)


def flown(seeds: range, first: str, last: str, each: int) -> Sky:
    """So many tracklets of each night, at most; seed after seed until then."""
    fields, elements = pointings(), one_number_each(catalogue())
    dates = date_of(fields["jd"])
    parts = []
    for night in sorted(dates[(dates >= first) & (dates <= last)].unique()):
        n = 0
        for seed in seeds:
            part = simulate(elements, fields[dates == night], iter([seed]), always=True)
            for table in (part.tracklets, part.alerts):
                table["tracklet"] = night + table["tracklet"]
            parts.append(part)
            n += len(part.tracklets)
            if n >= each:
                break
        surplus = max(0, n - each)
        rows = parts[-1].tracklets
        parts[-1] = replace(parts[-1], tracklets=rows.iloc[: len(rows) - surplus])
    return named(
        Sky(
            pd.concat([part.tracklets for part in parts]),
            pd.concat([part.alerts for part in parts]),
            fields.assign(exposure=fields["jd"].map(float).map(repr)),
        )
    )


def drawn(sky: Sky, population: Population) -> list[Drawn]:
    """The tracklets of a sky with draws of their orbits."""
    begun = time.process_time()
    those = draws(sky, population)
    spent = time.process_time() - begun
    print(f"{len(those):,} orbits: {spent:.0f} s, {spent / len(those):.2f} s each", flush=True)
    return those


def measure(those: Sequence[Drawn], n: int, population: Population) -> None:
    """A line for so many tracklets a night."""
    nights = sorted({one.night for one in those})
    part = [one for night in nights for one in [o for o in those if o.night == night][:n]]
    new = [one for one in part if one.night == nights[-1]]
    old = [one for one in part if one.night != nights[-1]]
    begun = time.process_time()
    near = near_pairs(new, old)
    indexed = time.process_time() - begun
    found = link_tracklets(new, old, population)
    spent = time.process_time() - begun - indexed
    pairs = len(new) * (len(new) - 1) // 2 + len(new) * len(old)
    right = sum(link.first.own == link.second.own for link in found)
    true = sum(
        a.own == b.own and a.track.jd != b.track.jd
        for k, a in enumerate(new)
        for b in [*new[k + 1 :], *old]
    )
    print(
        f"{len(new):,} and {len(old):,} of {len(nights) - 1} nights before: {pairs:,} pairs, "
        f"{len(near):,} near ({len(near) / pairs:.1%}, {indexed:.0f} s); {spent:.0f} s with the "
        f"fits, {spent / max(1, len(near)) * 1e3:.1f} ms a near pair; {right} of {true} true pairs "
        f"linked, {len(found) - right} false",
        flush=True,
    )
    links = pd.DataFrame(link_rows(found, few_false=False, control=True))
    links = links[links["counts"]].reset_index(drop=True) if len(links) else links
    begun = time.process_time()
    groups = grow_groups(links, {one.track.tracklet: one.track for one in part})
    spent = time.process_time() - begun
    own = {one.track.tracklet: one.own for one in part}
    mixed = sum(len({own[name] for name in group.tracklets}) > 1 for group in groups)
    print(
        f"  {len(links)} links count, with a third tracklet or the spin, "
        f"{len(links) - int(links['same_object'].sum()) if len(links) else 0} of them false; "
        f"{len(groups)} objects ({spent:.0f} s), {mixed} mixtures",
        flush=True,
    )


def main() -> None:
    """As the first lines say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", default="800..820", help="A..B, B left out")
    options.add_argument("--nights", default="20210611..20210612", help="A..B")
    options.add_argument("--each", type=int, default=1000, help="tracklets of a night, at most")
    options.add_argument("--keep", type=Path, help="the orbits are kept in this file, and reread")
    given = options.parse_args()
    first, last = map(int, given.seeds.split(".."))
    population = from_elements(one_number_each(catalogue()), JD)
    if given.keep and given.keep.exists():
        those = pickle.loads(given.keep.read_bytes())
    else:
        nights = given.nights.split("..")
        those = drawn(flown(range(first, last), *nights, given.each), population)
        if given.keep:
            given.keep.write_bytes(pickle.dumps(those))
    rng = np.random.default_rng(1)
    those = [those[k] for k in rng.permutation(len(those))]
    for n in [*(one for one in SIZES if one < given.each), given.each]:
        measure(those, n, population)


if __name__ == "__main__":
    main()
