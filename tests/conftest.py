"""Every test runs as the daemons do: with cooperating libraries."""

from common import concurrency

concurrency.patch()
