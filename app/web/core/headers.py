"""Headers of every answer: what a browser may do with it."""

from collections.abc import Iterable
from typing import Final

# The hashes admit the style attributes that Plotly writes, the last those of superscripts (`font-size:70%`); its style
# sheet is vendored (templates/core/base.html).
_PLOTLY_STYLES = (
    "'unsafe-hashes' 'sha256-AR/cKIZjWPcPmBUPDA6oti9XBiTbJvz0Cro2J1VzzS8=' "
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-S+l+cz1wXqs2B0FcjqqT7NvjwGmhD1UjJswXjlSkj0s='"
)
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {_PLOTLY_STYLES}",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def framed(sites: Iterable[str]) -> dict[str, str]:
    """Return headers of a page that this site and others may show in a frame."""
    where = " ".join(("frame-ancestors 'self'", *sites))
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", where)
    # Browsers that know frame-ancestors do not look at the other.
    return {"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN"}


HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
