"""The file systems that a store can lie on, through the few operations that a store needs."""

from __future__ import annotations

import errno
import io
import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from fink_tracklets.errors import ServiceError


class Held(Exception):
    """Another process holds a file: the text says which."""


class Folder(ABC):
    """The folder of a store. Paths are relative to it, with slashes."""

    address: str

    def uri(self, path: str) -> str:
        """A path as Spark reads it."""
        return f"{self.address}/{path}"

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """A file, to read and to seek in; FileNotFoundError where there is none."""

    @abstractmethod
    def states(self, path: str) -> dict[str, tuple[int, ...]]:
        """The names in a folder, each with numbers that change when the file is replaced.

        None where there is no such folder.
        """

    def names(self, path: str) -> list[str]:
        """The names in a folder, sorted; none where there is no such folder."""
        return sorted(self.states(path))

    def read(self, path: str) -> bytes:
        """The content of a file."""
        with self.open(path) as file:
            return file.read()


class WritableFolder(Folder):
    """A folder that can be written, too."""

    @abstractmethod
    def make(self, path: str) -> None:
        """Make a folder and those above it."""

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a new file so that it lasts."""

    @abstractmethod
    def rename(self, old: str, new: str) -> None:
        """Move a file; one that is there under the new name is replaced in one step."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it."""

    def replace(self, path: str, content: bytes) -> None:
        """Write a file so that a reader sees the old content or the new, also after a crash."""
        above, _, name = path.rpartition("/")
        part = f"{above}/_{name}-{uuid.uuid4().hex}"
        self.write(part, content)
        self.rename(part, path)


class LocalFolder(WritableFolder):
    """A folder of the machine, or of a network disk that all machines share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = f"file://{path.absolute()}"

    def open(self, path: str) -> BinaryIO:
        return (self.path / path).open("rb")

    def states(self, path: str) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        with suppress(FileNotFoundError), os.scandir(self.path / path) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = os.stat(entry.path, follow_symlinks=False)
                    found[entry.name] = (status.st_mtime_ns, status.st_size, status.st_ino)
        return found

    def make(self, path: str) -> None:
        with self._disk():
            (self.path / path).mkdir(parents=True, exist_ok=True)

    def write(self, path: str, content: bytes) -> None:
        with self._disk(), (self.path / path).open("xb") as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                (self.path / path).unlink()
                raise

    def rename(self, old: str, new: str) -> None:
        with self._disk():
            (self.path / old).replace(self.path / new)

    def remove(self, path: str) -> None:
        if (self.path / path).is_dir():
            shutil.rmtree(self.path / path)
        else:
            (self.path / path).unlink()

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """A disk that is full or fails is a service that failed."""
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
                raise
            raise ServiceError(
                f"The store {self.path} cannot be written: {error.strerror}. What it had before "
                "stays: make room, and give the same line again."
            ) from error


class RangedFile(io.RawIOBase):
    """A remote file of which any range of bytes can be had."""

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self.size, self.fetch, self.position = size, fetch, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = start + offset
        return self.position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self.size - self.position)
        if wanted <= 0:
            return 0
        content = self.fetch(self.position, wanted)
        buffer[: len(content)] = content
        self.position += len(content)
        return len(content)

    def readall(self) -> bytes:
        """The rest at once."""
        content = self.fetch(self.position, max(0, self.size - self.position))
        self.position += len(content)
        return content

    def buffered(self) -> BinaryIO:
        """Itself, reading a megabyte at a time."""
        return io.BufferedReader(self, 1 << 20)
