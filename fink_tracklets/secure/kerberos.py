"""Kerberos tickets for HDFS and HBase.

No secret is ever in a setting: the ticket comes from the cache of `kinit` (KRB5CCNAME) or a keytab
that the environment names (KRB5_CLIENT_KTNAME).
"""

from __future__ import annotations

import base64
from functools import reduce
from operator import or_
from typing import Any

from fink_tracklets.errors import UserError


def introduce(service: str) -> tuple[Any, bytes]:
    """A GSSAPI context with a service, and its first token.

    Parameters
    ----------
    service : SERVICE@HOST, for the principal SERVICE/HOST

    Raises
    ------
    UserError : there is no ticket, or the package is missing
    """
    try:
        import gssapi
    except ImportError as error:
        raise UserError(
            "Kerberos needs the package gssapi: pip install fink_tracklets[kerberos] (Debian: with "
            "libkrb5-dev and gcc)."
        ) from error
    flag = gssapi.RequirementFlag
    flags = reduce(or_, (flag.mutual_authentication, flag.integrity, flag.confidentiality))
    name = gssapi.Name(service, gssapi.NameType.hostbased_service)
    try:
        context = gssapi.SecurityContext(name=name, usage="initiate", flags=flags)
        return context, context.step() or b""
    except gssapi.exceptions.GSSError as error:
        raise UserError(
            f"Kerberos gives no ticket for {service}: {_reason(error)}. Run kinit, or name a "
            "keytab in KRB5_CLIENT_KTNAME."
        ) from error


def negotiate(host: str | None) -> str:
    """The header Authorization that a web server with SPNEGO wants.

    Raises
    ------
    UserError : see `introduce`
    """
    _, token = introduce(f"HTTP@{host}")
    return f"Negotiate {base64.b64encode(token).decode()}"


def _reason(error: Any) -> str:
    """What Kerberos says, without its numbers."""
    return str(error.gen_message()).rpartition("Minor (")[2].partition(": ")[2] or str(error)
