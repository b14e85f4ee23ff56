"""What the stream remembers of a night: a folder that a process killed at any time leaves whole.

```text
STATE/about.json            whose night this is
STATE/packets.arrow         the columns that are read from packets, from the first one on
STATE/checkpoint/           Spark's own: how far the source was read
STATE/candidates/N.parquet  the candidates of batch N, with their packets
STATE/dead/N.parquet        the messages of batch N that could not be read, and why
```

Each file is written under a temporary name and renamed. A batch that is done again after a death
gives the same file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.alerts.read import ALERT_COLUMNS
from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.survey import Survey
from fink_tracklets.tables.table import ARROW_TYPES
from fink_tracklets.version import __version__

VERSION = 2
"""Of what the folder holds."""
CANDIDATES = pa.schema(
    [
        *((name, ARROW_TYPES[kind]) for name, kind in ALERT_COLUMNS.items()),
        ("body", pa.binary()),
        ("avro", pa.string()),
    ]
)
"""A candidate and, where packets are kept, the record in Avro's encoding and its schema, JSON."""
DEAD = pa.schema(
    [
        ("value", pa.binary()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class StreamState:
    """The state folder of a night."""

    path: Path
    night: str
    packets: bool
    """Whether the candidates' packets are kept, which a topic for clients needs."""

    def write_candidates(self, batch: int, rows: pa.Table) -> None:
        """The candidates of a batch, in the columns of `CANDIDATES`."""
        self._write(f"candidates/{batch:08d}.parquet", rows)

    def write_dead(self, batch: int, rows: pa.Table) -> None:
        """The messages of a batch that could not be read, in the columns of `DEAD`."""
        self._write(f"dead/{batch:08d}.parquet", rows)

    def batches(self) -> list[int]:
        """The batches whose candidates are there."""
        files = (self.path / "candidates").glob("[0-9]*.parquet")
        return sorted(int(file.stem) for file in files)

    def candidates(self, batches: Iterable[int], columns: list[str]) -> pa.Table:
        """Columns of the candidates of some batches."""
        parts = []
        for batch in sorted(batches):
            file = self.path / f"candidates/{batch:08d}.parquet"
            try:
                with pq.ParquetFile(file) as opened:
                    parts.append(opened.read(columns, use_threads=False))
            except (OSError, pa.ArrowException) as error:
                why = str(error).splitlines()[0]
                raise UserError(
                    f"{file} cannot be read ({why}): remove the state folder {self.path} and start "
                    "the stream again; it reads the night anew."
                ) from error
        none = pa.schema([CANDIDATES.field(name) for name in columns]).empty_table()
        return pa.concat_tables([none, *parts])

    def packet_schema(self) -> pa.Schema | None:
        """The columns that are read from packets; None before the first packet."""
        file = self.path / "packets.arrow"
        return pa.ipc.read_schema(pa.BufferReader(file.read_bytes())) if file.is_file() else None

    def keep_packet_schema(self, schema: pa.Schema) -> None:
        """Remember the columns that are read from packets."""
        try:
            replace_file(self.path / "packets.arrow", schema.serialize().to_pybytes())
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def _write(self, name: str, rows: pa.Table) -> None:
        content = io.BytesIO()
        pq.write_table(rows, content, compression="zstd")
        try:
            replace_file(self.path / name, content.getvalue())
        except OSError as error:
            raise cannot_write(self.path, error) from error


def open_state(
    path: Path, night: str, survey: Survey, source: str, packets: bool = True
) -> StreamState:
    """The state folder of a night, made if it is not there.

    Parameters
    ----------
    source : where the alerts come from, for a person and for a comparison
    packets : whether the candidates' packets are kept

    Raises
    ------
    UserError : it is of another night, survey, source or version, or holds other things
    ServiceError : it cannot be written
    """
    configuration = json.dumps(asdict(survey), sort_keys=True, default=str)
    about = {
        "night": night,
        "survey": survey.name,
        "source": source,
        "packets": packets,
        "version": VERSION,
        "configuration": hashlib.sha256(configuration.encode()).hexdigest()[:16],
    }
    file = path / "about.json"
    try:
        if file.is_file():
            _need_same(path, json.loads(file.read_text()), about)
        else:
            path.mkdir(parents=True, exist_ok=True)
            if {entry.name for entry in path.iterdir()} - {_half(file).name}:
                raise UserError(
                    f"{path} holds other things than a stream: give a new folder as --state."
                )
            made_by = {**about, "fink_tracklets": __version__}
            replace_file(file, json.dumps(made_by, indent=1).encode())
        for name in ("candidates", "dead"):
            (path / name).mkdir(exist_ok=True)
    except ValueError as error:
        raise UserError(
            f"{file} is not valid JSON ({error}): give a new folder as --state."
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    return StreamState(path, night, packets)


def read_state(path: Path, night: str) -> StreamState:
    """The state folder that a stream of this night left.

    Raises
    ------
    UserError : there is none, or it is of another night or version
    """
    file = path / "about.json"
    try:
        there = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} is not the state folder of a stream: {file} cannot be read."
        ) from error
    _need_same(path, there, {"night": night}, ("night",))
    return StreamState(path, night, bool(there["packets"]))


def _need_same(
    path: Path,
    there: dict[str, object],
    about: dict[str, object],
    names: Sequence[str] = ("night", "survey", "source"),
) -> None:
    if there.get("version") != VERSION:
        raise UserError(
            f"{path} is the state of another version of fink_tracklets "
            f"({there.get('fink_tracklets')}): give a new folder as --state; the stream reads the "
            "night anew."
        )
    for name in names:
        if there.get(name) != about[name]:
            raise UserError(
                f"{path} is the state of the {name} {there.get(name)}, not of {about[name]}: give "
                "another folder as --state."
            )
    if there.get("packets") != about.get("packets", there.get("packets")):
        begun = "with" if there.get("packets") else "without"
        raise UserError(
            f"{path} was begun {begun} --out-topic, and a lake's packets are kept only for that: "
            "start it as it was begun, or give a new folder as --state."
        )
    if "configuration" in about and there.get("configuration") != about["configuration"]:
        raise UserError(
            f"{path} was begun with other settings of the survey {about['survey']}: give a new "
            "folder as --state; the stream reads the night anew."
        )


def replace_file(file: Path, content: bytes) -> None:
    """Write a file so that it is there whole or as it was, also after a crash."""
    new = _half(file)
    with new.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)


def _half(file: Path) -> Path:
    """Where a file is while it is written; a death may leave it."""
    return file.with_name(f"_{file.name}.new")


def cannot_write(path: Path, error: OSError) -> ServiceError:
    """What is to be said of a state that cannot be written."""
    return ServiceError(
        f"The state in {path} cannot be written: {error.strerror or error}. Nothing is lost: make "
        "room, and start the same line again."
    )
