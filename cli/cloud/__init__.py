"""A cloud on one machine: its settings, its control plane, its client."""
