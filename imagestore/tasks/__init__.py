"""Work that takes a while: each a task that survives restarts."""

from imagestore.tasks.add_location import AddLocation
from imagestore.tasks.import_image import ImportImage

TASKS = [ImportImage, AddLocation]
