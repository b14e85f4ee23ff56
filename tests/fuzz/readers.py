"""Who reads each format. A reader returns, or raises an error that is told in one sentence."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

from fink_tracklets import load_survey
from fink_tracklets.cli.main import main
from fink_tracklets.errors import UserError
from fink_tracklets.glints.stamps import DamagedStamp
from fink_tracklets.glints.stamps import decode as decode_stamp
from fink_tracklets.ingest.columns import Wanted, table_schema
from fink_tracklets.ingest.containers import Packet
from fink_tracklets.ingest.decode import decode as decode_packets
from fink_tracklets.ingest.decode import packet_schema
from fink_tracklets.satellites.aliases import one_number_each
from fink_tracklets.satellites.element_files import read_file
from fink_tracklets.satellites.elements import join_files
from fink_tracklets.satellites.satcat import read_satcat
from tests.fuzz.corpus import NIGHT, packet

Read = Callable[[bytes], bool]
"""Whether the file could be used."""


def readers(folder: Path, store: Path) -> dict[str, Read]:
    """A reader for each format of the corpus.

    Parameters
    ----------
    folder : for the damaged files
    store : with the night whose files are damaged
    """
    (table,) = (store / "tracklets" / f"night={NIGHT}").iterdir()
    manifest = store / "manifests" / f"{NIGHT}.json"

    def shown(file: Path) -> Read:
        whole = file.read_bytes()

        def read(content: bytes) -> bool:
            file.write_bytes(content)
            try:
                return _quiet("show", NIGHT, "--store", str(store))
            finally:
                file.write_bytes(whole)

        return read

    def named(name: str, work: Callable[[str], object]) -> Read:
        def read(content: bytes) -> bool:
            file = folder / name
            file.write_bytes(content)
            return _told(lambda: work(str(file)))

        return read

    elements = named("elements", lambda file: one_number_each(join_files([read_file(file)])))
    forms = ("OMM JSON", "OMM CSV", "OMM XML", "OMM KVN", "TLE")
    return {
        "Parquet": shown(table),
        "manifest": shown(manifest),
        "Avro": _packets(),
        **dict.fromkeys(forms, elements),
        "SATCAT": named("satcat.csv", read_satcat),
        "FITS": lambda content: _told(lambda: decode_stamp(content)),
        "MMT": named("track.txt", lambda file: _quiet("photometry", file)),
        "TOML": named("survey.toml", load_survey),
    }


def _packets() -> Read:
    wanted = Wanted.of(load_survey("ztf"), cutouts=False)
    target = table_schema(packet_schema(Packet("whole", packet()), wanted), wanted)

    def read(content: bytes) -> bool:
        found = []
        used = _told(
            lambda: found.extend(decode_packets([Packet("x", content)], wanted, target)[1])
        )
        return used and not found

    return read


def _told(work: Callable[[], object]) -> bool:
    try:
        return work() is not False
    except (UserError, DamagedStamp):
        return False


def _quiet(*arguments: str) -> bool:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(list(arguments))
    assert code in (0, 2, 3)
    return code == 0
