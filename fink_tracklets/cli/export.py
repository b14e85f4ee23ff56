"""The command `export`."""

from __future__ import annotations

import argparse
from pathlib import Path

from fink_tracklets.cli import options as common
from fink_tracklets.cli.nights import add_span

HELP = """\
DIR gets tracklets and alerts, each as .parquet, .fits, .vot (VOTable) and .dat (fixed-width text),
with units, UCDs and descriptions, and a ReadMe that describes the .dat files byte by byte, as the
CDS takes a catalogue with a paper. A tracklet's row has its best match and its flashes, where
satellites were looked for and stamps measured."""


def add(commands: common.Commands) -> None:
    """`export` and its options."""
    command = common.add_command(
        commands,
        "export",
        export,
        "write tracklets and their alerts as a catalogue to publish",
        "fink-tracklets export --store /data/tracklets --nights 20191101..20211231 --out catalogue",
        more=HELP,
    )
    common.add_store(command)
    add_span(command)
    command.add_argument("--out", required=True, metavar="DIR", help="folder of the catalogue")
    common.add_quiet(command)


def export(options: argparse.Namespace) -> None:
    """The catalogue of a span of nights."""
    from fink_tracklets.naming import parse_nights
    from fink_tracklets.store.manifest import nights_of
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.open import open_folder
    from fink_tracklets.years.catalogue import catalogue
    from fink_tracklets.years.export import write_catalogue
    from fink_tracklets.years.span import need_one_survey

    wanted = None if options.nights is None else parse_nights(options.nights)
    folder = open_folder(options.store)
    nights = [open_night(folder, night) for night in nights_of(folder, wanted)]
    need_one_survey(nights, folder)
    tables = catalogue(nights)
    span = str(parse_nights(",".join(one.night for one in nights)))
    files = write_catalogue(tables, Path(options.out), span)
    if not options.quiet:
        told = " and ".join(f"{len(one.table):,} {one.name}" for one in tables)
        print(f"{len(nights):,} nights: {told} in {len(files)} files in {options.out}")
