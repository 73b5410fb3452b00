"""One page in the browser, from its first byte until it shows nothing more."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Coroutine
from typing import Any, TypeAlias

from crawler.limits import RENDER_SCROLLS
from crawler.rendering import snapshot
from crawler.rendering.devtools import Devtools, Gone, Refused
from crawler.rendering.requests import Requests
from crawler.rendering.snapshot import Document

Json: TypeAlias = dict[str, Any]

_IDLE_SECONDS, _SETTLED_SECONDS = 0.4, 10.0
"""A page that has asked for nothing so long shows what it shows; one that never ceases to ask is
waited for so long."""
_SCROLLED_SECONDS, _SCROLL_SETTLED_SECONDS = 0.3, 2.0
"""The same after each scroll."""
_SNAPSHOT_SECONDS = 6.0
"""Of the last part of a page's time: to stop its scripts, and to see what is there."""
_RESTLESS_SECONDS = 1.5
"""A page that does not answer for so long runs a script that does not end."""
_SCROLL = """(() => {
  const before = scrollY;
  scrollBy(0, innerHeight);
  return scrollY > before;
})()"""


class Crashed(Exception):
    """The page took its process with it, or all of the browser."""


class Load:
    """Loads one page over a connection. `cut`: it had not come to rest when its time was over."""

    def __init__(self, requests: Requests) -> None:
        self.cut = False
        self._requests = requests
        self._devtools = Devtools(self._event)
        self._target = self._session = self._frame = ""
        self._loaded = asyncio.Event()
        self._crashed = asyncio.Event()
        self._open: dict[str, str] = {}
        self._quiet_since = time.monotonic()
        self._tasks: set[asyncio.Task[None]] = set()

    async def documents(
        self, connection: socket.socket, url: str, seconds: float
    ) -> list[Document]:
        """Return what is shown. Raises Crashed, NoSnapshot, and TimeoutError."""
        until = time.monotonic() + seconds
        working = asyncio.create_task(self._documents(connection, url, until))
        crashed = asyncio.create_task(self._crashed.wait())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait({working, crashed}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise Crashed
            return working.result()
        except (Gone, Refused) as err:
            raise Crashed from err
        finally:
            for task in (working, crashed, *self._tasks):
                task.cancel()
            await asyncio.gather(working, crashed, *self._tasks, return_exceptions=True)
            await self._devtools.close()

    async def _documents(self, connection: socket.socket, url: str, until: float) -> list[Document]:
        await self._devtools.open(connection)
        await self._prepare()
        try:
            async with asyncio.timeout_at(_clock(until - _SNAPSHOT_SECONDS)):
                await self._ask("Page.navigate", url=url)
                await self._shown()
        except TimeoutError:
            self.cut = True
        return await self._snapshot()

    async def _prepare(self) -> None:
        """Open a page in which nothing but our page can happen."""
        ask = self._devtools.ask
        self._target = (await ask("Target.createTarget", url="about:blank"))["targetId"]
        attached = await ask("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        # Whatever else begins (windows, workers of the site) waits, and is closed.
        await ask(
            "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True
        )
        await ask("Browser.setDownloadBehavior", behavior="deny")
        tree = await self._ask("Page.getFrameTree")
        self._frame = tree["frameTree"]["frame"]["id"]
        await self._ask("Page.enable")
        await self._ask("Inspector.enable")
        await self._ask("DOM.enable")
        await self._ask("Network.enable", maxTotalBufferSize=0, maxResourceBufferSize=0)
        await self._ask("Network.setBypassServiceWorker", bypass=True)
        await self._ask("Fetch.enable", patterns=[{"urlPattern": "*"}])
        await self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=1280,
            height=2400,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def _shown(self) -> None:
        """Wait until the page has come to rest; scroll, as what is far below is loaded by that."""
        await self._loaded.wait()
        await self._idle(_IDLE_SECONDS, _SETTLED_SECONDS)
        world = await self._ask("Page.createIsolatedWorld", frameId=self._frame)
        context = world["executionContextId"]
        for _ in range(RENDER_SCROLLS):
            with contextlib.suppress(Refused):  # it has gone elsewhere meanwhile
                said = await self._ask("Runtime.evaluate", expression=_SCROLL, contextId=context)
                if said["result"].get("value") is not True:
                    return
            await self._idle(_SCROLLED_SECONDS, _SCROLL_SETTLED_SECONDS)

    async def _idle(self, seconds: float, most: float) -> None:
        self._quiet_since = now = time.monotonic()
        until = now + most
        while now < until and (self._open or now - self._quiet_since < seconds):
            await asyncio.sleep(0.05)
            now = time.monotonic()

    async def _snapshot(self) -> list[Document]:
        """Return the documents; of a page whose scripts never rest, once they were stopped."""
        try:
            async with asyncio.timeout(_RESTLESS_SECONDS):
                await self._ask("Runtime.evaluate", expression="1")
        except TimeoutError:
            self.cut = True
            self._tell("Emulation.setScriptExecutionDisabled", self._session, value=True)
            self._tell("Runtime.terminateExecution", self._session)
            self._tell("Page.stopLoading", self._session)
        found = await self._ask("DOMSnapshot.captureSnapshot", computedStyles=list(snapshot.STYLES))
        return await asyncio.to_thread(snapshot.documents, found)

    async def _ask(self, method: str, **parameters: object) -> Json:
        return await self._devtools.ask(method, self._session, **parameters)

    # --- events ---

    def _event(self, session: str, method: str, said: Json) -> None:
        """Take an event. What it raises ends the connection."""
        if method.startswith("Network."):
            self._asked(session, method, said)
            return
        match method:
            case "Fetch.requestPaused":
                self._begin(self._decide(session, said))
            case "Page.loadEventFired":
                self._loaded.set()
            case "Page.javascriptDialogOpening":
                self._tell("Page.handleJavaScriptDialog", session, accept=False)
            case "Target.attachedToTarget" if said["targetInfo"]["targetId"] != self._target:
                self._tell("Target.closeTarget", targetId=said["targetInfo"]["targetId"])
            case "Inspector.targetCrashed" | "Inspector.detached" if session == self._session:
                self._crashed.set()

    def _asked(self, session: str, method: str, said: Json) -> None:
        """Note what the page asks for, and what became of it."""
        number = str(said.get("requestId"))
        match method:
            case "Network.requestWillBeSent" if session == self._session:
                if _is_waited_for(said):
                    self._open[number] = str(said["request"]["url"])
            case "Network.responseReceived":
                self._requests.answered(said["response"], str(said["type"]))
            case "Network.loadingFinished" | "Network.loadingFailed":
                if url := self._open.pop(number, ""):
                    self._quiet_since = time.monotonic()
                    if why := said.get("errorText"):
                        self._requests.failed(url, str(said["type"]), str(why))

    async def _decide(self, session: str, paused: Json) -> None:
        command, more = await self._requests.answer(paused, self._frame)
        self._tell(command, session, requestId=paused["requestId"], **more)

    def _tell(self, method: str, session: str = "", **parameters: object) -> None:
        with contextlib.suppress(Gone):
            self._devtools.tell(method, session, **parameters)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_waited_for(said: Json) -> bool:
    """Whether a request may still show something, and says when it has ended."""
    waited = {"Document", "Stylesheet", "Script", "Image", "XHR", "Fetch"}
    url = str(said["request"]["url"])
    return said.get("type") in waited and url.startswith(("https://", "http://"))


def _clock(until: float) -> float:
    """A time of time.monotonic, as the event loop has it."""
    return asyncio.get_running_loop().time() + until - time.monotonic()
