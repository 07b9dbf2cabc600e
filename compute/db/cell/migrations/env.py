from common import db
from compute.db.cell import models

db.run_env(models.Base.metadata)
