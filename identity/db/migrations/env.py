from common import db
from identity.db import models

db.run_env(models.Base.metadata)
