"""The command `elements`: what files of orbital elements hold, without a night."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common
from fink_tracklets.errors import UserError

if TYPE_CHECKING:
    from fink_tracklets.satellites.element_files import ElementFile


def add(commands: common.Commands) -> None:
    """`elements` and its options."""
    command = common.add_command(
        commands,
        "elements",
        elements,
        "say what files of orbital elements hold",
        "fink-tracklets elements gp.json supplemental.csv",
        "For each file its objects, epochs and theory, and what of it is refused and why.",
    )
    command.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="orbital elements: OMM (JSON, CSV, XML, KVN) or TLE, gzipped or not",
    )


def elements(options: argparse.Namespace) -> None:
    """What the files hold, each for itself; a file that holds nothing is the error at the end."""
    from fink_tracklets.satellites.element_files import read_file

    failed = []
    for path in options.files:
        try:
            print(file_text(read_file(path)))
        except UserError as error:
            failed.append(str(error))
    if failed:
        raise UserError(" ".join(failed))


def file_text(file: ElementFile) -> str:
    """What a file holds, for a terminal."""
    import pandas as pd

    from fink_tracklets.cli.satellites import SHOWN, refusals
    from fink_tracklets.satellites.aliases import one_number_each
    from fink_tracklets.satellites.elements import join_files

    sets = join_files([file])
    numbers = sets.norad_cat_id
    aliases = one_number_each(sets).aliases
    epochs = pd.to_datetime(sets.epoch_jd, unit="D", origin="julian")
    lines = [
        f"{file.path}: {file.form}, {len(file.sets):,} sets (SGP4) of "
        f"{len(set(numbers.tolist())):,} objects, {numbers.min()} to {numbers.max()}; epochs "
        f"{epochs.min():%Y-%m-%d %H:%M} to {epochs.max():%Y-%m-%d %H:%M} UTC.",
        f"  {refusals(Counter(one.kind for one in file.unusable))}",
        *(f"    {one.sentence}" for one in file.unusable[:SHOWN]),
    ]
    if sets.duplicates:
        lines.append(f"  {sets.duplicates:,} sets twice.")
    if aliases:
        lines.append(f"  {len(aliases):,} numbers of objects that have a lower one:")
        shown = list(aliases.items())[:SHOWN]
        lines += [f"    {number} is {name} under another number" for number, name in shown]
    lines += [f"  {note}" for note in sets.notes]
    return "\n".join(lines)
