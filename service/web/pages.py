"""The pages' language, look and headers: what every page is made with."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.domain.errors import NotFound, ServiceError, TooLarge
from service.edge.problems import STATUS
from service.edge.unexpected_errors import log_unexpected
from service.web import languages, statics
from service.web.headers import Kind, of
from service.web.languages import Language
from service.web.site import support
from service.web.site.support import Service
from service.web.statics import Statics

TEMPLATES = Path(__file__).parent / "templates"
_ENTRY = "service/web/static/{}.js"


@dataclass(frozen=True)
class Site:
    """Everything that pages are made of, read once."""

    exit_url: str
    languages: dict[str, Language]
    statics: Statics
    services: tuple[Service, ...]

    @cached_property
    def _environments(self) -> dict[str, Environment]:
        return {tag: self._environment(language) for tag, language in self.languages.items()}

    def _environment(self, language: Language) -> Environment:
        """Templates in one language: its texts are looked up as a template asks for them."""
        made = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,  # a misspelt name is a fault, not an empty place
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        made.globals.update(
            exit_url=self.exit_url,
            languages=list(self.languages.values()),
            language=language,
            asset=self._asset,
        )
        made.install_gettext_callables(  # type: ignore[attr-defined]
            language.text, lambda one, many, n: one if n == 1 else many, newstyle=True
        )
        return made

    def _asset(self, name: str) -> dict[str, str]:
        path = f"service/web/static/{name}"
        return {"url": statics.url(path), "integrity": self.statics.integrity[path]}

    def page(
        self,
        language: Language,
        name: str,
        *,
        kind: Kind = Kind.PAGE,
        status: int = 200,
        **values: Any,  # noqa: ANN401 (whatever the template shows)
    ) -> HTMLResponse:
        """Return the page of a template, `name`.html, with its headers.

        `script` among the values names the module that the page runs; those that it imports are
        held to their integrity by an import map.
        """
        script = values.setdefault("script", None)
        values["modules"], values["import_map"] = [], ""
        if script:
            entry = _ENTRY.format(script)
            values["import_map"] = self.statics.import_map(entry)
            values["modules"] = [
                {"url": statics.url(path), "integrity": self.statics.integrity[path]}
                for path in self.statics.modules(entry)
            ]
        template = self._environments[language.tag].get_template(f"{name}.html")
        inline = statics.hash_source(values["import_map"]) if script else None
        headers = {**of(kind, inline=inline), "Content-Language": language.tag}
        return HTMLResponse(
            template.render(page=name.rpartition("/")[2], **values), status, headers
        )


def read(exit_url: str) -> Site:
    """Read catalogues, files and the data of the pages."""
    return Site(exit_url, languages.read(), statics.read(), support.read())


def site(request: Request) -> Site:
    """Return the site of the running app."""
    found: Site = request.app.state.site
    return found


Here = Annotated[Site, Depends(site)]


def spoken(language: str, here: Here) -> Language:
    """Return the language that the path names. Raises NotFound."""
    if language not in here.languages:
        raise NotFound
    return here.languages[language]


Spoken = Annotated[Language, Depends(spoken)]


class Instead(Exception):
    """Another page is the answer: raised where a route's dependency finds out."""

    def __init__(self, page: HTMLResponse) -> None:
        super().__init__()
        self.page = page


class PageRoute(APIRoute):
    """A route that answers errors with a page, in the language that was asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's own handler, with its errors caught."""
        handle = super().get_route_handler()

        async def kindly(request: Request) -> Response:
            if request.method == "POST" and _from_elsewhere(request):
                return fault(request, "Forbidden", 403)
            try:
                return await handle(request)
            except Instead as instead:
                return instead.page
            except ServiceError as err:
                return fault(request, type(err).__name__, STATUS[type(err)].value)
            except Exception as err:  # noqa: BLE001 (the page is the last place to say so kindly)
                log_unexpected(err, self.path)
                return fault(request, "ServiceError", 500)

        return kindly


_PAGES = re.compile(r"/([a-z]{2,3}(?:-[a-z]{2,4})?)/")


def too_large(scope: MutableMapping[str, Any]) -> Response | None:
    """Return the page for a body that is not read, before its route is known; None: no page's."""
    found = _PAGES.match(scope["path"])
    if not found:
        return None
    scope["path_params"] = {"language": found[1]}
    return fault(Request(scope), "TooLarge", STATUS[TooLarge].value)


def _from_elsewhere(request: Request) -> bool:
    """Whether another site made the browser post this: to bind an owner to a case of its own.

    Source: Fetch Metadata (W3C). `none` is the person at the browser; old browsers say nothing.
    """
    return request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}


def fault(request: Request, name: str, status: int) -> HTMLResponse:
    """Return the page that tells what went wrong, and what to do next."""
    here = site(request)
    asked = str(request.path_params.get("language", ""))
    language = here.languages.get(asked) or languages.preferred(
        here.languages, request.headers.get("Accept-Language", "")
    )
    framed = request.url.path.endswith("/sent")
    kind = Kind.ANSWER if framed else Kind.PAGE
    return here.page(language, "error", kind=kind, status=status, error=name, framed=framed)
