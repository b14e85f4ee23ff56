"""A night in a store, read as one run left it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.errors import UserError
from fink_tracklets.store.folder import Folder
from fink_tracklets.store.manifest import Manifest, read_manifest, stored_nights
from fink_tracklets.store.open import open_folder
from fink_tracklets.survey import Survey
from fink_tracklets.survey.config import build
from fink_tracklets.tables import TABLES

T = TypeVar("T")


class Replaced(UserError):
    """The night was run again, or removed, while it was read: the state that was read is gone."""


@dataclass(frozen=True)
class StoredNight:
    """A night in a store, in the state that its manifest names.

    A rerun that replaces the night meanwhile does not mix into what is read: the files of the state
    before stay for readers until the night is replaced once more.
    """

    folder: Folder
    """The store."""
    manifest: Manifest

    @property
    def night(self) -> str:
        """The night's name, YYYYMMDD."""
        return self.manifest.night

    @cached_property
    def survey(self) -> Survey:
        """The survey as it was when the night was run."""
        return build(Survey, self.manifest.configuration, f"the manifest of {self.night}")

    def has(self, name: str) -> bool:
        """Whether the night has this table: a stage that did not run leaves none."""
        return name in self.manifest.files and name in TABLES

    def table(
        self, name: str, columns: Sequence[str] | None = None, filters: Any = None
    ) -> pa.Table:
        """A table of the night.

        Parameters
        ----------
        name : of `fink_tracklets.tables.TABLES`
        columns : only these
        filters : only rows for which this pyarrow expression holds; what cannot hold such rows is
            not read from the files

        Returns
        -------
        pyarrow.Table
            With all columns of the table's definition, also where an older version wrote the night,
            and any further ones that were stored (carried survey columns); empty where the night
            does not have the table.

        Raises
        ------
        Replaced
            The night was replaced more than once since it was opened.
        UserError
            A file is gone that the newest manifest names.
        """
        if not self.has(name):
            return _as_defined(TABLES[name].arrow_schema.empty_table(), name, columns)
        parts = [self._read(file, columns, filters) for file in self.manifest.files[name]]
        try:
            whole = pa.concat_tables(parts, promote_options="permissive")
            return _as_defined(whole, name, columns)
        except (pa.ArrowException, KeyError) as error:
            raise self._damaged(", ".join(self.manifest.files[name]), error) from error

    def parts(self, name: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """These columns of a table, file by file; at least one part, which may be empty."""
        files = self.manifest.files[name] if self.has(name) else ()
        for file in files:
            yield _as_defined(self._read(file, columns, None), name, columns)
        if not files:
            yield self.table(name, columns)

    def frame(self, name: str) -> pd.DataFrame:
        """As `table`, for pandas."""
        return self.table(name).to_pandas()

    def newest(self) -> StoredNight:
        """The night as its manifest is now, perhaps with another record of HBase.

        Raises
        ------
        Replaced
            Another run wrote the tables.
        """
        now = open_night(self.folder, self.night)
        if now.manifest.run != self.manifest.run:
            raise self._replaced()
        return now

    def _replaced(self) -> Replaced:
        return Replaced(
            f"The night {self.night} in {self.folder.address} was run again meanwhile: give this "
            "command again."
        )

    def _read(self, file: str, columns: Sequence[str] | None, filters: Any) -> pa.Table:
        for path in (file, retired(file)):
            try:
                with self.folder.open(path) as opened:
                    table = _read_parquet(opened, columns, filters)
                    table.validate(full=True)
                    return table
            except FileNotFoundError as error:
                gone = error
            except (OSError, pa.ArrowException, ValueError, MemoryError) as error:
                raise self._damaged(path, error) from error
        raise self._gone(file) from gone

    def _damaged(self, file: str, error: BaseException) -> UserError:
        why = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
        return UserError(
            f"The store is damaged: {file} in {self.folder.address} cannot be read ({why[:200]}). "
            "Run the night again, or restore the file."
        )

    def _gone(self, file: str) -> UserError:
        try:
            newer = read_manifest(self.folder, self.night)
        except FileNotFoundError:
            return Replaced(f"The night {self.night} in {self.folder.address} was removed.")
        if newer.run != self.manifest.run:
            return self._replaced()
        return UserError(
            f"The store is damaged: {file} is gone, which the manifest of "
            f"{self.night} names. Run the night again."
        )


def _read_parquet(opened: BinaryIO, columns: Sequence[str] | None, filters: Any) -> pa.Table:
    if filters is None:
        return pq.ParquetFile(opened).read(columns)
    if columns is not None:
        there = set(pq.read_schema(opened).names)
        columns = [name for name in columns if name in there]
    return pq.read_table(opened, columns=columns, filters=filters)


def open_night(store: str | Path | Folder, night: str, spark: Any = None) -> StoredNight:
    """A night of a store, in its newest state.

    Parameters
    ----------
    store : folder of the store, or it opened
    night : YYYYMMDD
    spark : the session through which a store elsewhere than on this machine is written

    Raises
    ------
    UserError
        The store does not have this night, or its manifest is damaged or of newer software.
    """
    folder = store if isinstance(store, Folder) else open_folder(store, spark)
    try:
        return StoredNight(folder, read_manifest(folder, night))
    except FileNotFoundError:
        known = stored_nights(folder)
        there = f"it has {', '.join(known[-5:])}" if known else "it has no night"
        named = folder.address.removeprefix("file://") if isinstance(store, Folder) else store
        raise UserError(f"The store {named} has no night {night}; {there}.") from None


def read_state(store: str | Path, night: str, read: Callable[[StoredNight], T]) -> T:
    """What is read of a night's state, begun anew where the state is gone before the end.

    Parameters
    ----------
    store : folder of the store
    night : YYYYMMDD
    read : reads tables; may be called more than once
    """
    while True:
        try:
            return read(open_night(store, night))
        except Replaced:
            continue


def retired(file: str) -> str:
    """The name that a file of a state before has: Spark and pyarrow skip it."""
    above, _, name = file.rpartition("/")
    return f"{above}/_{name}"


def _as_defined(table: pa.Table, name: str, columns: Sequence[str] | None) -> pa.Table:
    """These columns, else those of the definition and then the others, in the defined types."""
    schema = TABLES[name].arrow_schema
    there = set(table.column_names)
    for field in schema:
        if field.name not in there:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    carried = [column for column in table.column_names if column not in schema.names]
    ordered = table.select(columns or [*schema.names, *carried])
    fields = [schema.field(f.name) if f.name in schema.names else f for f in ordered.schema]
    return ordered.cast(pa.schema(fields))
