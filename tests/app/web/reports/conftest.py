"""An installation with accounts."""

from tests.app.web.accounts.conftest import lab as lab
from tests.app.web.accounts.conftest import stored_password as stored_password
