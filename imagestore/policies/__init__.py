"""Who may do what: the rules of all resources."""

from imagestore.policies import images

RULES = images.RULES
