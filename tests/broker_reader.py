"""A reader of the tracklets' table that knows what the broker's own knows, and no more.

The rules are those of the broker's REST server: a scan by a prefix of the row key, the types of all
columns from the one row that is named after the schema's version, cells that are absent are
columns that are absent, and a class of each alert from thirteen columns that must be there.
"""

from __future__ import annotations

import struct

import happybase
import pandas as pd

NEEDED = [
    *("d:cdsxmatch", "d:roid", "d:mulens", "d:snn_snia_vs_nonia", "d:snn_sn_vs_all"),
    *("d:rf_snia_vs_nonia", "i:ndethist", "i:drb", "i:classtar", "i:jd", "i:jdstarthist"),
    *("d:rf_kn_vs_nonkn", "d:tracklet"),
]
"""What the class of an alert is made of."""
BYTES = {"integer": ">i", "long": ">q", "float": ">f", "double": ">d"}
FRAME_TYPES = {"integer": "Int64", "long": "Int64", "float": float, "double": float}
TEXTS = ("string", "boolean", "fits/image")


def broker_frame(
    connection: happybase.Connection, table: str, version: str, date: str
) -> pd.DataFrame:
    """What the broker's route answers for `columns=*`, as a frame; KeyError where it fails."""
    prefix = "TRCK_" + date.replace("-", "").replace(":", "").replace(" ", "_")
    row = connection.table(table).row(f"schema_{version}".encode())
    types = {column.decode(): given.decode() for column, given in row.items()}
    rows = {
        key.decode(): {
            column.decode(): _value(cell, types[column.decode()]) for column, cell in cells.items()
        }
        for key, cells in connection.table(table).scan(row_prefix=prefix.encode())
    }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    for name in frame.columns:
        frame[name] = frame[name].astype(FRAME_TYPES.get(types[name], str))
    _ = frame[NEEDED]
    return frame


def _value(cell: bytes, given: str) -> object:
    if given in BYTES:
        return struct.unpack(BYTES[given], cell)[0]
    assert given in TEXTS, given
    return cell.decode()
