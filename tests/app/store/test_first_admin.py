"""Who takes the runs of before there were accounts."""

from app.store import Store
from tests.app.conftest import Hand
from tests.app.store.test_accounts import HASH, first_admin, owner_of


def test_a_member_who_comes_before_the_first_admin_takes_no_runs(store: Store, hand: Hand) -> None:
    before = hand.run(start=False)
    store.switch_accounts_on()
    store.join(store.invite("member"), "mia", HASH)
    assert owner_of(store, before.id) is None
    ada = first_admin(store)
    assert owner_of(store, before.id) == ada
    after = hand.run(start=False)
    store.join(store.invite("admin"), "max", HASH)
    assert owner_of(store, after.id) is None
