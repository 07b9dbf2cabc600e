"""The commands of ``pileus identity``."""

import click


@click.group()
def identity() -> None:
    """Look after the identity service."""


@identity.command("rotate-keys")
@click.option(
    "--config", "files", multiple=True, metavar="PATH", required=True,
    envvar="PILEUS_CONFIG", type=click.Path(exists=True),
    help="Configuration file, or directory of them; may be repeated.")
def rotate_keys(files: tuple[str, ...]) -> None:
    """Seal new tokens, and receipts, with new keys.

    Tokens that are out stay good as long as their key is kept. Daemons
    notice by themselves. Where identity runs on several hosts, copy both
    directories to all of them afterwards, and before the next rotation.
    """
    from common import conf as configuration
    from identity import conf, tokens
    options = configuration.load(files, [conf.register_opts])
    for path in (options.identity.key_repository,
                 options.identity.receipt_key_repository):
        keys = tokens.KeyRepository(path)
        keys.ensure()
        keys.rotate(options.identity.keep_keys)
        click.echo(f"{path}: rotated")


@identity.command("rotate-credential-keys")
@click.option(
    "--config", "files", multiple=True, metavar="PATH", required=True,
    envvar="PILEUS_CONFIG", type=click.Path(exists=True),
    help="Configuration file, or directory of them; may be repeated.")
def rotate_credential_keys(files: tuple[str, ...]) -> None:
    """Seal the stored secrets, such as EC2 keys, with a new key.

    May be interrupted and repeated: the last key stays until nothing is
    sealed with it. Where identity runs on several hosts, copy the
    directory to all of them afterwards, and before the next rotation.
    """
    from common import conf as configuration
    from common import db
    from identity import conf, env
    from identity.delegation import sealing
    options = configuration.load(files, [conf.register_opts])
    vault = env.make_vault(options)
    vault.ensure()
    database = db.Database(options.identity.database)
    try:
        count = sealing.rotate(database, vault, options.identity.keep_keys)
    finally:
        database.dispose()
    path = options.identity.credential_key_repository
    click.echo(f"{path}: rotated, {count} secrets sealed anew")
