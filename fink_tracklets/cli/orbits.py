"""The command `orbits`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_nights, at_nights

if TYPE_CHECKING:
    import pandas as pd

    from fink_tracklets.store.night import StoredNight


def add(commands: common.Commands) -> None:
    """`orbits` and its options."""
    command = common.add_command(
        commands,
        "orbits",
        orbits,
        "give a night's unmatched tracklets orbits, with honest errors",
        "fink-tracklets orbits --night 20210604 --store /data/tracklets --elements gp.json",
        "One exposure tells where an object is and in which direction it moves, not how fast. With "
        "what flies\nas the prior that gives its class of orbit, and of geosynchronous ones the "
        "inclination to .02 deg.\nRun `satellites` first: tracklets of catalogued objects are "
        "left out.",
    )
    add_nights(command)
    common.add_store(command)
    command.add_argument(
        "--elements",
        nargs="+",
        default=[],
        metavar="FILE",
        help="the catalogue that is the prior, as in `satellites`; without it a population that "
        "comes with the package",
    )
    command.add_argument(
        "--orbits",
        choices=("unmatched", "all"),
        default="unmatched",
        help="of which tracklets; all: those of catalogued objects, too, as a test "
        "(default: %(default)s)",
    )
    command.add_argument(
        "--window",
        type=int,
        default=7,
        metavar="NIGHTS",
        help="link with so many nights before (default: %(default)s)",
    )
    common.add_quiet(command)


def orbits(options: argparse.Namespace) -> None:
    """The orbits of a stored night's tracklets."""
    from fink_tracklets.orbits.stage import orbits_stored
    from fink_tracklets.progress import Progress
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path

    progress = Progress(options.quiet)
    spark = None if local_path(options.store) else spark_session()

    def work(night: str) -> None:
        stored = open_night(options.store, night, spark)
        stored = orbits_stored(
            stored, options.elements, options.orbits, options.window, progress, spark
        )
        if not options.quiet:
            text = report(stored)
            print(text if options.night else text.splitlines()[0], flush=True)

    at_nights(options, work, progress, spark)


def report(stored: StoredNight) -> str:
    """What was found, for a terminal."""
    record = stored.manifest.orbits
    assert record is not None
    whole = f"Night {stored.night}: orbits of {record['tracklets']:,} {record['which']} tracklets"
    if record["which"] == "all":
        whole = whole.replace(" all ", " ")
    kinds = ", ".join(f"{n} {name}" for name, n in record["classes"].items())
    lines = [f"{whole}: {kinds}." if kinds else f"{whole}."]
    if not record["satellites_known"]:
        lines.append("  Satellites have not been looked for: every tracklet counts as unmatched.")
    if record["without_orbit"]:
        lines.append(f"  {record['without_orbit']:,} without an orbit: see their notes.")
    lines.append(
        f"  {record['links']:,} links among {record['pairs']:,} pairs, within the night and to the "
        f"{record['window_nights']} nights before; {record['expected_false']:.2g} false ones "
        "expected."
    )
    if record["control_pairs"]:
        lines.append(
            f"  Control, of catalogued objects: {record['control_right']} of "
            f"{record['control_true_pairs']} true pairs linked, "
            f"{record['control_links'] - record['control_right']} false links in "
            f"{record['control_pairs']:,} pairs."
        )
    lines += [f"  {line}" for line in record["notes"]]
    return "\n".join(lines) + "\n" + orbit_text(stored.frame("orbits"))


def orbit_text(table: pd.DataFrame) -> str:
    """Orbits as a table for a terminal: medians, and the middle 90 % in brackets."""
    import pandas as pd

    if not len(table):
        return ""

    def spread(name: str, digits: int) -> pd.Series:
        middle, low, high = (table[name + end] for end in ("_50", "_05", "_95"))
        form = f"{{:.{digits}f}} [{{:.{digits}f}}, {{:.{digits}f}}]".format
        return pd.Series(
            [
                "-" if pd.isna(m) else form(m, a, b)
                for m, a, b in zip(middle, low, high, strict=True)
            ],
            table.index,
        )

    probabilities = table[[f"p_{name}" for name in ("leo", "meo", "ecc", "molniya", "geo")]]
    shown = pd.DataFrame(
        {
            "tracklet": table["tracklet"],
            "class": table["class"].fillna("-"),
            "P": probabilities.max(axis=1).map("{:.2f}".format),
            "a km": spread("a_km", 0),
            "e": spread("e", 3),
            "i deg": spread("i_deg", 2),
            "range km": spread("range_km", 0),
            "nearest plane": [
                "-" if pd.isna(away) else f"{name or number} {away:.1f}°{' stale?' * bool(stale)}"
                for name, number, away, stale in zip(
                    table["plane_name"],
                    table["plane_norad_cat_id"],
                    table["plane_deg"],
                    table["may_be_stale"],
                    strict=True,
                )
            ],
            "note": table["note"].fillna(""),
        }
    )
    return f"{shown.to_string(index=False)}\n"
