"""A real OpenID provider on loopback, and what a browser does between it and this server."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.broker import free_port
from app.settings import Settings
from app.web.accounts.oidc import Provider
from tests.app.in_process import in_process
from tests.app.web.accounts.conftest import Lab

with warnings.catch_warnings():  # it uses a module of authlib that is to go
    warnings.simplefilter("ignore")
    import oidc_provider_mock
    from oidc_provider_mock import _app, _server, _storage

CLIENT, SECRET = "ticketscope", "a secret of the client and the provider"
OF_THE_PROVIDER = "ignore:get_jwt_config:DeprecationWarning"
"""What its own code warns of, in this process."""
Change = Callable[[dict[str, Any], dict[str, Any]], str | None]
"""Changes header and claims of an ID token; returns another token in its place, None for these signed anew."""


@dataclass
class Login:
    """The provider as a test sees it; `change` tampers with the next ID tokens, `asked` are the bodies of requests."""

    issuer: str
    key: RSAKey
    change: Change | None = None
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def go(self, address: str, subject: str) -> str:
        """What a person does there: the address on this server that it leads back to."""
        answer = httpx.post(address, data={"sub": subject}, trust_env=False)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"

    def answered(self, body: bytes) -> bytes:
        """An answer of its token endpoint, tampered with."""
        document = orjson.loads(body)
        if self.change is None or "id_token" not in document:
            return body
        token = jwt.decode(document["id_token"], self.key)
        header, claims = dict(token.header), dict(token.claims)
        claims.pop("at_hash", None)
        document["id_token"] = self.change(header, claims) or jwt.encode(header, claims, self.key)
        return orjson.dumps(document)


@contextmanager
def running(lab: Lab, users: Iterable[tuple[str, Mapping[str, object]]] = (), **settings: object) -> Iterator[Login]:
    """Start a provider and let `lab` use it."""
    storage = _storage.Storage()
    port = free_port()
    key = RSAKey.import_key(storage.jwk.as_dict(is_private=True))
    login = Login(f"http://127.0.0.1:{port}", key)
    before, _app.Storage = _app.Storage, lambda: storage
    try:
        app = oidc_provider_mock.app(
            user_claims=[oidc_provider_mock.User(sub=sub, claims=dict(of)) for sub, of in users]
        )
    finally:
        _app.Storage = before
    app.debug = False

    def tampered(response: Any) -> Any:
        from flask import request

        if request.path == "/oauth2/token":
            login.asked.append(request.form.to_dict(flat=False))
            response.set_data(login.answered(response.get_data()))
        return response

    app.after_request(tampered)

    with _server._threaded_server(app.wsgi_app, host="127.0.0.1", port=port):
        use(lab, login.issuer, **settings)
        yield login


def use(lab: Lab, issuer: str, **settings: object) -> None:
    """Let a lab use a provider, whether it is there or not."""
    chosen = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_name": "the lab"}
    state = lab.app.state
    kept = state.settings.model_dump(exclude_unset=True)
    state.settings = Settings.model_validate({**kept, **chosen, **settings})
    state.oidc = Provider(state.settings)


def browser(lab: Lab) -> httpx.Client:
    """A browser with cookies of its own."""
    return in_process(lab.app)


def came_back(
    lab: Lab, login: Login, subject: str, path: str = "/login/oidc", client: httpx.Client | None = None
) -> httpx.Response:
    """The answer to a browser that has begun at `path` and comes back as `subject`."""
    client = client or browser(lab)
    address = client.get(path).headers["location"]
    return client.get(login.go(address, subject))
