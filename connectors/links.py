"""The one address of a post among the many that lead to it."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

LONGEST_URL = 1900

_DEFAULT_PORTS = {"http": 80, "https": 443}
# What may stand in a path as it is; % so that what is escaped is not escaped twice.
_SAFE = "/%:@!$&'()*+,;=~-._?"
# Parameters that say where a reader came from, not what the page is.
_TRACKING = re.compile(
    r"(?:utm_.*|mtm_.*|hsa_.*|pk_(?:campaign|kwd|keyword|source|medium|content)|matomo_.*|wt_mc|wt_zmc|"
    r"fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|igsh|li_fat_id|"
    r"mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|vero_id|oly_anon_id|oly_enc_id|ref_src|ref_url|__s)",
    re.IGNORECASE,
)


def canonical(link: str, base: str = "", *, keep_fragment: bool = False) -> str:
    """`link` made absolute, without tracking parameters and fragment, host in lower case; "" if it is no web address.

    It stays what the author wrote in everything else: scheme, trailing slash, order of parameters.
    """
    if not (link := link.strip()):
        return ""
    try:
        parts = urlsplit(urljoin(base, link))
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return ""
    if ":" in host:
        host = f"[{host}]"
    netloc = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    pairs = [pair for pair in parts.query.split("&") if pair and not _TRACKING.fullmatch(pair.partition("=")[0])]
    fragment = parts.fragment if keep_fragment else ""
    query = quote("&".join(pairs), safe=_SAFE + "[]")
    url = urlunsplit((parts.scheme, netloc, quote(parts.path, safe=_SAFE) or "/", query, fragment))
    return url if len(url) <= LONGEST_URL else ""
