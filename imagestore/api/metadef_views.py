"""Metadata definitions as the API shows them."""

import urllib.parse
from collections.abc import Iterable
from typing import Any

from common import paging, wsgi
from imagestore.api import links, views
from imagestore.db.metadef_models import Association, Item, Namespace
from imagestore.schemas import metadefs as schemas

_ROOT = "/v2/metadefs/namespaces"
_SCHEMAS = "/v2/schemas/metadefs"


def namespace(row: Namespace, types: Iterable[Association] = (),
              items: Iterable[Item] = (), prefix: str = "",
              ) -> dict[str, Any]:
    """Return a namespace; of what it has, the kinds that there are.

    :param prefix: what comes before names of properties
    """
    shown: dict[str, Any] = {
        "namespace": row.name, "display_name": row.display_name,
        "description": row.description, "visibility": row.visibility,
        "protected": row.protected, "owner": row.owner,
        "self": _path(row.name), "schema": f"{_SCHEMAS}/namespace",
    } | _times(row)
    return shown | {name: value for name, value in {
        "resource_type_associations": [association(each) for each in types],
        "properties": {f"{prefix}{each.name}": each.body for each in items
                       if each.kind == "property"},
        "objects": [definition(row.name, each) for each in items
                    if each.kind == "object"],
        "tags": [{"name": each.name} for each in items
                 if each.kind == "tag"],
    }.items() if value}


def definition(owner: str, row: Item) -> dict[str, Any]:
    """Return an object of the namespace ``owner``."""
    return {"required": [], "properties": {}} | row.body | {
        "name": row.name, "self": f"{_path(owner)}/objects/"
        f"{urllib.parse.quote(row.name)}", "schema": f"{_SCHEMAS}/object",
    } | _times(row)


def prop(row: Item, prefix: str = "") -> dict[str, Any]:
    """Return a property."""
    return row.body | {"name": f"{prefix}{row.name}"}


def named(row: Any) -> dict[str, Any]:
    """Return what has a name and times alone, such as a tag."""
    return {"name": row.name} | _times(row)


def association(row: Association) -> dict[str, Any]:
    """Return an association, with what is said of it."""
    said = {"prefix": row.prefix, "properties_target": row.properties_target}
    return named(row) | {
        name: value for name, value in said.items() if value is not None}


def body(said: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a definition's body, its name aside."""
    return {name: value for name, value in said.items()
            if name != "name" and name not in schemas.READ_ONLY}


def many(req: wsgi.Request, name: str, shown: list[dict[str, Any]],
         page: paging.Page, last: str | None) -> dict[str, Any]:
    """Return a list with its links.

    :param last: the name of the last one
    """
    made = {name: shown, "schema": f"{_SCHEMAS}/{name}"}
    return links.add(made, req, page, len(shown), last)


def _path(name: str) -> str:
    return f"{_ROOT}/{urllib.parse.quote(name)}"


def _times(row: Any) -> dict[str, str]:
    return {"created_at": views.time(row.created_at),
            "updated_at": views.time(row.updated_at)}
