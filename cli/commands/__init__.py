"""The subcommands of ``pileus``, one module each."""
