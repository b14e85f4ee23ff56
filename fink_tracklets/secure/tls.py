"""Certificates that are trusted."""

from __future__ import annotations

import ssl

from fink_tracklets.errors import UserError


def tls_context(ca_file: str) -> ssl.SSLContext:
    """What trusts the certificates of a PEM file, or the system's without one.

    Raises
    ------
    UserError : the file cannot be read
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # SSLError is one, too
        raise UserError(
            f"The certificates {ca_file} (ca_file in conf/) cannot be read: "
            f"{error.strerror or error}."
        ) from error
