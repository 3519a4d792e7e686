"""Exponents of ticks are superscripts under the content security policy."""

from playwright.sync_api import Page

from tests.browser.conftest import becomes


def test_exponents_are_small_and_raised(page: Page, finished: str) -> None:
    page.goto(f"/runs/{finished}")
    becomes(page, "() => globalThis.Plotly !== undefined")
    page.evaluate(
        """() => {
          const plot = document.createElement('div');
          plot.id = 'powers';
          document.querySelector('main').prepend(plot);
          const yaxis = { type: 'log', exponentformat: 'power', dtick: 3 };
          return Plotly.newPlot(plot, [{ y: [1e-9, 1e9], type: 'scatter' }], { yaxis, width: 500, height: 400 });
        }"""
    )
    sizes: list[float] = page.evaluate(
        """() => [...document.querySelectorAll('#powers .ytick tspan[dy^="-"]')].map((power) => {
          const size = (element) => parseFloat(getComputedStyle(element).fontSize);
          return size(power) / size(power.closest('text'));
        })"""
    )
    assert len(sizes) > 3
    assert all(abs(size - 0.7) < 0.01 for size in sizes)
