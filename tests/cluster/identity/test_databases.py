"""What unit tests show on SQLite, on the databases of big clouds."""

import pytest

from common import db
from identity import app
from tests.unit.identity.test_compliance import (  # noqa: F401
    TestCounting,
    TestExpiry,
    clock,
)
from tests.unit.identity.test_resources import (  # noqa: F401
    TestAssignments,
    TestCatalog,
    TestDomains,
    TestProjects,
    TestRoles,
    TestUsers,
)
from tests.unit.identity.test_tokens import (  # noqa: F401
    TestEnd,
    TestValidation,
)

#: Such as of joins that could multiply rows.
pytestmark = pytest.mark.filterwarnings("error::sqlalchemy.exc.SAWarning")


def test_head_is_what_the_models_say(url):
    db.upgrade(app.SCHEMA, url)
    assert db.check(app.SCHEMA, url) == []
