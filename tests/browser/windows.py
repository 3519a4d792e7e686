"""Windows of the browser that tests hand on: a new one starts processes and compiles all scripts once more."""

from collections import defaultdict
from typing import Any

from playwright.sync_api import Browser, Error, Page

Kind = tuple[str, ...]


class Windows:
    """Those of one server; each is alone in its profile, and empty when a test gets it."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.url = url
        self._browser = browser
        self._free: dict[Kind, list[Page]] = defaultdict(list)
        self._kinds: dict[Page, Kind] = {}

    def take(self, width: int, height: int, **options: Any) -> Page:
        """A window of this size and with these options of its profile."""
        # Size and scheme can be changed in place.
        kind = tuple(f"{name}={value}" for name, value in sorted(options.items()) if name != "color_scheme")
        if free := self._free[kind]:
            page = free.pop()
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=options.get("color_scheme", "light"))
        else:
            context = self._browser.new_context(
                viewport={"width": width, "height": height}, base_url=self.url, **options
            )
            context.set_default_timeout(20_000)
            page = context.new_page()
            # As one that is handed on: where a mouse has never been, a tap is followed by news that it has left.
            page.goto("/healthz")
            page.mouse.move(0, 0)
        self._kinds[page] = kind
        return page

    def give_back(self, page: Page) -> None:
        """Forget what was done in a window, or close it where that cannot be."""
        try:
            page.unroute_all(behavior="ignoreErrors")
            page.mouse.move(0, 0)
            # A page of the server with no script of its own, from which its storage can be reached.
            page.goto("/healthz")
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.context.clear_cookies()
            self._free[self._kinds[page]].append(page)
        except Error:
            page.context.close()
