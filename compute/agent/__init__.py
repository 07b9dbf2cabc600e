"""The agent that keeps servers on one host."""
