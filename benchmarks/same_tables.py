"""Whether two stores hold the same tables, row for row and bit for bit.

python -m benchmarks.same_tables STORE_A STORE_B

The order of rows and the names of files do not count. Floating-point numbers must be equal to the
bit: rows are compared as Python writes them, which tells any two doubles apart. The exit code is 1
where a night, a table, a column, its type or a row differs.
"""

from __future__ import annotations

import argparse
import sys
from itertools import zip_longest
from typing import Any

from fink_tracklets.store.manifest import stored_nights
from fink_tracklets.store.night import StoredNight, open_night
from fink_tracklets.store.open import open_folder
from fink_tracklets.tables import TABLES


def difference(one_night: StoredNight, other_night: StoredNight, name: str) -> tuple[int, str]:
    """Rows of a table of the one night, and the first difference from the other if any."""
    a, b = one_night.table(name), other_night.table(name)
    if not a.schema.equals(b.schema):
        return len(a), f"the columns are {a.schema.to_string()}, and {b.schema.to_string()}"
    if len(a) != len(b):
        return len(a), f"{len(a)} rows, and {len(b)}"
    for one, other in zip(*(sorted(table.to_pylist(), key=repr) for table in (a, b)), strict=True):
        if repr(one) != repr(other):
            return len(a), _first_column(one, other)
    return len(a), ""


def _first_column(one: dict[str, Any], other: dict[str, Any]) -> str:
    name = next(name for name in one if repr(one[name]) != repr(other[name]))
    return f"{name} is {one[name]!r}, and {other[name]!r} (in {one!r})"


def main() -> None:
    """Compare all tables of all nights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("store_a")
    parser.add_argument("store_b")
    options = parser.parse_args()
    differs = False
    folders = open_folder(options.store_a), open_folder(options.store_b)
    for night, other in zip_longest(*map(stored_nights, folders)):
        if night != other:
            sys.exit(f"The stores have other nights: {night} and {other}.")
        both = [open_night(folder, night) for folder in folders]
        for name in TABLES:
            rows, why = difference(*both, name)
            print(f"{night} {name}: {rows} rows, {f'differ: {why}' if why else 'the same'}")
            differs |= bool(why)
    sys.exit(1 if differs else 0)


if __name__ == "__main__":
    main()
