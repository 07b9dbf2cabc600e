"""Tasks of several steps, each with its undo, that survive any restart.

A task is a row, written in the transaction that decides on it. A worker
claims it by a lease, runs its steps in order, and records each; if it dies,
another goes on after the last step recorded. A task ends done, or undone
with the reason kept.
"""

from common.task.model import LostLease, Step, Task, step, transient
from common.task.runner import Runner
from common.task.store import create_tables, define_tables

__all__ = ["LostLease", "Runner", "Step", "Task", "create_tables",
           "define_tables", "step", "transient"]
