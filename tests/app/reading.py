"""Pages as their sentences were written: without the links to the glossary."""

import re


def unmarked(html: str) -> str:
    """Return the page with each marked term as bare text."""
    return re.sub(r'<a class="term"[^>]*>([^<]*)</a>', r"\1", html)
