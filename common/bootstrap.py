"""Ids that every cloud has from its first start on.

They are fixed, so that each service can own things in these projects
without asking identity while the cloud is being set up.
"""

import uuid

_NAMESPACE = uuid.UUID("6a5c1a3e-2f7b-4d0e-9d1c-7b1c5a0b1e55")

DEFAULT_DOMAIN_ID = "default"
ADMIN_PROJECT_ID = uuid.uuid5(_NAMESPACE, "project admin").hex
SERVICE_PROJECT_ID = uuid.uuid5(_NAMESPACE, "project service").hex
