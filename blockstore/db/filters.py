"""What lists of a project's things may be narrowed by."""

import dataclasses
from typing import Any, ClassVar


@dataclasses.dataclass
class Filters:
    """Which rows of ``model`` a list shows; None does not filter."""

    model: ClassVar[Any]

    project_id: str | None = None
    equal: dict[str, str] = dataclasses.field(default_factory=dict)

    def apply(self, statement: Any) -> Any:
        """Return ``statement`` with the conditions."""
        if self.project_id is not None:
            statement = statement.where(
                self.model.project_id == self.project_id)
        for name, value in self.equal.items():
            statement = statement.where(getattr(self.model, name) == value)
        return statement
