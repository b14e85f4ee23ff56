"""Where packets come from: a tar, gzipped or not, a folder of .avro files, or one .avro file."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from fink_tracklets.errors import UserError

SUFFIX = ".avro"
MAX_PACKET_BYTES = 64 << 20
"""Larger files are no alert packets: they are counted as damaged, unread."""
READ_BYTES = 1 << 18
GZIP, AVRO = b"\x1f\x8b", b"Obj\x01"


class Packet(NamedTuple):
    """A packet as it lies in the archive."""

    name: str
    data: bytes | None
    """None: the file is too large to be a packet."""


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
            self.files = sorted(self.path.rglob(f"*{SUFFIX}"))
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
        for number, file in enumerate(self.files):
            size = file.stat().st_size
            if number >= skip:
                name = str(file.relative_to(self.path)) if self.kind == "folder" else file.name
                yield Packet(name, file.read_bytes() if size <= MAX_PACKET_BYTES else None)
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
                    if not (member.isfile() and member.name.endswith(SUFFIX)):
                        continue
                    number += 1
                    if number > skip:
                        yield Packet(member.name.removeprefix("./"), _content(tar, member))
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


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    if member.size > MAX_PACKET_BYTES:
        return None
    file = tar.extractfile(member)
    assert file is not None
    data = file.read()
    if len(data) < member.size:
        raise tarfile.ReadError("unexpected end of data")
    return data


def _kind(path: Path) -> str:
    """What the file's first bytes say it is."""
    with open(path, "rb") as file:
        head = file.read(1024)
    if not head:
        raise UserError(f"{path}: the file is empty; download it again.")
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(AVRO):
        return "avro"
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
