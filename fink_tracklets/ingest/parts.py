"""An archive becomes a folder of Parquet parts; a killed ingest is finished by running it again.

Parts are written into OUT.partial, each under its final name only when it is whole, and the folder
takes its name OUT when all are there. What a part holds depends only on the archive: a rerun skips
the parts that are there and ends in the same bytes.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.ingest.columns import Wanted, table_schema
from fink_tracklets.ingest.containers import DamagedPacket, Packet
from fink_tracklets.ingest.decode import Parted, packet_schema
from fink_tracklets.ingest.files import PartFiles
from fink_tracklets.ingest.registry import is_registry
from fink_tracklets.ingest.source import Source
from fink_tracklets.ingest.workers import decoded, worker_pool
from fink_tracklets.progress import Progress, Work
from fink_tracklets.survey import Survey, load_survey
from fink_tracklets.version import __version__

MANIFEST = "_ingest.json"
PART_PACKETS = 10_000
FIRST = 100
"""Packets among which one must be readable, so that the columns are known."""
SHOWN = 10
"""Damaged packets named in the manifest per part, and by the command."""


@dataclass(frozen=True)
class Ingested:
    """What became of an archive."""

    packets: int
    """Packets that were read, damaged ones too."""
    alerts: int
    """Alerts that were written."""
    damaged: int
    """Packets that were left out."""
    named: tuple[tuple[str, str], ...]
    """Name and reason of the first damaged packets."""
    broken: str
    """Why the archive ended before its end; empty if it is whole."""


@dataclass
class SoFar:
    """How far the reading of an archive has come."""

    source: Source
    packets: int
    damaged: int = 0
    start: float = field(default_factory=time.monotonic)
    """By the monotonic clock [s]."""

    def state(self) -> tuple[str, Work]:
        """A line for a person, and the bytes read of all."""
        read, size = self.source.position(), max(self.source.size, 1)
        rate = read / 1e6 / max(time.monotonic() - self.start, 1e-3)
        text = f"{self.packets:,} packets, {read / 1e6:,.0f} of {size / 1e6:,.0f} MB "
        text += f"({100 * read / size:.0f} %), {rate:.0f} MB/s"
        return text + (f", {self.damaged} damaged" if self.damaged else ""), (read, size)


def ingest(
    archive: str | Path,
    out: str | Path,
    survey: str | Path | Survey = "ztf",
    cutouts: bool = False,
    quiet: bool = True,
    part_packets: int = PART_PACKETS,
    schemas: str | Path = "",
) -> Ingested:
    """Write the alerts of an archive as Parquet, with the columns that the survey needs, or all.

    Parameters
    ----------
    archive : a .tar.gz or .tar of packets, a folder of them, or one file, see `source`
    out : the folder to be written; one made by a former ingest is replaced
    survey : name, TOML file or Survey; its SQL says which packet columns are kept, unless it
        keeps whole packets
    cutouts : keep the top-level fields whose names begin with `cutout`, too
    quiet : no progress on stderr
    part_packets : packets in a Parquet file
    schemas : folder with the Avro schemas of messages, as MAJOR/MINOR, or a registry's address

    Raises
    ------
    UserError : no readable packets, a folder that is not ours; an archive that ends before its
        end, after what it holds was written
    ServiceError : the disk, or a worker that was killed
    """
    config = survey if isinstance(survey, Survey) else load_survey(survey)
    source, folder = Source(archive), Path(out)
    if schemas and not is_registry(str(schemas)) and not Path(schemas).is_dir():
        raise UserError(f"{schemas}: there is no such folder of schemas.")
    wanted = Wanted.of(config, cutouts, str(schemas))
    settings = {
        "archive": str(source.path),
        "identity": source.identity(),
        "columns": [*sorted(wanted.names), *(list(pair) for pair in wanted.added)],
        "whole": wanted.whole,
        "schemas": wanted.schemas,
        "cutouts": cutouts,
        "part_packets": part_packets,
        "version": __version__,
    }
    try:
        done = _finished(folder, settings)
        if done is None:
            work = folder.with_name(folder.name + ".partial")
            done = _finished(work, settings) or _write_parts(source, work, wanted, settings, quiet)
            _put_in_place(work, folder)
    except BrokenProcessPool as error:
        raise ServiceError(
            "A worker process was killed (out of memory?); run the same line again to go on."
        ) from error
    except OSError as error:
        raise ServiceError(
            f"{error.filename or folder}: {error.strerror or error}; run the same line again to "
            "go on."
        ) from error
    if done.broken:
        raise UserError(
            f"{archive}: truncated or damaged after {done.packets:,} packets ({done.broken}); the "
            f"{done.alerts:,} alerts before are in {folder}; download it again for the rest."
        )
    return done


def _finished(folder: Path, settings: dict[str, Any]) -> Ingested | None:
    """What a finished ingest of the same archive in the same way gave."""
    manifest = _manifest(folder)
    if "result" not in manifest or manifest["settings"] != settings:
        return None
    result = manifest["result"]
    return Ingested(**{**result, "named": tuple(tuple(pair) for pair in result["named"])})


def _manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST
    if file.is_file():
        return dict(json.loads(file.read_text()))
    if (folder.is_dir() and any(folder.iterdir())) or folder.is_file():
        raise UserError(f"{folder}: holds other things than an ingest; give a new folder as --out.")
    return {}


def _write_manifest(work: Path, content: dict[str, Any]) -> None:
    new = work / (MANIFEST + ".new")
    new.write_text(json.dumps(content, indent=1))
    os.replace(new, work / MANIFEST)


def _write_parts(
    source: Source, work: Path, wanted: Wanted, settings: dict[str, Any], quiet: bool
) -> Ingested:
    if _manifest(work).get("settings") != settings:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        _write_manifest(work, {"settings": settings})
    size = settings["part_packets"]
    parts = list(_whole_parts(work))
    counts = [_counts(part) for part in parts]
    before = sum(count["packets"] for count in counts)
    progress, so_far = Progress(quiet), SoFar(source, before)
    if before:
        progress.say(f"going on after {before:,} packets")
    stream = source.packets(skip=before)
    first, schema = _first(stream, wanted, source, parts)
    packets: Iterator[Packet] = chain(first, stream)
    with progress.reading(so_far.state), worker_pool() as pool:
        while (packet := next(packets, None)) is not None:
            part = work / f"part-{len(counts):05d}.parquet"
            some = chain([packet], islice(packets, size - 1))
            results = decoded(pool, some, wanted, schema)
            counts.append(_write_part(part, results, schema, so_far))
    result = Ingested(
        packets=sum(count["packets"] for count in counts),
        alerts=sum(count["alerts"] for count in counts),
        damaged=sum(count["damaged"] for count in counts),
        named=tuple(tuple(pair) for count in counts for pair in count["named"])[:SHOWN],
        broken=source.broken,
    )
    if not result.alerts:
        name, reason = result.named[0]
        raise UserError(
            f"{source.path}: none of its {result.packets} packets can be read ({name}: {reason})."
        )
    _write_manifest(work, {"settings": settings, "result": asdict(result)})
    return result


def _whole_parts(work: Path) -> Iterator[Path]:
    """The parts that are there, up to the first gap."""
    number = 0
    while (part := work / f"part-{number:05d}.parquet").is_file():
        yield part
        number += 1


def _counts(part: Path) -> dict[str, Any]:
    return dict(json.loads(pq.read_metadata(part).metadata[b"ingest"]))


def _first(
    stream: Iterator[Packet], wanted: Wanted, source: Source, parts: list[Path]
) -> tuple[list[Packet], pa.Schema]:
    """The table's schema, and the packets that were read to know it."""
    if parts:
        return [], pq.read_schema(parts[0]).remove_metadata()
    packets: list[Packet] = []
    reasons = []
    for packet in islice(stream, FIRST):
        packets.append(packet)
        try:
            return packets, table_schema(packet_schema(packet, wanted), wanted)
        except DamagedPacket as error:
            reasons.append(f"{packet.name}: {error}")
        except UserError as error:
            raise UserError(f"{source.path}: {packet.name}: {error}") from error
    if not packets:
        raise UserError(f"{source.path}: there are no .avro packets in it.")
    raise UserError(
        f"{source.path}: none of its first {len(packets)} packets can be read ({reasons[0]})."
    )


