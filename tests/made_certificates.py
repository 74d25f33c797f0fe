"""An authority and certificates that it signed, made with openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROLE = "URI:spiffe://fleet.example/road-clarity/role/"
NEW = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj"
SIGNED = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")


def authority(folder: Path) -> Path:
    """ca, a server, and a stranger whom no authority signed."""
    make(folder, "ca")
    signed(folder, "server")
    make(folder, "stranger")
    return folder


def signed(folder: Path, name: str, *more: str) -> None:
    """more: further subjectAltNames, such as ROLE + 'viewer'"""
    names = ",".join(("IP:127.0.0.1", *more))
    make(folder, name, *SIGNED, "-addext", f"subjectAltName={names}")


def make(folder: Path, name: str, *more: str) -> None:
    files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
    call = [*NEW.split(), f"/CN={name}", *files, *more]
    subprocess.run(call, cwd=folder, check=True, capture_output=True)
