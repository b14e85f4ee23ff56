"""Adding tables to a stored night: what later stages (satellites, glints) find out about it.

The new files stand beside the night's others; the new manifest, which names them, is the commit.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fink_tracklets.store.commit import clean, new_run, retire
from fink_tracklets.store.manifest import write_manifest
from fink_tracklets.store.night import StoredNight
from fink_tracklets.store.open import writable
from fink_tracklets.tables import TABLES, VERSION


def amend_night(stored: StoredNight, tables: Mapping[str, pa.Table], **reports: Any) -> StoredNight:
    """Replace some tables of a stored night and leave the others as they are.

    Parameters
    ----------
    stored : the night in its newest state
    tables : by name, small enough to be held in memory; columns as in `fink_tracklets.tables`
    reports : what the manifest says of the stages, `satellites` or `glints`

    Returns
    -------
    The night's new state.

    Raises
    ------
    UserError
        A rerun replaced the night meanwhile, or the store was opened to be read only.
    """
    folder = writable(stored.folder)
    before = stored.newest().manifest
    run = new_run()
    files, rows = dict(before.files), dict(before.rows)
    for name, table in tables.items():
        night_folder = f"{name}/night={stored.night}"
        folder.make(night_folder)
        clean(folder, night_folder, keep=files.get(name, ()))
        content = io.BytesIO()
        pq.write_table(table.cast(TABLES[name].arrow_schema), content)
        files[name] = (f"{night_folder}/part-00000-{run}.parquet",)
        folder.write(files[name][0], content.getvalue())
        rows[name] = len(table)
    manifest = replace(
        stored.newest().manifest, run=run, tables_version=VERSION, rows=rows, files=files, **reports
    )
    write_manifest(folder, manifest)
    retire(folder, [file for name in tables for file in before.files.get(name, ())])
    return StoredNight(folder, manifest)
