"""The login of the lab (OpenID Connect): where it sends people, and who it says that they are."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.records.people import RANK, Role
from app.settings import Settings, is_private
from app.store.identities import Identity

PATIENCE_S: Final = 5.0
"""How long the other side may take for an answer."""
KNOWN_S: Final = 600.0
"""How long its addresses and keys are kept."""
RENEWED_S: Final = 5.0
"""How old keys are before a signature that none of them fits has newer ones read."""
LEEWAY_S: Final = 60
"""How far its clock may be from this one."""
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the other side can make: none, and those by the shared secret, are not among them."""
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")

log = logging.getLogger(__name__)


class AwayError(Exception):
    """The login of the lab does not answer as one."""


class RefusedError(Exception):
    """What it answered proves nothing; the message says why, for the log."""


@dataclass(frozen=True)
class Flow:
    """One login under way, as its address names it: secrets that only the browser that began it can repeat."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """The login of the lab as settings name it; `on` is False where there is none.

    Nothing is asked of it before somebody logs in: the web starts and passwords work without it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def on(self) -> bool:
        """Return whether there is one."""
        return bool(self._settings.oidc_issuer)

    @property
    def name(self) -> str:
        """Return what people know it as; empty where there is none."""
        return self._settings.oidc_name or (urlsplit(self._settings.oidc_issuer).hostname or "")

    def address(self, flow: Flow, back: str) -> str:
        """Return where a browser goes to log in and comes `back` from. Raises AwayError."""
        return str(
            prepare_grant_uri(
                self._about()["authorization_endpoint"], self._settings.oidc_client_id, "code", redirect_uri=back,
                scope="openid profile", state=flow.state, nonce=flow.nonce,
                code_challenge=create_s256_code_challenge(flow.verifier), code_challenge_method="S256",
            )
        )  # fmt: skip

    def address_of_end(self, back: str) -> str | None:
        """Return where a browser goes to log out there too; None where it knows no such thing. Raises AwayError."""
        end = self._about().get("end_session_endpoint")
        if not isinstance(end, str) or not self._trusted(end):
            return None
        joint = "&" if "?" in end else "?"
        client = quote(self._settings.oidc_client_id, safe="")
        return f"{end}{joint}client_id={client}&post_logout_redirect_uri={quote(back, safe='')}"

    def identity(self, flow: Flow, code: str, back: str) -> Identity:
        """Return who has logged in, by the code that the browser has brought. Raises AwayError, RefusedError."""
        answer = self._redeem(code, flow.verifier, back)
        claims = self._claims(answer, flow.nonce)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise RefusedError("the ID token names nobody")
        names = (claims.get(claim) for claim in ("preferred_username", "nickname", "name", "email"))
        name = next((name for name in names if isinstance(name, str) and name), "")
        return Identity(self._settings.oidc_issuer, subject, name[:100], self._role(claims))

    def _redeem(self, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        about, client, secret = self._about(), self._settings.oidc_client_id, self._settings.oidc_secret
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        methods = about.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        auth = None
        if secret and "client_secret_basic" in methods:
            auth = httpx.BasicAuth(quote(client, safe=""), quote(secret, safe=""))
        else:
            form |= {"client_id": client} | ({"client_secret": secret} if secret else {})
        try:
            answer = httpx.post(about["token_endpoint"], data=form, auth=auth, timeout=PATIENCE_S)
            document = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise AwayError(f"its token endpoint: {type(error).__name__}") from error
        if answer.status_code >= 500:
            raise AwayError(f"its token endpoint answered {answer.status_code}")
        if answer.status_code != 200 or not isinstance(document, dict) or "id_token" not in document:
            why = document.get("error") if isinstance(document, dict) else None
            raise RefusedError(f"the code was not taken: {str(why)[:60]!r}")
        return document

    def _claims(self, answer: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """Return the claims of an ID token. Raises RefusedError for one that is not for us, AwayError for no keys."""
        client, issuer = self._settings.oidc_client_id, self._settings.oidc_issuer
        token = str(answer["id_token"])
        try:
            try:
                signed = jwt.decode(token, self._keyset(), algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                # It may sign with newer keys than are known here.
                signed = jwt.decode(token, self._keyset(anew=True), algorithms=ALGORITHMS)
            claims = CodeIDToken(
                signed.claims,
                signed.header,
                options={
                    "iss": {"essential": True, "value": issuer},
                    "aud": {"essential": True, "value": client},
                    "exp": {"essential": True},
                },
                params={"nonce": nonce, "client_id": client, "access_token": answer.get("access_token")},
            )
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise RefusedError(f"the ID token: {error}") from error
        return dict(signed.claims)

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        claim = self._settings.oidc_role_claim
        if not claim:
            return None
        values = claims.get(claim)
        words = values if isinstance(values, list) else [values]
        roles = [role for role in RANK if role in words or f"ticketscope-{role}" in words]
        if not roles:
            raise RefusedError(f"the claim {claim} says no role")
        return max(roles, key=RANK.__getitem__)

    def _about(self) -> dict[str, Any]:
        """Return its addresses. Raises AwayError."""
        with self._lock:
            if self._metadata is None or time.monotonic() - self._metadata[0] > KNOWN_S:
                about = _fetched(f"{self._settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration")
                if about.get("issuer") != self._settings.oidc_issuer:
                    raise AwayError(f"it calls itself {str(about.get('issuer'))[:200]!r}")
                if bad := [name for name in _ENDPOINTS if not self._trusted(about.get(name))]:
                    raise AwayError(f"others could read what is sent to its {', '.join(bad)}")
                self._metadata = (time.monotonic(), about)
            return self._metadata[1]

    def _trusted(self, address: object) -> bool:
        """Return whether an address of its is as safe as the issuer: one by https leads nobody into this machine."""
        scheme = urlsplit(self._settings.oidc_issuer).scheme
        return isinstance(address, str) and is_private(address) and address.startswith(f"{scheme}://")

    def _keyset(self, *, anew: bool = False) -> KeySet:
        """Return its keys. Raises AwayError."""
        address = self._about()["jwks_uri"]
        with self._lock:
            age_s = None if self._keys is None else time.monotonic() - self._keys[0]
            if self._keys is None or age_s is None or age_s > (RENEWED_S if anew else KNOWN_S):
                try:
                    self._keys = (time.monotonic(), KeySet.import_key_set(_fetched(address)))  # type: ignore[arg-type]
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise AwayError(f"its keys: {error}") from error
            return self._keys[1]


def _fetched(address: str) -> dict[str, Any]:
    try:
        answer = httpx.get(address, timeout=PATIENCE_S)
        document = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise AwayError(f"{address}: {type(error).__name__}") from error
    if not isinstance(document, dict):
        raise AwayError(f"{address}: not an object of JSON")
    return document
