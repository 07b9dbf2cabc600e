"""What takes several steps, one module each."""

from compute.tasks.attach_port import AttachPort, DetachPort
from compute.tasks.attach_volume import AttachVolume, DetachVolume
from compute.tasks.build_server import BuildServer
from compute.tasks.create_image import CreateImage
from compute.tasks.delete_server import DeleteServer
from compute.tasks.power_server import PowerServer
from compute.tasks.refresh_ports import RefreshPorts

TASKS = [AttachPort, AttachVolume, BuildServer, CreateImage, DeleteServer,
         DetachPort, DetachVolume, PowerServer, RefreshPorts]
