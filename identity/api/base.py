"""What the resources share: lists, links, filters, finding."""

import abc
import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import cachetools
import sqlalchemy as sa
from sqlalchemy import orm

from common import db, exceptions, jsontext, paging, wsgi
from identity.db import lookup
from identity.env import Env
from identity.policies.base import Things, target

#: Lists without ``limit`` end here, with a link to go on.
MAX_ROWS = 10_000
#: Of lists: what paging reads, and filters.
QUERY: dict[str, Any] = {
    "type": "object", "properties": paging.QUERY,
    "additionalProperties": {"type": "string", "maxLength": 1024},
}


class Resource(abc.ABC):
    """Handlers of some paths, and what they work with."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._db = env.db
        self._authority = env.authority
        self._announce = env.announce
        self._vault = env.vault
        self._hasher = env.hasher
        self._rules = env.rules
        self._first_pages: cachetools.LRUCache[Any, Any] = (
            cachetools.LRUCache(64))

    @abc.abstractmethod
    def routes(self) -> list[wsgi.Route]:
        """Return method, path and handler of each."""

    def read_rows(self, req: wsgi.Request, select: Callable[[], Any],
                  model: Any, domain_id: str | None = None
                  ) -> tuple[paging.Page, list[Any]]:
        """Return a page of plain rows: cheaper than objects, for long lists.

        :param select: returns what selects columns of ``model``, ``id``
            among them; the same for the same address and domain
        """
        page = page_for(req, model)
        key = req.environ["PATH_INFO"], domain_id, req.query_string
        statement = self._first_pages.get(key)
        with self._db.reader() as session:
            if statement is None:
                statement = page.apply(session, select(), model.id)
                if page.marker is None:
                    # To make it takes nearly as long as to run it.
                    self._first_pages[key] = statement
            rows = session.connection().execute(statement).all()
        return page, list(rows)


class Collection(Resource):
    """Things of which one may see, and change, all or none.

    A subclass says what is its own: how they are created, changed and
    viewed.
    """

    about: ClassVar[Things]
    model: ClassVar[Any]
    #: Columns by which lists are filtered, and sorted.
    filters: ClassVar[tuple[str, ...]] = ()
    order: ClassVar[str] = "id"
    #: Handlers of POST and PATCH.
    create: wsgi.Handler
    update: wsgi.Handler

    def routes(self) -> builtins.list[wsgi.Route]:
        about = self.about
        return [
            ("GET", about.path, self.list),
            ("POST", about.path, self.create),
            ("GET", about.one, self.show),
            ("PATCH", about.one, self.update),
            ("DELETE", about.one, self.delete),
        ]

    @abc.abstractmethod
    def view(self, req: wsgi.Request, row: Any) -> dict[str, Any]:
        """Return what clients see of one."""

    def get(self, session: orm.Session, id_: str) -> Any:
        """Return one, or raise Missing."""
        return lookup.get(session, self.model, id_,
                          self.about.kind.replace("_", " "))

    def remove(self, session: orm.Session, row: Any) -> None:
        """Delete one, or raise what forbids it."""
        session.delete(row)

    def select(self, query: Mapping[str, Any]) -> sa.Select[Any]:
        """Return what selects those that the query string asks for."""
        selected: sa.Select[Any] = filtered(
            sa.select(self.model), query,
            [getattr(self.model, name) for name in self.filters])
        return selected

    def shown(self, req: wsgi.Request, row: Any) -> dict[str, Any]:
        """Return the answer that is about one."""
        return {self.about.kind: self.view(req, row)}

    # What follows is described by the rules.
    @wsgi.handler(query=QUERY)
    def list(self, req: wsgi.Request) -> dict[str, Any]:
        req.authorize(self.about.list, {})
        page, rows = read_page(
            req, self._db, self.select(req.params_checked), self.model,
            default=self.order)
        return page_of(req, self.about.plural, page, rows, self.view)

    @wsgi.handler()
    def show(self, req: wsgi.Request, **named: str) -> dict[str, Any]:
        req.authorize(self.about.get, {})
        with self._db.reader() as session:
            row = self.get(session, *named.values())
        return self.shown(req, row)

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, **named: str) -> None:
        req.authorize(self.about.delete, {})
        with self._db.writer() as session:
            self.remove(session, self.get(session, *named.values()))


def path(*parts: str) -> str:
    """Return the path of a resource below this API's version."""
    return "/".join(("/v3", *parts))


def self_link(req: wsgi.Request, *parts: str) -> dict[str, str]:
    """Return the ``links`` of one thing."""
    return {"self": req.public_url(path(*parts))}


def place(req: wsgi.Request, *parts: str) -> str:
    """Return what the addresses of all in a collection begin with."""
    return req.public_url(path(*parts)) + "/"


def links(req: wsgi.Request, following: str | None = None
          ) -> dict[str, str | None]:
    """Return the ``links`` of a list."""
    query = f"?{req.query_string}" if req.query_string else ""
    return {"self": req.public_url(req.path) + query, "previous": None,
            "next": following}


def whole(req: wsgi.Request, name: str, views: list[Any]
          ) -> dict[str, Any]:
    """Return a list that has no pages."""
    return {name: views, "links": links(req)}


