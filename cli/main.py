"""The ``pileus`` command; each subcommand is imported when it is used."""

import importlib

import click

_COMMANDS = {
    "up": "cli.commands.up:up",
    "down": "cli.commands.up:down",
    "status": "cli.commands.status:status",
    "env": "cli.commands.env:env",
    "node": "cli.commands.node:node",
}


class LazyGroup(click.Group):
    """A group whose commands are named, and loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context,
                    name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name].partition(":")
        return getattr(importlib.import_module(module), attribute)


@click.group(cls=LazyGroup)
def main() -> None:
    """Run a cloud on this machine."""


if __name__ == "__main__":
    main()
