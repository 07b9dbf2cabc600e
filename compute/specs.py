"""From rows to what an agent gets."""


from oslo_config import cfg

from compute import spec, states
from compute.db.cell.models import Nic, Server, Volume

_POWER = {states.ACTIVE: "running", states.STOPPED: "shutdown"}


def of(server: Server, conf: cfg.ConfigOpts, *,
       power: str | None = None) -> spec.ServerSpec:
    """Return the whole of a server; its belongings are loaded.

    :param power: what it should be; by default what its state says, and
        ``leave`` while something is being done with it
    """
    return spec.ServerSpec(
        server_id=server.id, name=server.name, hostname=server.hostname,
        project_id=server.project_id, user_id=server.user_id,
        generation=server.generation,
        flavor=spec.Flavor.from_json(server.flavor),
        image=(spec.Image.from_json(server.image)
               if server.image else None),
        power=power or wanted_power(server),
        created_at=server.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        reservation_id=server.reservation_id,
        launch_index=server.launch_index,
        availability_zone=(server.availability_zone
                           or conf.compute.availability_zone),
        nics=[nic_of(nic) for nic in server.nics
              if nic.status == "attached"],
        volumes=[volume_of(row) for row in server.volumes
                 if row.status == "attached"],
        key=spec.Key.from_json(server.key) if server.key else None,
        user_data=server.user_data, metadata=server.meta,
        config_drive=server.config_drive,
        tags=[row.tag for row in server.tags],
        shutdown_timeout_s=conf.compute.shutdown_timeout)


def amounts(server: Server) -> dict[str, int]:
    """Return what the server takes of its host.

    One that starts from a volume has its root disk elsewhere.
    """
    flavor = server.flavor
    root_gib = flavor["disk_gib"] if server.image_id else 0
    return {"VCPU": flavor["vcpus"], "MEMORY_MB": flavor["ram_mib"],
            "DISK_GB": (root_gib + flavor["ephemeral_gib"]
                        + -(-flavor["swap_mib"] // 1024))}


def wanted_power(server: Server) -> str:
    """Return how the agent should keep the guest."""
    if server.task_state is not None:
        return "leave"
    return _POWER.get(server.vm_state, "leave")


def nic_of(nic: Nic) -> spec.Nic:
    return spec.Nic(
        port_id=nic.port_id, mac=nic.mac, network_id=nic.network_id,
        network_name=nic.network_name, mtu=nic.mtu,
        fixed_ips=nic.fixed_ips, subnets=nic.subnets, tag=nic.tag)


def volume_of(row: Volume) -> spec.Volume:
    return spec.Volume(
        volume_id=row.volume_id, attachment_id=row.attachment_id or "",
        connection_info=row.connection_info or {}, device=row.device,
        serial=row.volume_id, tag=row.tag)
