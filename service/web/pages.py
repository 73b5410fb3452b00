"""How every page is made: template, language, scripts, headers; and the pages for errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.domain.errors import NotFound, ServiceError
from service.edge.opening import Price
from service.edge.problems import STATUS, retry_after_of
from service.edge.unexpected_errors import log_unexpected
from service.edge.work_threads import in_threads
from service.settings import Settings
from service.web import headers, languages, operator, statics
from service.web.headers import Kind
from service.web.languages import Language
from service.web.operator import Operator
from service.web.statics import Statics

TEMPLATES = Path(__file__).parent / "templates"
_SCRIPT = "service/web/static/{}.js"


@dataclass(frozen=True)
class Pages:
    """Everything that is needed to render a page, read once."""

    exit_url: str
    operator: Operator
    languages: dict[str, Language]
    statics: Statics

    @cached_property
    def _environments(self) -> dict[str, Environment]:
        return {tag: self._environment(language) for tag, language in self.languages.items()}

    def _environment(self, language: Language) -> Environment:
        """Return the templates in one language; a text is looked up when a template uses it."""
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,  # a misspelt name is an error, not an empty string
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.globals.update(
            exit_url=self.exit_url,
            operator=self.operator,
            languages=list(self.languages.values()),
            language=language,
            asset=self._asset,
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            language.text, lambda one, many, n: one if n == 1 else many, newstyle=True
        )
        return environment

    def _asset(self, name: str) -> dict[str, str]:
        path = f"service/web/static/{name}"
        return {"url": statics.url(path), "integrity": self.statics.integrity[path]}

    def render(
        self,
        language: Language,
        template: str,
        *,
        kind: Kind = Kind.PAGE,
        status: int = 200,
        **values: Any,  # noqa: ANN401 (whatever the template shows)
    ) -> HTMLResponse:
        """Return the page of `templates/TEMPLATE.html`, with the headers of its kind.

        If `values` has a `script`, the page runs that module; an import map names the integrity
        of every module that it imports.
        """
        script = values.setdefault("script", None)
        values["modules"], values["import_map"] = [], ""
        if script:
            entry = _SCRIPT.format(script)
            values["import_map"] = self.statics.import_map(entry)
            values["modules"] = [
                {"url": statics.url(path), "integrity": self.statics.integrity[path]}
                for path in self.statics.modules(entry)
            ]
        name = template.rpartition("/")[2]
        body = self._environments[language.tag].get_template(f"{template}.html")
        inline = statics.hash_source(values["import_map"]) if script else None
        response_headers = {
            **headers.of(kind, inline=inline, exit_url=self.exit_url),
            "Content-Language": language.tag,
        }
        return HTMLResponse(body.render(page=name, **values), status, response_headers)


def read(settings: Settings) -> Pages:
    """Read the catalogues and static files."""
    return Pages(settings.exit_url, operator.of(settings), languages.read(), statics.read())


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


CurrentPages = Annotated[Pages, Depends(_pages)]


def _page_language(language: str, pages: CurrentPages) -> Language:
    """Return the language named in the path. Raises NotFound."""
    if language not in pages.languages:
        raise NotFound
    return pages.languages[language]


PageLanguage = Annotated[Language, Depends(_page_language)]


class AnswerWithPage(Exception):
    """Raised by a route's dependency to answer with another page than the route would."""

    def __init__(self, page: Response) -> None:
        super().__init__()
        self.page = page


class PageRoute(APIRoute):
    """A route that answers errors with a page, in the language of the request."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 (FastAPI's own)
        super().__init__(path, in_threads(endpoint), **more)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler of this route, with its errors caught."""
        handle = super().get_route_handler()

        async def handle_with_error_page(request: Request) -> Response:
            if request.method == "POST" and _is_cross_site(request):
                return self.error(request, "Forbidden", 403)
            try:
                return await handle(request)
            except AnswerWithPage as answer:
                return answer.page
            except ServiceError as err:
                page = self.error(request, type(err).__name__, STATUS[type(err)].value)
                return _with_retry_after(page, err)
            except Exception as err:  # noqa: BLE001 (outside of here the answer would be JSON)
                log_unexpected(err, self.path)
                return self.error(request, "ServiceError", 500)

        return handle_with_error_page

    def error(self, request: Request, error: str, status: int) -> Response:
        """Return the answer to a request that failed."""
        return error_page(request, error, status)


class FrameRoute(PageRoute):
    """A route whose answer is loaded into a frame of the page that asks, always by a redirect.

    Browsers write what was posted into their session files, with the page that answered it. So no
    page answers the message itself: each is asked for anew, by an address that says no secret.
    """

    def error(self, request: Request, error: str, status: int) -> Response:
        """Return a redirect to the page for this error."""
        del status  # the page has it
        return to_framed_error(request, error)


_PAGE_PATH = re.compile(r"/([a-z]{2,3}(?:-[a-z]{2,4})?)/")


def refusal(scope: MutableMapping[str, Any], err: ServiceError) -> Response | None:
    """Return the error page of a request that no route was chosen for; None if it is no page's.

    The language is parsed from the path.
    """
    match = _PAGE_PATH.match(scope["path"])
    if not match:
        return None
    scope["path_params"] = {"language": match[1]}
    request, name = Request(scope), type(err).__name__
    if scope["path"].endswith(("/sent", "/checked", "/acted")):
        return _with_retry_after(to_framed_error(request, name), err)
    return _with_retry_after(error_page(request, name, STATUS[type(err)].value), err)


def _with_retry_after(answer: Response, err: ServiceError) -> Response:
    if retry_after := retry_after_of(err):
        answer.headers["Retry-After"] = retry_after
    return answer


def _is_cross_site(request: Request) -> bool:
    """Whether another site made the browser post this form, to bind an owner to its own case.

    Source: Fetch Metadata (W3C). `none` means the person did it; old browsers send no header.
    """
    return request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}


def error_page(
    request: Request,
    error: str,
    status: int,
    *,
    kind: Kind = Kind.PAGE,
    price: Price | None = None,
) -> HTMLResponse:
    """Return the page that says what went wrong and what to do next.

    `price` is the work that is needed, if too little was done.
    """
    language = _language_of(request)
    framed = kind is Kind.ANSWER
    pages = _pages(request)
    shown = {"error": error, "framed": framed, "price": price}
    return pages.render(language, "error", kind=kind, status=status, **shown)


def to_framed_error(request: Request, error: str) -> RedirectResponse:
    """Return the redirect to an error page in the frame (`owner.sending.show_error`)."""
    return to_frame(f"/{_language_of(request).tag}/sent/error/{error}")


def to_frame(address: str) -> RedirectResponse:
    """Return the redirect that answers what was posted from the frame, to be got from there."""
    return RedirectResponse(address, 303, headers.of(Kind.ANSWER))


def _language_of(request: Request) -> Language:
    """Return the language of the path, or else the one that the browser prefers."""
    known = _pages(request).languages
    return known.get(str(request.path_params.get("language", ""))) or languages.preferred(
        known, request.headers.get("Accept-Language", "")
    )
