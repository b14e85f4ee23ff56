"""What CelesTrak's satellite catalogue (SATCAT, CSV) knows of an object."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fink_tracklets.errors import UserError

TYPES = {"PAY": "payload", "R/B": "rocket body", "DEB": "debris"}
STATUS = {**dict.fromkeys("+PBSX", "operational"), "-": "non-operational", "D": "decayed"}
NEEDED = [
    *("OBJECT_NAME", "NORAD_CAT_ID", "OBJECT_TYPE", "OPS_STATUS_CODE"),
    *("OWNER", "LAUNCH_DATE", "RCS"),
]
COLUMNS = ["satcat_name", "object_type", "ops_status", "owner", "launch_date", "rcs_m2"]


def read_satcat(path: str | Path) -> pd.DataFrame:
    """The catalogue by number: satcat_name, object_type (payload, rocket body, debris, unknown),
    ops_status (operational, non-operational, decayed, unknown), owner, launch_date, rcs_m2.

    Raises
    ------
    UserError
        The file is not readable, empty, or lacks one of the columns, which are read by name.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: the SATCAT cannot be read ({error.strerror}).") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not CelesTrak's SATCAT in CSV ({error}).") from None
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise UserError(
            f"{path} is not CelesTrak's SATCAT in CSV: it lacks the column {missing[0]}."
        )
    number = pd.to_numeric(frame["NORAD_CAT_ID"], errors="coerce")
    wrong = number.isna() | (number % 1 != 0)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        given = frame["NORAD_CAT_ID"].iloc[row]
        raise UserError(f"{path}, row {row + 2}: NORAD_CAT_ID is '{given}', not a whole number.")
    launch, status = frame["LAUNCH_DATE"], frame["OPS_STATUS_CODE"].str.strip()
    found = pd.DataFrame(
        {
            "satcat_name": frame["OBJECT_NAME"].str.strip(),
            "object_type": frame["OBJECT_TYPE"].str.strip().map(TYPES).fillna("unknown"),
            "ops_status": status.map(STATUS).fillna("unknown"),
            "owner": frame["OWNER"].str.strip().replace("", None),
            "launch_date": launch.str.strip().replace("", None),
            "rcs_m2": pd.to_numeric(frame["RCS"], errors="coerce"),
        }
    )
    found.index = pd.Index(number.astype("int64"), name="norad_cat_id")
    return found[~found.index.duplicated(keep="last")]
