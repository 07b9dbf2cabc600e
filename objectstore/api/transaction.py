"""X-Trans-Id: on every answer, whatever it is."""

from collections.abc import Callable, Iterable
from typing import Any

from common import wsgi


class TransactionIds:
    """Gives each answer the request's id in the store's own form."""

    def __init__(self, app: Any, api: wsgi.API) -> None:
        self._app = app
        self.api = api

    def __call__(self, environ: dict[str, Any],
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]],
                  *rest: Any) -> Any:
            text = environ.get("common.request_id", "")
            headers.append((
                "X-Trans-Id",
                "tx" + text.removeprefix("req-").replace("-", "")))
            return start_response(status, headers, *rest)
        answer: Iterable[bytes] = self._app(environ, start)
        return answer
