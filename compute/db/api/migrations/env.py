from common import db
from compute.db.api import models

db.run_env(models.Base.metadata)
