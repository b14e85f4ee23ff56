"""The command `satellites`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_nights, at_nights
from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from fink_tracklets.store.night import StoredNight

SHOWN = 5
"""Refused sets that are printed one by one; the manifest has all."""


def add(commands: common.Commands) -> None:
    """`satellites` and its options."""
    command = common.add_command(
        commands,
        "satellites",
        satellites,
        "say which catalogued objects made a night's tracklets",
        "fink-tracklets satellites --night 20210604 --store /data/tracklets "
        "--elements gp.json --satcat satcat.csv\n"
        "  fink-tracklets satellites --nights 20191101..20211231 --store /data/tracklets "
        "--elements '/data/gp/{Y}{m}{d}.json'",
    )
    add_nights(command)
    common.add_store(command)
    common.add_elements(command, required=True)
    command.add_argument(
        "--method",
        choices=("likelihood", "paper1", "paper2"),
        help="in place of that of the survey's file",
    )
    common.add_quiet(command)


def satellites(options: argparse.Namespace) -> None:
    """The objects behind a stored night's tracklets."""
    from fink_tracklets.progress import Progress
    from fink_tracklets.satellites.stage import identify_stored
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import local_path
    from fink_tracklets.years.stage import summarise_stored

    progress = Progress(options.quiet)
    spark = None if local_path(options.store) else spark_session()

    def work(night: str) -> None:
        stored = identify_stored(
            open_night(options.store, night, spark),
            options.elements,
            options.satcat,
            options.method,
            progress,
        )
        stored = summarise_stored(stored)
        if not options.quiet:
            text = report(stored)
            print(text if options.night else text.splitlines()[0], flush=True)
        complain_of_files(stored)

    at_nights(options, work, progress, spark)


def complain_of_files(stored: StoredNight) -> None:
    """Raises where one of the files of elements could not be used."""
    record = stored.manifest.satellites or {}
    refused = record.get("elements", {}).get("files_refused", [])
    if refused:
        raise UserError(
            f"{' '.join(refused)} The satellites of {stored.night} are identified with the other "
            "files and stored."
        )


def report(stored: StoredNight) -> str:
    """What was found, for a terminal."""
    night, record = stored.night, stored.manifest.satellites
    assert record is not None
    if not stored.manifest.rows["candidates"]:
        return f"Night {night}: no candidates."
    elements, age = record["elements"], record["elements"]["age_days"]
    old = next(key for key in age if key.startswith("older"))
    false = record["false_matches_on_shifted_skies"]["all"]
    lines = [
        f"Night {night}: {record['matched']} of {record['tracklets']} tracklets matched, "
        f"{record['certain']} certain (method {record['method']}).",
        f"  Elements of {elements['objects_used']:,} objects, median age {age['median']:.1f} d, "
        f"95 % within {age['p95']:.1f} d; {age[old]:,} {old.replace('_', ' ')}, "
        f"{age['newer_than_night']:,} newer than the night.",
        f"  {elements['sets_duplicate']:,} sets twice, {len(elements['aliases']):,} numbers of "
        f"objects that have a lower one, {elements['sets_not_propagated']:,} not propagated "
        "(decayed).",
        f"  {refusals(elements['sets_refused'])}",
        f"  Under shifted skies {false['matched']} of {false['tried']} tracklets match.",
    ]
    lines += [f"    {line}" for line in elements["sets_refused_each"][:SHOWN]]
    lines += [f"  {line}" for line in elements["notes"]]
    if not record["earth_orientation_known"]:
        lines.append(
            "  The Earth's orientation on that date is an extrapolation: update astropy-iers-data."
        )
    for method in ("paper2", "likelihood"):
        blind = record["blind"][method]
        lines.append(
            f"  Blind ({method}): {blind['matched']:,} of {record['blind']['candidates']:,} "
            f"candidates, {blind['in_tracklets']:,} of them in tracklets."
        )
    if (stored.manifest.glints or {}).get("satellites_changed_since"):
        lines.append(
            "  The flashes were measured before, with other satellites or none: run "
            f"`fink-tracklets glints --night {night}` with the night's alerts again."
        )
    return "\n".join(lines) + ("\n" + match_table(stored.frame("satellites")))


def refusals(counts: Mapping[str, int]) -> str:
    """How many sets were refused, and why."""
    whole = f"{sum(counts.values()):,} sets refused"
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in counts.items())
    return f"{whole}: {kinds}." if kinds else f"{whole}."


def match_table(matches: pd.DataFrame) -> str:
    """Matches as a table for a terminal."""
    import pandas as pd

    if not len(matches):
        return ""
    table = pd.DataFrame(
        {
            "tracklet": matches["tracklet"],
            "rank": matches["rank"],
            "NORAD": matches["norad_cat_id"],
            "object": matches["object_name"],
            "score": matches["score"].map("{:.1f}".format),
            "": matches["composite"]
            .map({True: "composite", False: ""})
            .where(~matches["certain"], "certain"),
            "chance": matches["chance_probability"].map("{:.1e}".format).replace("nan", "-"),
            "late s": matches["lateness_s"].map("{:+.2f}".format).replace("+nan", "-"),
            'aside "': matches["aside_arcsec"].map("{:+.1f}".format).replace("+nan", "-"),
            "elements": matches["element_age_d"].map(
                lambda d: f"{abs(d):.1f} d {'newer' if d < 0 else 'older'}"
            ),
            "zone": matches["zone"],
        }
    )
    return f"{table.to_string(index=False)}\n"
