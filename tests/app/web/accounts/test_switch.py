"""How a web learns that accounts were switched on elsewhere."""

import asyncio
import threading

import pytest
from fastapi import FastAPI

from app import reaper
from app.store import Store


def test_a_web_learns_of_accounts_while_its_reaper_is_busy(
    app: FastAPI, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, over = threading.Event(), threading.Event()

    def slow(_: Store) -> None:
        busy.set()
        over.wait(30)

    monkeypatch.setattr(reaper, "FIRST_SWEEP_S", 0.0)
    monkeypatch.setattr(Store, "sweep_artifacts", slow)

    async def served() -> bool:
        async with app.router.lifespan_context(app):
            try:
                assert await asyncio.to_thread(busy.wait, 20)
                assert not app.state.accounts.on
                await asyncio.to_thread(store.switch_accounts_on)
                for _ in range(100):
                    await asyncio.sleep(0.1)
                    if app.state.accounts.on:
                        break
            finally:
                over.set()
        return bool(app.state.accounts.on)

    assert asyncio.run(served())
