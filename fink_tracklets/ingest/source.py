"""Where packets come from: a tar, gzipped or not, a folder of files with packets, or one such file.

What a file holds is told by its first bytes: an Avro container or a message, gzipped or not.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from fink_tracklets.errors import UserError
from fink_tracklets.ingest.codecs import MAX_PACKET_BYTES
from fink_tracklets.ingest.containers import AVRO, Packet, split
from fink_tracklets.ingest.messages import is_framed

SUFFIXES = (".avro", ".avro.gz", ".bin")
"""Of the files with packets in a folder or a tar."""
SPLIT_BYTES = 8 << 20
"""Larger containers are taken apart into their blocks."""
READ_BYTES = 1 << 18
GZIP = b"\x1f\x8b"


class _Header(tarfile.TarInfo):
    """Remembers how the tar ended: tarfile takes a damaged or cut header for the end."""

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> _Header:
        try:
            return super().fromtarfile(tar)
        except tarfile.HeaderError as error:
            tar.ended_by = error  # type: ignore[attr-defined]
            raise


class Source:
    """The packets of an archive, one after the other."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.broken = ""
        """Why the archive ended before its end, once `packets` is through; else empty."""
        self._raw: IO[bytes] | None = None
        if not self.path.exists():
            raise UserError(f"{path}: there is no such file or folder.")
        if self.path.is_dir():
            self.kind = "folder"
            self.files = sorted(f for f in self.path.rglob("*") if f.name.endswith(SUFFIXES))
        else:
            self.kind = _kind(self.path)
            self.files = [self.path]
        self.size = sum(file.stat().st_size for file in self.files)

    def identity(self) -> str:
        """Changes with the names, sizes and times of the files."""
        text = hashlib.sha256()
        for file in self.files:
            stat = file.stat()
            text.update(f"{file.resolve()} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return text.hexdigest()

    def position(self) -> int:
        """Bytes of the archive read so far."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed else self._read

    def packets(self, skip: int = 0) -> Iterator[Packet]:
        """The packets from number `skip` on; of a broken archive those before the break."""
        self._read = 0
        if self.kind in ("tar", "gzip"):
            yield from self._of_tar(skip)
            return
        yield from islice(self._of_files(), skip, None)

    def _of_files(self) -> Iterator[Packet]:
        for file in self.files:
            size = file.stat().st_size
            name = str(file.relative_to(self.path)) if self.kind == "folder" else file.name
            with file.open("rb") as stream:
                yield from _packets(name, stream, size)
            self._read += size

    def _of_tar(self, skip: int) -> Iterator[Packet]:
        number = 0
        with open(self.path, "rb") as self._raw:
            stream: Any = gzip.GzipFile(fileobj=self._raw) if self.kind == "gzip" else self._raw
            try:
                tar = tarfile.open(  # noqa: SIM115
                    fileobj=stream, mode="r|", bufsize=READ_BYTES, tarinfo=_Header
                )
                for member in tar:
                    tar.members.clear()  # type: ignore[attr-defined]  # it would keep all headers
                    if not (member.isfile() and member.name.endswith(SUFFIXES)):
                        continue
                    name, file = member.name.removeprefix("./"), tar.extractfile(member)
                    for packet in _packets(name, file, member.size):
                        number += 1
                        if number > skip:
                            yield packet
                while stream.read(READ_BYTES):  # to the checksum of the gzip
                    pass
                if not isinstance(
                    getattr(tar, "ended_by", None),
                    tarfile.EOFHeaderError,  # type: ignore[attr-defined]
                ):
                    self.broken = "the tar has no end"
            except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
                self.broken = str(error).rstrip(".")
            self._read = self._raw.tell()
        if self.broken and not number:
            raise UserError(
                f"{self.path}: no packet can be read, it is truncated, damaged or no tar of "
                f"packets ({self.broken})."
            )


def _packets(name: str, stream: Any, size: int) -> Iterator[Packet]:
    """What an open file holds: one packet, or of a large container one for each block."""
    if size > SPLIT_BYTES and stream.peek(len(AVRO)).startswith(AVRO):
        yield from split(name, stream)
        return
    if size > MAX_PACKET_BYTES:
        yield Packet(name, None)
        return
    data = stream.read()
    if len(data) < size:
        raise tarfile.ReadError("unexpected end of data")
    yield Packet(name, data)


def _kind(path: Path) -> str:
    """What the file's first bytes say it is."""
    with open(path, "rb") as file:
        head = file.read(1024)
    if not head:
        raise UserError(f"{path}: the file is empty; download it again.")
    if head.startswith(GZIP):
        return "packet" if _is_packet(_unzipped_head(path)) else "gzip"
    if _is_packet(head):
        return "packet"
    if head[257:262] == b"ustar" or not head.strip(b"\0"):
        return "tar"
    if head.lstrip()[:1] == b"<":
        raise UserError(
            f"{path}: a web page (HTML), not an archive of packets; look at it for what the "
            "server said, and download the archive again."
        )
    raise UserError(
        f"{path}: neither a tar (gzipped or not) nor an Avro file; give the archive's .tar.gz, a "
        "folder of .avro files or one of them."
    )


def _is_packet(head: bytes) -> bool:
    """Whether a file that begins so is an Avro container or a message."""
    return head.startswith(AVRO) or (is_framed(head) and head[257:262] != b"ustar")


def _unzipped_head(path: Path) -> bytes:
    """The first bytes of what was gzipped; none where that is damaged."""
    try:
        with gzip.open(path) as file:
            return file.read(1024)
    except (OSError, EOFError, zlib.error):
        return b""
