from common.db import run_env
from objectstore.db.models import Base

run_env(Base.metadata)
