"""Who may do what: the rules of all resources."""

from blockstore.policies import (
    attachments,
    quota_sets,
    services,
    snapshots,
    types,
    volumes,
)

RULES = [*volumes.RULES, *attachments.RULES, *types.RULES,
         *quota_sets.RULES, *services.RULES, *snapshots.RULES]
