"""The command `objects`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common
from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

FORMATS = {".ecsv": "ascii.ecsv", ".vot": "votable", ".xml": "votable"}


def add(commands: common.Commands) -> None:
    """`objects` and its options."""
    command = common.add_command(
        commands,
        "objects",
        objects,
        "make the catalogue of objects that no catalogue has, and predict where they will be",
        "fink-tracklets objects --store /data/tracklets --omm objects.json\n"
        "  fink-tracklets objects --store /data/tracklets --predict 20210612 --site ztf "
        "--out tomorrow.ecsv",
        "Tracklets that `orbits` linked are joined to objects, of all nights or those of --nights; "
        "each time\nanew, so it may be given again whenever a night was run again.",
    )
    common.add_store(command)
    command.add_argument(
        "--nights", metavar="A..B", help="only links of these nights (default: all of the store)"
    )
    command.add_argument(
        "--elements",
        nargs="+",
        default=[],
        metavar="FILE",
        help="a catalogue in which they may have appeared by now, as in `satellites`",
    )
    command.add_argument(
        "--omm", metavar="FILE.json", help="write their elements, for any program with SGP4"
    )
    command.add_argument(
        "--predict",
        metavar="YYYYMMDD",
        help="predict where the stored objects will be in that night, and make no new ones",
    )
    command.add_argument(
        "--site",
        default="ztf",
        metavar="SURVEY",
        help="from where: the site of a survey of conf/ or of a TOML file (default: %(default)s)",
    )
    command.add_argument(
        "--every", type=float, default=10.0, metavar="MINUTES", help="(default: %(default)g)"
    )
    command.add_argument(
        "--out", metavar="FILE", help="of --predict: .ecsv, .vot or .xml (VOTable)"
    )
    common.add_quiet(command)


def objects(options: argparse.Namespace) -> None:
    """The objects of a store."""
    if options.predict is not None:
        predictions(options)
        return
    from fink_tracklets.cli.nights import nights_of_store
    from fink_tracklets.orbits.objects import make_objects
    from fink_tracklets.orbits.omm import omm
    from fink_tracklets.progress import Progress
    from fink_tracklets.satellites.aliases import one_number_each
    from fink_tracklets.satellites.elements import read_elements
    from fink_tracklets.spark.session import spark_session
    from fink_tracklets.store.manifest import stored_nights
    from fink_tracklets.store.night import open_night
    from fink_tracklets.store.objects import read_objects, write_objects
    from fink_tracklets.store.open import local_path, open_writable

    progress = Progress(options.quiet)
    spark = None if local_path(options.store) else spark_session()
    folder = open_writable(options.store, spark)
    nights = nights_of_store(options, spark) if options.nights else stored_nights(folder)
    with progress.step("joining links"):
        elements = one_number_each(read_elements(options.elements)) if options.elements else None
        made = make_objects(
            [open_night(folder, night) for night in nights], read_objects(folder), elements
        )
        write_objects(folder, made)
    if options.omm:
        write_text(options.omm, omm(made))
    if not options.quiet:
        print(text(made))


def write_text(file: str, content: str) -> None:
    """A file, or a sentence why not."""
    try:
        Path(file).write_text(content)
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}.") from error


def text(made: pd.DataFrame) -> str:
    """Objects as a table for a terminal."""
    import pandas as pd

    if not len(made):
        return "No objects: no two tracklets are linked."
    table = pd.DataFrame(
        {
            "object": made["object"],
            "class": made["class"],
            "tracklets": made["n_tracklets"],
            "nights": made["n_nights"],
            "last seen": made["last_seen"].dt.strftime("%Y-%m-%d %H:%M"),
            "a km": made["a_km"].map("{:.1f}".format)
            + " ± "
            + made["a_km_error"].map("{:.2g}".format),
            "e": made["e"].map("{:.4f}".format),
            "i deg": made["i_deg"].map("{:.3f}".format),
            "spin s": made["spin_period_s"].map("{:.2f}".format).replace("nan", "-"),
            "is": [
                "-" if pd.isna(number) else f"{name or number} since {since:%Y-%m-%d}"
                for number, name, since in zip(
                    made["same_as"], made["nearest_name"], made["same_since"], strict=True
                )
            ],
        }
    )
    return f"{len(made):,} objects.\n{table.to_string(index=False)}"


def predictions(options: argparse.Namespace) -> None:
    """Where the stored objects will be."""
    from fink_tracklets.naming import parse_night
    from fink_tracklets.orbits.predict import as_table, dark_times, predict
    from fink_tracklets.store.objects import read_objects
    from fink_tracklets.store.open import open_folder
    from fink_tracklets.survey import load_survey

    parse_night(options.predict)
    kind = FORMATS.get(Path(options.out or "x.ecsv").suffix)
    if kind is None:
        raise UserError(f"{options.out}: give a file that ends with .ecsv, .vot or .xml.")
    if not options.every > 0:
        raise UserError(f"--every {options.every:g}: give a number of minutes above 0.")
    site = load_survey(options.site).site
    known = read_objects(open_folder(options.store))
    if not known["possible"].notna().any():
        raise UserError(
            f"The store {options.store} has no objects of this version: "
            "run `fink-tracklets objects` first."
        )
    found = predict(known, dark_times(options.predict, site, options.every), site)
    table = as_table(found)
    if options.out:
        try:
            table.write(options.out, format=kind, overwrite=True)
        except OSError as error:
            raise UserError(f"{options.out} cannot be written: {error.strerror}.") from error
        if not options.quiet:
            print(
                f"{len(table):,} places of {found['object'].nunique():,} objects in {options.out}."
            )
    else:
        table.pprint_all()