def page_of(req: wsgi.Request, name: str, page: paging.Page,
            rows: Sequence[Any], view: Callable[..., dict[str, Any]]
            ) -> dict[str, Any]:
    """Return one page of a list."""
    return listed(req, name, page, rows, [view(req, row) for row in rows])


def listed(req: wsgi.Request, name: str, page: paging.Page,
           rows: Sequence[Any], views: list[dict[str, Any]]
           ) -> dict[str, Any]:
    """Return one page of a list whose rows are viewed already."""
    return {name: views, "links": links(req, page.next_link(req, rows))}


def read_page(
        req: wsgi.Request, database: db.Database, statement: Any,
        model: Any, *, default: str = "name"
        ) -> tuple[paging.Page, list[Any]]:
    """Return the page of ``statement`` that the query string asks for."""
    page = page_for(req, model, default=default)
    with database.reader() as session:
        rows = session.scalars(
            page.apply(session, statement, model.id)).unique().all()
    return page, list(rows)


def page_for(req: wsgi.Request, model: Any, *,
             default: str = "name") -> paging.Page:
    """Return the page that the query string asks for."""
    keys = {"id": model.id}
    if default != "id":
        keys[default] = getattr(model, default)
    return paging.parse(req, keys, default=default, max_limit=MAX_ROWS)


def flag(text: str) -> bool:
    """Read a boolean of a query string; the bare name means true."""
    return text.lower() not in ("0", "false", "no", "off", "f", "n")


_COMPARE: dict[str, Callable[[Any, str], Any]] = {
    "contains": lambda c, v: c.contains(v, autoescape=True),
    "icontains": lambda c, v: sa.func.lower(c).contains(
        v.lower(), autoescape=True),
    "startswith": lambda c, v: c.startswith(v, autoescape=True),
    "istartswith": lambda c, v: sa.func.lower(c).startswith(
        v.lower(), autoescape=True),
    "endswith": lambda c, v: c.endswith(v, autoescape=True),
    "iendswith": lambda c, v: sa.func.lower(c).endswith(
        v.lower(), autoescape=True),
    "iequals": lambda c, v: sa.func.lower(c) == v.lower(),
}


def filtered(statement: Any, query: Mapping[str, Any],
             columns: Iterable[Any]) -> Any:
    """Return the rows whose columns are as the query string says.

    ``name=x`` compares; ``name__contains=x`` and the like look inside.
    Other names are not ours to judge: clients filter by them themselves.
    """
    by_name = {column.key: column for column in columns}
    for key, value in query.items():
        name, _, how = key.partition("__")
        column = by_name.get(name)
        if column is None or (how and how not in _COMPARE):
            continue
        if isinstance(column.type, sa.Boolean):
            statement = statement.where(column.is_(flag(value)))
        elif how:
            statement = statement.where(_COMPARE[how](column, value))
        else:
            statement = statement.where(column == value)
    return statement


def find(req: wsgi.Request, rule: str, get: Callable[[], Any],
         describe: Callable[[Any], dict[str, Any]]) -> Any:
    """Return what ``get`` returns if ``rule`` allows it.

    Whether a thing exists is told only to those who may see all of them:
    to others what is missing looks like what is not theirs.

    :param describe: returns the target of the rule
    :raises Forbidden: or what ``get`` raises
    """
    try:
        found = get()
    except exceptions.NotFound:
        req.authorize(rule, {})
        raise
    req.authorize(rule, describe(found))
    return found


def gate(req: wsgi.Request, rule: str) -> None:
    """Turn away those who could not do it in any domain.

    Before the body is read; what it says is then judged by the same rule.
    """
    req.authorize(rule, target(domain_id=req.ctx.domain_id))


def own_domain(req: wsgi.Request, rule: str, asked: str | None
               ) -> str | None:
    """Return the domain to which a list is limited, None for no limit.

    Who may see all sees what they ask for, but a token of a domain shows
    that domain unless another is asked for. Others see their domain.
    """
    wanted = asked or req.ctx.domain_id
    try:
        req.authorize(rule, {})
    except exceptions.Forbidden:
        req.authorize(rule, target(domain_id=wanted))
    return wanted


def json_response(value: Any, status: int) -> wsgi.Response:
    """Return an answer that needs headers too."""
    response = wsgi.Response(status=status, body=jsontext.dumps(value))
    response.headers["Content-Type"] = "application/json"
    return response


def split_extra(body: dict[str, Any], known: Iterable[str],
                read_only: Iterable[str] = ()
                ) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the members that are ours, and what the client just stores.

    :param read_only: dropped, for clients that send back what they got
    """
    names, dropped = set(known), set(read_only)
    return ({k: v for k, v in body.items() if k in names},
            {k: v for k, v in body.items() if k not in names | dropped})


def refuse_other_id(body: dict[str, Any], wanted: str, kind: str) -> None:
    """Raise BadRequest where the body has another id than the URL."""
    if body.get("id", wanted) != wanted:
        raise exceptions.BadRequest(
            reason=f"body.{kind}.id: is not that of the URL")


def merged(extra: dict[str, Any], changes: dict[str, Any]
           ) -> dict[str, Any]:
    """Return stored members after a PATCH; null takes one away."""
    return {name: value for name, value in (extra | changes).items()
            if value is not None}
