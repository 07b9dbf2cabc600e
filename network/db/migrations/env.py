from common.db import run_env
from network.db.models import Base

run_env(Base.metadata)
