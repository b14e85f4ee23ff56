"""The one table of a store that is of all nights: `objects`."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow.parquet as pq

from fink_tracklets.store.folder import Folder, WritableFolder
from fink_tracklets.tables import OBJECTS

PATH = "objects/objects.parquet"


def read_objects(folder: Folder) -> pd.DataFrame:
    """The table; without rows where the store has none, columns that it lacks as null."""
    try:
        content = folder.read(PATH)
    except FileNotFoundError:
        return OBJECTS.arrow_schema.empty_table().to_pandas()
    return OBJECTS.from_frame(pq.read_table(io.BytesIO(content)).to_pandas()).to_pandas()


def write_objects(folder: WritableFolder, objects: pd.DataFrame) -> None:
    """Replace the table in one step."""
    content = io.BytesIO()
    pq.write_table(OBJECTS.from_frame(objects), content)
    folder.make(PATH.partition("/")[0])
    folder.replace(PATH, content.getvalue())
