"""What axe-core finds on an open page that keeps a reader out."""

import json
from collections.abc import Sequence

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# All rules of axe-core 4 with the tag `cat.color` that are on by default: no other reads a colour.
COLOUR = ("color-contrast", "link-in-text-block")
RUN = """async (options) => (await axe.run(options)).violations
  .filter(({impact}) => ['serious', 'critical'].includes(impact))
  .map(({id, nodes}) => [id, nodes.slice(0, 4).map(({html}) => html.slice(0, 160))])"""


def violations(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """Violations that are serious or critical, of these rules or of all, with the elements that have them."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], **({"runOnly": {"type": "rule", "values": rules}} if rules else {})}
    return [f"{rule}: {json.dumps(elements)}" for rule, elements in page.evaluate(RUN, options)]
