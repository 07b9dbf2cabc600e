"""python -m imagestore.build: the image builder without a cloud."""

from imagestore.cli import build

build(prog_name="python -m imagestore.build")
