"""Reading a store on HDFS without Spark: WebHDFS, the NameNode's HTTP or HTTPS port."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlparse
from urllib.request import HTTPCookieProcessor, HTTPSHandler, Request, build_opener

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.secure.kerberos import negotiate
from fink_tracklets.secure.tls import tls_context
from fink_tracklets.store.folder import Folder, RangedFile
from fink_tracklets.survey.config import load


@dataclass(frozen=True)
class HadoopSettings:
    """conf/hadoop.toml."""

    webhdfs: Mapping[str, str] = field(default_factory=dict)
    """The NameNode's HTTP address beside each hdfs:// address."""
    timeout_s: float = 60.0
    kerberos: bool = False
    """Whether the NameNode wants a Kerberos ticket (SPNEGO)."""
    ca_file: str = ""
    """The certificates that https:// trusts; those of the system where none is named."""


class WebHdfsFolder(Folder):
    """A folder on HDFS, read-only."""

    def __init__(self, store: str) -> None:
        self.address = store.rstrip("/")
        parts = urlparse(self.address)
        settings = load(HadoopSettings, "hadoop.toml")
        server = f"{parts.scheme}://{parts.netloc}"
        if server not in settings.webhdfs:
            raise UserError(
                f"The store {store} cannot be read without Spark: conf/hadoop.toml names no "
                f"WebHDFS address for {server}."
            )
        self.http = f"{settings.webhdfs[server].rstrip('/')}/webhdfs/v1{quote(parts.path)}"
        self.timeout_s = settings.timeout_s
        self.user = os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
        self.kerberos = settings.kerberos
        trusted = HTTPSHandler(context=tls_context(settings.ca_file))
        self.opener = build_opener(trusted, HTTPCookieProcessor())

    def open(self, path: str) -> BinaryIO:
        size = json.loads(self._get(path, op="GETFILESTATUS"))["FileStatus"]["length"]
        return RangedFile(
            size,
            lambda position, length: self._get(path, op="OPEN", offset=position, length=length),
        ).buffered()

    def states(self, path: str) -> dict[str, tuple[int, ...]]:
        try:
            answer = json.loads(self._get(path, op="LISTSTATUS"))
        except FileNotFoundError:
            return {}
        return {
            status["pathSuffix"]: (status["modificationTime"], status["length"], status["fileId"])
            for status in answer["FileStatuses"]["FileStatus"]
        }

    def _get(self, path: str, **query: Any) -> bytes:
        who = {} if self.kerberos else {"user.name": self.user}
        url = f"{self.http}/{quote(path)}?{urlencode({**query, **who})}"
        request = Request(url)
        if self.kerberos:  # not to the DataNode, which the NameNode gives a token in the address
            request.add_unredirected_header("Authorization", negotiate(urlparse(url).hostname))
        try:
            with self.opener.open(request, timeout=self.timeout_s) as answer:
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            if error.code == 404:
                raise FileNotFoundError(2, "No such file", self.uri(path)) from error
            raise ServiceError(f"WebHDFS refuses {url}: {_reason(error)}") from error
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise ServiceError(f"WebHDFS does not answer at {url}: {reason}") from error


def _reason(error: HTTPError) -> str:
    try:
        message: str = json.load(error)["RemoteException"]["message"]
    except (ValueError, KeyError):
        return str(error)
    return message.splitlines()[0]
