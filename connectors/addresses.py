"""Which addresses may be asked: http and https, and the public internet unless a source says otherwise."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from connectors.errors import Malformed, NotPermitted

Resolver = Callable[[str, int], Sequence[str]]
"""From a host name and a port to the IP addresses a connection may be made to. Raises OSError."""

DEFAULT_PORTS = {"http": 80, "https": 443}
REMEDY = "set allow_private = true on this source"

# Prefixes of RFC 6052 whose last 32 bits are the IPv4 address that is really reached.
_NAT64 = IPv6Network("64:ff9b::/96")


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host` as the system knows them, without repeats. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, IPv4 inside IPv6 included."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and (inner := _inner(ip)) is not None:
        ip = inner
    is_local = ip.is_loopback or ip.is_link_local or (isinstance(ip, IPv6Address) and ip.is_site_local)
    return ip.is_global and not (is_local or ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _inner(ip: IPv6Address) -> IPv4Address | None:
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def refuse_private(host: str, addresses: Iterable[str]) -> None:
    """Raise NotPermitted if any of the addresses is not public.

    One is enough: a name with a public and a private address is how a page reaches into a network.
    """
    for address in addresses:
        if not is_public(address):
            is_same = address == host
            where = f"{host} is" if is_same else f"{host} leads to {address},"
            raise NotPermitted(f"{where} a private or reserved address", remedy=REMEDY)


def split(url: str) -> SplitResult:
    """The parts of an http or https address. Raises Malformed for anything else."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # out of range raises here
    except ValueError:
        raise Malformed(f"{without_secrets(url)!r} is not an address", remedy="correct it") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise Malformed(f"{without_secrets(url)!r} is not an http or https address", remedy="correct it")
    return parts


def origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port: what decides whether credentials may be sent along."""
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]


def literal_address(host: str) -> str | None:
    """The IP address that a URL names directly, or None for a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        return "127.0.0.1" if host.rstrip(".") == "localhost" else None


def check_literal(parts: SplitResult, *, allow_private: bool) -> None:
    """Raise NotPermitted if the URL itself names a private address; a name is checked when it is resolved."""
    host = parts.hostname or ""
    if not allow_private and (address := literal_address(host)) is not None:
        refuse_private(host, [address])


def check_address(url: str, allow_private: bool, resolver: Resolver = resolve) -> None:
    """Raise NotPermitted if `url` leads to a private address, Malformed if it is not http or https.

    For a connector that brings a transport of its own. A name that does not resolve passes: the request
    itself will say so.
    """
    parts = split(url)
    check_literal(parts, allow_private=allow_private)
    if allow_private:
        return
    _, host, port = origin(parts)
    try:
        addresses = resolver(host, port)
    except (OSError, UnicodeError):
        return
    refuse_private(host, addresses)


def without_secrets(url: str) -> str:
    """`url` fit for a message: no user, password or fragment, and of a query only the names."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable address)"
    if ":" in host:
        host = f"[{host}]"
    # A name without a value may be the secret itself.
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = "&".join(f"{name}=…" if value else "…" for name, value in pairs)
    return urlunsplit((parts.scheme, f"{host}{port}", parts.path, query, ""))
