"""`ingest` against plain `tar xzf` of the same file, in the same run.

    python -m benchmarks.ingest [--packets 20000] [--data FOLDER]

The archive is made by repeating the real packets of ztf_public_sample.tar.gz, each with an alert id
of its own, compressed as the real one is. Also measured: the largest memory of all processes.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import fastavro
import pyarrow.parquet as pq


def main() -> None:
    """Make the archive and time both."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--packets", type=int, default=20_000)
    data = os.environ.get("FINK_TRACKLETS_DATA", "../shared/data")
    parser.add_argument("--data", default=data, type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = folder / "night.tar.gz"
        make_archive(options.data / "ztf_public_sample.tar.gz", archive, options.packets)
        size = archive.stat().st_size / 1e6
        print(f"{options.packets:,} packets, {size:,.0f} MB, {os.cpu_count()} cores\n")
        print("| | s | MB/s | times tar xzf | largest process MB |")
        print("| --- | --- | --- | --- | --- |")
        (folder / "tar").mkdir()
        plain = timed("tar xzf", ["tar", "xzf", archive, "-C", folder / "tar"], size, None)
        ingest = [sys.executable, "-m", "fink_tracklets", "ingest", archive, "--quiet"]
        for label, more in (("ingest", []), ("ingest --cutouts", ["--cutouts"])):
            out = folder / label.replace(" ", "")
            timed(label, [*ingest, "--out", out, *more], size, plain)
            ids = pq.read_table(out, columns=["candid"])["candid"]
            assert len(ids) == len(ids.unique()) == options.packets


def timed(label: str, command: list[object], megabytes: float, plain: float | None) -> float:
    """Run a command, print its line, return its seconds."""
    start = time.perf_counter()
    subprocess.run([str(word) for word in command], check=True)
    seconds = time.perf_counter() - start
    ratio = seconds / plain if plain else 1.0
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"| {label} | {seconds:.1f} | {megabytes / seconds:.0f} | {ratio:.2f} | {peak:.0f} |",
        flush=True,
    )
    return seconds


def make_archive(sample: Path, archive: Path, count: int) -> None:
    """A .tar.gz of real packets, repeated with new alert ids."""
    originals = []
    with tarfile.open(sample) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is not None:
                reader = fastavro.reader(io.BytesIO(file.read()))
                schema = fastavro.parse_schema(dict(reader.writer_schema))  # type: ignore[arg-type]
                originals.append((schema, next(reader)))
    with (
        gzip.open(archive, "wb", compresslevel=1) as zipped,
        tarfile.open(fileobj=zipped, mode="w|") as tar,
    ):
        for number in range(count):
            schema, record = originals[number % len(originals)]
            candid = record["candid"] // 10**7 * 10**7 + number  # type: ignore[index,operator]
            record = record | {"candid": candid}  # type: ignore[operator]
            record["candidate"] = record["candidate"] | {"candid": candid}
            file = io.BytesIO()
            fastavro.writer(file, schema, [record])
            header = tarfile.TarInfo(f"{candid}.avro")
            header.size = file.tell()
            file.seek(0)
            tar.addfile(header, file)


if __name__ == "__main__":
    main()
