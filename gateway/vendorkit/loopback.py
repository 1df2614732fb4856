"""Loopback: what can only be this machine, and so needs no TLS."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without a port, can only be this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
