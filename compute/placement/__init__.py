"""What hosts have, and who holds how much of it.

A library over the API database, which the conductors call directly; its
REST face is ``compute.api.placement``.
"""
