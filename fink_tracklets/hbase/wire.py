"""The connection to HBase's Thrift server: plain, inside TLS, with Kerberos."""

from __future__ import annotations

import struct
from typing import Any

from happybase import Connection
from happybase.connection import TClient
from Hbase_thrift import Hbase
from thriftpy2.transport import TSocket, TSSLSocket
from thriftpy2.transport.sasl import TCySaslClientTransport

from fink_tracklets.hbase.settings import ConnectionSettings
from fink_tracklets.secure.kerberos import introduce
from fink_tracklets.secure.tls import tls_context


def connect(to: ConnectionSettings) -> Connection:
    """An open connection.

    Raises
    ------
    UserError
        Certificates cannot be read, or Kerberos has no ticket for us.
    OSError, TException
        The server does not answer.
    """
    return WiredConnection(to)


class WiredConnection(Connection):
    """happybase's connection over another socket and transport."""

    def __init__(self, to: ConnectionSettings) -> None:
        self.to = to
        timeout = round(1000 * to.timeout_s)
        super().__init__(
            to.host, to.port, timeout=timeout, transport=to.transport, protocol=to.protocol
        )

    def _refresh_thrift_client(self) -> None:
        """As happybase's, which knows plain sockets only."""
        where = {"host": self.host, "port": self.port, "socket_timeout": self.timeout}
        socket: TSocket = TSocket(**where)
        if self.to.tls:
            socket = TSSLSocket(**where, ssl_context=tls_context(self.to.ca_file))
        if self.to.kerberos_service:
            name = f"{self.to.kerberos_service}@{self.host}"
            self.transport = TCySaslClientTransport(lambda: GssapiClient(name), "GSSAPI", socket)
        else:
            self.transport = self._transport_class(socket)
        protocol = self._protocol_class(self.transport, decode_response=False)
        self.client = TClient(Hbase, protocol)


class GssapiClient:
    """The client's side of SASL's mechanism GSSAPI (RFC 4752), as thriftpy2 calls it.

    Of what the server offers the strongest protection is taken: privacy, integrity, none.

    Parameters
    ----------
    service : SERVICE@HOST, as the server's principal SERVICE/HOST has it
    """

    NONE, INTEGRITY, PRIVACY = 1, 2, 4

    def __init__(self, service: str) -> None:
        self.service = service
        self.context: Any = None
        self.protection = 0

    def start(self, mechanism: str) -> tuple[bool, str, bytes]:
        """The first token."""
        self.context, token = introduce(self.service)
        return True, mechanism, token

    def step(self, challenge: bytes) -> tuple[bool, bytes]:
        """The answer to a token of the server's."""
        if not self.context.complete:
            return True, self.context.step(challenge) or b""
        (offer,) = struct.unpack(">I", self.context.unwrap(challenge).message)
        offered, most = offer >> 24, offer & 0xFFFFFF
        protections = (self.PRIVACY, self.INTEGRITY, self.NONE)
        self.protection = next((one for one in protections if offered & one), self.NONE)
        chosen = self.protection << 24 | (most if self.protection > self.NONE else 0)
        return True, self.context.wrap(struct.pack(">I", chosen), False).message

    def encode(self, content: bytes) -> tuple[bool, bytes]:
        """A frame for the server, with its length where it is protected."""
        if self.protection <= self.NONE:
            return True, content
        sealed = self.context.wrap(content, self.protection == self.PRIVACY).message
        return True, struct.pack(">I", len(sealed)) + sealed

    def decode(self, frame: bytes) -> tuple[bool, bytes]:
        """What a frame of the server's holds."""
        return True, self.context.unwrap(frame[4:]).message
