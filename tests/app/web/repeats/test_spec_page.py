"""The Spec of a run as readers see it: values with their units."""

import re

import httpx
import pytest

from tests.app.conftest import Hand
from tests.app.web.sound import HTML


@pytest.mark.parametrize(("levels", "words"), [(1, "1 round"), (2, "2 rounds")])
def test_one_has_a_unit_in_the_singular(client: httpx.Client, hand: Hand, levels: int, words: str) -> None:
    run = hand.run(start=False, levels=levels)
    page = client.get(f"/runs/{run.id}", params={"tab": "spec"}, headers=HTML).text
    (value,) = re.findall(r"Levels(?:</a>)?</dt><dd>(.*?)</dd>", page)
    assert re.sub("<[^>]*>", "", value) == words
