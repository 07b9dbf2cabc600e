"""Images that lie on web servers of others: they can only be read."""

from oslo_config import cfg

from common import fetch
from imagestore import conf as conf_options
from imagestore import exceptions
from imagestore.stores import base


class OpenedPage(base.Opened):
    """What is at a URL, best read from its start to its end."""

    def __init__(self, url: str, rules: fetch.Rules) -> None:
        self._url = url
        self._rules = rules
        self._at = 0
        self._body = fetch.get(url, rules)
        self.size = self._body.size

    def read(self, offset: int, length: int) -> bytes:
        if offset != self._at:
            self._body.close()
            self._body = fetch.get(self._url, self._rules, start=offset)
            self._at = offset
        chunk = self._body.read(length)
        self._at += len(chunk)
        return chunk

    def close(self) -> None:
        self._body.close()


class HttpStore(base.ImageStore):
    """URLs; a key is the URL."""

    green = True
    read_only = True

    def __init__(self, rules: fetch.Rules) -> None:
        self._rules = rules

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts, name: str) -> "HttpStore":
        return cls(conf_options.web_rules(conf))

    def prepare(self) -> None:
        pass

    def stage(self, key: str) -> base.Staged:
        raise exceptions.StoreReadOnly()

    def open(self, key: str) -> OpenedPage:
        return OpenedPage(key.partition("#")[0], self._rules)

    def delete(self, key: str) -> None:
        pass
