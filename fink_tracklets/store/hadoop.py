"""A store on any file system that Hadoop knows (HDFS first of all), through Spark's own Java."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from fink_tracklets.errors import ServiceError
from fink_tracklets.store.folder import RangedFile, WritableFolder

ABSENT = "java.io.FileNotFoundException"


class HadoopFolder(WritableFolder):
    """A folder with Spark's configuration and rights."""

    def __init__(self, store: str, spark: SparkSession) -> None:
        self.address = store.rstrip("/")
        context: Any = spark.sparkContext
        self.java = context._jvm.org.apache.hadoop.fs
        overwrite = getattr(self.java, "Options$Rename").OVERWRITE
        self.overwrite = context._gateway.new_array(getattr(self.java, "Options$Rename"), 1)
        self.overwrite[0] = overwrite
        settings = context._jsc.hadoopConfiguration()
        with self._errors(""):
            root = self.java.Path(self.address)
            self.system = root.getFileSystem(settings)
            self.files = self.java.FileContext.getFileContext(root.toUri(), settings)

    def open(self, path: str) -> BinaryIO:
        with self._errors(path):
            size = self.system.getFileStatus(self._path(path)).getLen()
            stream = self.system.open(self._path(path))

        def fetch(position: int, length: int) -> bytes:
            with self._errors(path):
                stream.seek(position)
                return bytes(stream.readNBytes(length))

        return RangedFile(size, fetch).buffered()

    def states(self, path: str) -> dict[str, tuple[int, ...]]:
        try:
            with self._errors(path):
                return {
                    status.getPath().getName(): (status.getModificationTime(), status.getLen())
                    for status in self.system.listStatus(self._path(path))
                }
        except FileNotFoundError:
            return {}

    def make(self, path: str) -> None:
        with self._errors(path):
            self.system.mkdirs(self._path(path))

    def write(self, path: str, content: bytes) -> None:
        with self._errors(path):
            stream = self.system.create(self._path(path), False)
            stream.write(bytearray(content))
            stream.hsync()
            stream.close()

    def rename(self, old: str, new: str) -> None:
        with self._errors(old):
            self.files.rename(self._path(old), self._path(new), self.overwrite)

    def remove(self, path: str) -> None:
        with self._errors(path):
            self.system.delete(self._path(path), True)

    def _path(self, path: str) -> Any:
        return self.java.Path(self.uri(path) if path else self.address)

    @contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except Py4JJavaError as error:
            text = str(error.java_exception)
            if text.startswith(ABSENT):
                raise FileNotFoundError(2, "No such file", self.uri(path)) from error
            raise ServiceError(
                f"The store {self.address} is not reachable or refuses: {text.splitlines()[0]}"
            ) from error