def _write_part(
    part: Path, results: Iterator[tuple[int, Parted]], schema: pa.Schema, so_far: SoFar
) -> dict[str, Any]:
    """Write one part; returns its counts, which stand in its metadata, too."""
    counts: dict[str, Any] = {"packets": 0, "alerts": 0, "damaged": 0, "named": []}
    with ExitStack() as open_files:
        files = PartFiles(part, open_files)
        files.of(schema)
        for n_packets, (tables, damaged) in results:
            counts["packets"] += n_packets
            counts["alerts"] += sum(len(table) for table in tables)
            counts["damaged"] += len(damaged)
            counts["named"] = [*counts["named"], *damaged][:SHOWN]
            for table in tables:
                files.of(table.schema).add(table)
            so_far.packets += n_packets
            so_far.damaged += len(damaged)
        for file in files.by_schema.values():
            file.flush()
        files.of(schema).writer.add_key_value_metadata({"ingest": json.dumps(counts)})
    for file in reversed(files.by_schema.values()):  # the part's own, with its counts, comes last
        os.replace(file.new, file.path)
    return counts


def _put_in_place(work: Path, folder: Path) -> None:
    """Give the finished folder its name; a former one goes."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.rename(folder, old)
    os.rename(work, folder)
    shutil.rmtree(old, ignore_errors=True)
