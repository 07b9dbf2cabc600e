"""The ``pileus`` command; each subcommand is imported when it is used."""

import importlib

import click

from common import installed

#: Where each command is, and what it does: help imports none of them.
_COMMANDS = {
    "up": ("cli.commands.up:up", "Start the cloud."),
    "down": ("cli.commands.up:down", "Stop the cloud; its data stay."),
    "status": ("cli.commands.status:status",
               "Show what runs, and what is not ready and why."),
    "demo": ("cli.commands.demo:demo",
             "Start a server and log in to it."),
    "env": ("cli.commands.env:env",
            "Print the administrator's credentials."),
    "doctor": ("cli.commands.doctor:doctor", "Look for what is wrong."),
    "service": ("cli.commands.service:service", "Run one daemon alone."),
    "db": ("cli.commands.service:db", "Bring the databases up to date."),
    "node": ("cli.commands.node:node", "Start and stop a node alone."),
    "test": ("cli.commands.test:test", "Run the project's tests."),
}

_ENTRY_POINTS = "pileus.commands"
_OTHERS = {"image": "Make guest images.",
           "identity": "Look after the identity service."}


class LazyGroup(click.Group):
    """A group whose commands are named, and loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *_OTHERS]

    def get_command(self, ctx: click.Context,
                    name: str) -> click.Command | None:
        command: click.Command
        if name in _COMMANDS:
            module, _, attribute = _COMMANDS[name][0].partition(":")
            command = getattr(importlib.import_module(module), attribute)
            return command
        point = installed.entry_points(_ENTRY_POINTS).get(name)
        return point.load() if point else None

    def format_commands(self, ctx: click.Context,
                        formatter: click.HelpFormatter) -> None:
        rows = [(name, text) for name, (_, text) in _COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl([*rows, *_OTHERS.items()])


@click.group(cls=LazyGroup)
@click.version_option(package_name="pileus")
def main() -> None:
    """Run a cloud on this machine."""


if __name__ == "__main__":
    main()
