from common.db import run_env
from imagestore.db.models import Base

run_env(Base.metadata)
