"""Damage by chance: flipped bytes, cuts, pieces that are gone, doubled, or of another file."""

from __future__ import annotations

import numpy as np

TELLING = [
    b"",
    b"\0",
    b"\xff" * 4,
    b"-1",
    b"0",
    b"1e999",
    b"nan",
    b"9" * 30,
    b'"',
    b"<",
    b"[",
    b"]",
]
TELLING += [b"\n", b",", b"=", b"\xef\xbb\xbf", b"{", b"}", b"true", b"null", b"\x7f\xff\xff\xff"]


def damaged(files: list[bytes], random: np.random.Generator) -> bytes:
    """One of the files with one to four damages."""
    content = bytearray(files[random.integers(len(files))])
    for _ in range(random.integers(1, 5)):
        kind, n = random.integers(7), len(content)
        at = int(random.integers(n + 1))
        length = int(min(n - at, random.integers(1, 64)))
        if kind == 0 and at < n:
            content[at] ^= 1 << random.integers(8)
        elif kind == 1 and at < n:
            content[at] = random.integers(256)
        elif kind == 2:
            del content[at:]
        elif kind == 3:
            del content[at : at + length]
        elif kind == 4:
            content[at:at] = content[at : at + length] * int(random.integers(1, 20))
        elif kind == 5:
            content[at : at + length] = TELLING[random.integers(len(TELLING))]
        else:
            other = files[random.integers(len(files))]
            begin = int(random.integers(len(other)))
            content[at : at + length] = other[begin : begin + length]
    return bytes(content)
