"""Who may do what: the rules of all resources."""

from imagestore.policies import images, metadefs, stores

RULES = [*images.RULES, *metadefs.RULES, *stores.RULES]
