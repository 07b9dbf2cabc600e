"""Who may do what: the rules of all resources."""

from imagestore.policies import images, metadefs

RULES = [*images.RULES, *metadefs.RULES]
