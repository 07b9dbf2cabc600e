"""The /domains/{domain_id}/config resource."""

from typing import Any

from sqlalchemy import orm

from common import bootstrap, wsgi
from identity import compliance, domain_options
from identity.api import base
from identity.db import domain_options as queries
from identity.db import projects
from identity.exceptions import DomainConfigNotFound, InvalidDomainConfig
from identity.policies import domain_config as policies
from identity.schemas import domain_config as schemas

_COMPLIANCE = compliance.GROUP


class DomainConfig(base.Resource):
    """Handlers of /domains/{domain_id}/config."""

    def routes(self) -> list[wsgi.Route]:
        config = "/domains/{domain_id}/config"
        group, option = f"{config}/{{group}}", f"{config}/{{group}}/{{option}}"
        default = "/domains/config"
        return [
            ("GET", f"{default}/default", self.default),
            ("GET", f"{default}/{{group}}/default", self.default),
            ("GET", f"{default}/{{group}}/{{option}}/default", self.default),
            ("GET", f"{config}/{_COMPLIANCE}", self.show_compliance),
            ("GET", f"{config}/{_COMPLIANCE}/{{option}}",
             self.show_compliance),
            ("PUT", config, self.replace),
            ("GET", config, self.show),
            ("PATCH", config, self.update),
            ("DELETE", config, self.delete),
            ("GET", group, self.show),
            ("PATCH", group, self.update),
            ("DELETE", group, self.delete),
            ("GET", option, self.show),
            ("PATCH", option, self.update_option),
            ("DELETE", option, self.delete),
        ]

    @wsgi.handler()
    def default(self, req: wsgi.Request, group: str | None = None,
                option: str | None = None) -> dict[str, Any]:
        """Show what holds where nothing is set."""
        req.authorize(policies.GET_DEFAULT, {})
        if group is not None:
            domain_options.check(group, option, sensitive=False)
        return {"config": _part(domain_options.DEFAULTS, group, option)}

    @wsgi.handler()
    def show_compliance(self, req: wsgi.Request, domain_id: str,
                        option: str | None = None) -> dict[str, Any]:
        """Show what is demanded of passwords, to all who must choose one."""
        req.authorize(policies.GET_COMPLIANCE, {})
        if domain_id != bootstrap.DEFAULT_DOMAIN_ID:
            raise InvalidDomainConfig(
                reason=f"{_COMPLIANCE} is shown for domain "
                       f"{bootstrap.DEFAULT_DOMAIN_ID} alone; it is the "
                       "same for all")
        pattern = self._rules.pattern
        shown = {
            "password_regex": pattern and pattern.pattern,
            "password_regex_description":
                self._rules.pattern_description or None}
        if option is None:
            return {"config": {_COMPLIANCE: shown}}
        if option not in shown:
            raise InvalidDomainConfig(
                reason=f"option {option[:64]} in group {_COMPLIANCE} is "
                       f"not shown, only {' and '.join(shown)}")
        return {"config": {option: shown[option]}}

    @wsgi.handler(body=schemas.CONFIG)
    def replace(self, req: wsgi.Request, domain_id: str) -> wsgi.Response:
        """Set these options, and no others."""
        req.authorize(policies.CREATE, {})
        with self._db.writer() as session:
            projects.get_domain(session, domain_id)
            known = queries.delete(session, domain_id)
            shown = self._set(session, domain_id, req.json["config"])
        return base.json_response({"config": shown}, 200 if known else 201)

    @wsgi.handler()
    def show(self, req: wsgi.Request, domain_id: str,
             group: str | None = None, option: str | None = None
             ) -> dict[str, Any]:
        req.authorize(policies.GET, {})
        if group is not None:
            domain_options.check(group, option)
        with self._db.reader() as session:
            projects.get_domain(session, domain_id)
            config = queries.get(session, domain_id)
        shown = _part(config, group, option)
        if not shown:
            raise DomainConfigNotFound(domain_id=domain_id)
        return {"config": shown}

    @wsgi.handler(body=schemas.CONFIG)
    def update(self, req: wsgi.Request, domain_id: str,
               group: str | None = None) -> dict[str, Any]:
        """Set these options, of the one group if the URL names it."""
        req.authorize(policies.UPDATE, {})
        config = req.json["config"]
        if group is not None:
            domain_options.check(group)
            _check_names(config, group)
        with self._db.writer() as session:
            self._check_set(session, domain_id, group)
            return {"config": self._set(session, domain_id, config)}

    @wsgi.handler(body=schemas.OPTION)
    def update_option(self, req: wsgi.Request, domain_id: str, group: str,
                      option: str) -> dict[str, Any]:
        """Set an option that is set already."""
        req.authorize(policies.UPDATE, {})
        config = req.json["config"]
        domain_options.check(group, option)
        _check_names(config, option)
        with self._db.writer() as session:
            self._check_set(session, domain_id, group, option)
            return {"config": self._set(
                session, domain_id, {group: config})}

    @wsgi.handler(status=204)
    def delete(self, req: wsgi.Request, domain_id: str,
               group: str | None = None, option: str | None = None) -> None:
        """Unset all, a group, or one option."""
        req.authorize(policies.DELETE, {})
        if group is not None:
            domain_options.check(group, option)
        with self._db.writer() as session:
            self._check_set(session, domain_id, group, option)
            queries.delete(session, domain_id, group, option)

    def _check_set(self, session: orm.Session, domain_id: str,
                   group: str | None, option: str | None = None) -> None:
        """Raise unless the domain is there, and has what the URL names."""
        projects.get_domain(session, domain_id)
        if group is not None and not queries.is_set(
                session, domain_id, group, option):
            raise DomainConfigNotFound(domain_id=domain_id)

    def _set(self, session: orm.Session, domain_id: str,
             config: dict[str, Any]) -> queries.Config:
        """Set options, and return all that clients may see."""
        for group, option, value in domain_options.checked(config):
            queries.put(session, domain_id, group, option, value,
                        self._vault.seal)
        session.flush()
        return queries.get(session, domain_id)


def _part(config: queries.Config, group: str | None,
          option: str | None) -> dict[str, Any]:
    """Return what is asked for; nothing where that is not there."""
    if group is None:
        return config
    if option is None:
        return {group: config[group]} if group in config else {}
    options = config.get(group, {})
    return {option: options[option]} if option in options else {}


def _check_names(config: dict[str, Any], wanted: str) -> None:
    if set(config) != {wanted}:
        raise InvalidDomainConfig(
            reason=f"the URL names {wanted}, so that the body's config may "
                   "have no other member")
