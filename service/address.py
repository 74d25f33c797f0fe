"""Where the server listens, and who may talk to it: this machine, or who shows a certificate."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

import grpc

from road_clarity.models.errors import BadInput


@dataclass(frozen=True)
class Tls:
    """PEM files of one side.  ca: the authority that signs the other side's certificates."""

    cert: Path
    key: Path
    ca: Path

    @classmethod
    def of(cls, cert: Path | None, key: Path | None, ca: Path | None, ca_option: str) -> Tls | None:
        """All three files, or None for none.  Raises BadInput for some, naming what is missing."""
        files = {"--tls-cert": cert, "--tls-key": key, ca_option: ca}
        missing = [option for option, path in files.items() if path is None]
        if cert is None or key is None or ca is None:
            if len(missing) == len(files):
                return None
            raise BadInput("TLS files", "incomplete", f"give {' and '.join(missing)} as well")
        return cls(cert, key, ca)

    def server(self) -> grpc.ServerCredentials:
        """Only for clients whose certificate the authority signed.  Raises BadInput."""
        pair = read_pem(self.key, "PRIVATE KEY"), read_pem(self.cert, "CERTIFICATE")
        return grpc.ssl_server_credentials([pair], read_pem(self.ca, "CERTIFICATE"), True)

    def client(self) -> grpc.ChannelCredentials:
        """Raises BadInput."""
        return grpc.ssl_channel_credentials(
            read_pem(self.ca, "CERTIFICATE"),
            read_pem(self.key, "PRIVATE KEY"),
            read_pem(self.cert, "CERTIFICATE"),
        )


def read_pem(path: Path, kind: str) -> bytes:
    """Raises BadInput unless the file holds PEM of that kind."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput("TLS file", path, f"cannot be read: {error.strerror}") from error
    if b"-----BEGIN " not in content or f"{kind}-----".encode() not in content:
        raise BadInput("TLS file", path, f"holds no {kind}; give it in PEM form")
    return content


def host_of(address: str) -> str:
    """Of HOST:PORT; localhost for unix:PATH.  Raises BadInput for what is neither."""
    if address.startswith("unix:"):
        return "localhost"
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise BadInput("address", address, "write HOST:PORT, such as 127.0.0.1:50051")
    return host.strip("[]")


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach it.  Raises BadInput."""
    host = host_of(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(server: grpc.Server, address: str, tls: Tls | None) -> int:
    """Make server listen; the port it got.  Raises BadInput."""
    if tls is None and not is_loopback(address):
        raise BadInput(
            "address",
            address,
            "is reachable from outside, which takes certificates; "
            "give --tls-cert, --tls-key and --tls-client-ca, or use 127.0.0.1",
        )
    credentials = tls.server() if tls else None
    try:
        if credentials is None:
            return int(server.add_insecure_port(address))
        return int(server.add_secure_port(address, credentials))
    except RuntimeError as error:
        raise BadInput(
            "address",
            address,
            "cannot be listened on; is the port taken, are the certificates whole?",
        ) from error
