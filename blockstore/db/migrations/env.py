from blockstore.db.models import Base
from common.db import run_env

run_env(Base.metadata)
