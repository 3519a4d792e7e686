"""A live page is sent only what it does not have."""

from collections.abc import Callable

from playwright.sync_api import Page, Response, expect

from tests.browser.conftest import Scope, becomes


def test_a_part_that_has_not_changed_is_sent_once(
    page: Page, scope: Scope, until: Callable[[Callable[[], bool]], None]
) -> None:
    run = scope.submit(name="Sent once", steps=200, eval_every=100, levels=40)
    until(lambda: scope.state(run) == "running")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if "x-live" in answer.request.headers else None)
    page.goto(f"/runs/{run}")
    becomes(page, "document.querySelector('#progress progress').value > 0")
    scope.client.patch(f"/api/v1/runs/{run}", json={"name": "Sent again"})
    expect(page.locator("#name")).to_have_text("Sent again", timeout=20_000)
    page.wait_for_timeout(1500)
    scope.client.post(f"/api/v1/runs/{run}/cancel")
    texts = [answer.text() for answer in answers]
    assert len(texts) > 2
    assert [text.count('id="trouble"') for text in texts] == [1, *[0] * (len(texts) - 1)]
    assert sum('id="progress"' in text for text in texts) > 1
    assert sum("Sent again" in text for text in texts) == 1
