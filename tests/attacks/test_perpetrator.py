"""Whoever has an owner's picture, address and mailbox learns nothing by a case of their own.

They open one with the picture and copies of it, name the same address, set up what tells them, read
every page and document of the case, guess codes, withdraw and erase. Each answer is the same, and
takes as long, whether an owner has all of this or nobody: see `same_picture` and `timing`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from demo.server import running
from tests.attacks import timing
from tests.attacks.same_picture import CHOSEN, Answer, Asked, Client, Have, Owners, near, submission

pytestmark = pytest.mark.enable_socket

SETTINGS = {
    "WORK_PIECES": "0",
    "ALERT_DELAY_MINUTES": "0",
    "CASES_PER_HOUR": "1000000",
    "CASE_SIGNALS_PER_HOUR": "100000000",
    "MAIL_HOST": "127.0.0.1",
    "MAIL_PORT": "9",
    "MAIL_SENDER": "post@plain.example",
}
PAIRS, AT_ONCE, GROUP = 504, 63, 21
"""So many in all; before the service begins anew, whose hour has a budget of test messages; and so
many that wait for the worker together."""
A_FEW = 4
PATIENCE = 5000
TOO_MANY = 429
BLOCKED = '"blocked"'
"""What a case says once a platform has looked up its picture, and answered."""
PAGES = ("addresses", "alerts", "shared", "more", "withdraw", "erase")
WRONG = "2222-2222-2222-2222"
_RANDOM = re.compile(
    r"[0-9]{3}-[0-9]{3}-[0-9]{4}"  # a case's number
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # an id in a feed
    r"|\b(\w{4}-){3}\w{4}\b"  # a code
    r"|([0-9]{8}\.)?[A-Za-z0-9+/_-]{24,}=*"  # keys, digests, stamps with their minute
)
Steps = Generator[Asked, Answer, None]
Times = dict[str, tuple[list[float], list[float]]]


@contextmanager
def owned(folder: Path, pairs: int) -> Iterator[Owners]:
    with running(folder / "state", **SETTINGS) as service:
        owners = Owners(service)
        owners.begin(pairs)
        yield owners


def timed(folder: Path, number: int) -> Times:
    """Time each answer so many times."""
    times: Times = defaultdict(lambda: ([], []))
    with owned(folder, number) as owners:
        for begin in range(0, number, GROUP):
            if begin and begin % AT_ONCE == 0:
                owners.service.stop()
                owners.service.start()
            some = look_for_signs(owners, owners.pairs[begin : begin + GROUP])
            for route, both in some.items():
                for which in (0, 1):
                    times[route][which].extend(both[which])
    return times


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owners]:
    with owned(tmp_path_factory.mktemp("few"), A_FEW) as owners:
        yield owners


def test_each_answer_is_the_same_whether_somebody_has_it(few: Owners) -> None:
    """A few times, and together as fast; the soak times each."""
    times = look_for_signs(few, few.pairs)
    together = [[one for of_route in times.values() for one in of_route[arm]] for arm in (0, 1)]
    said = timing.compared(*together)
    assert said.alike, said
    assert len(times) > 40


@pytest.mark.soak
def test_each_answer_takes_as_long_whether_somebody_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = timed(tmp_path, PAIRS)
    said = {route: timing.compared(*both) for route, both in times.items()}
    with capsys.disabled():
        for route, one in said.items():
            print(f"\n{route:44}", *(f"{each:8.3f}" for each in one), end="")  # noqa: T201
    assert {route: one for route, one in said.items() if not one.alike} == {}


def test_an_answer_that_takes_longer_is_found(few: Owners) -> None:
    """What all of this rests on: the page of a case of 50 entries, beside one that has none."""
    random = Random(7)
    both: tuple[list[float], list[float]] = ([], [])
    with closing(Client(few.service)) as client:
        asked = (_overview(client, random), Asked("GET", "/v1/challenge"))
        for _ in range(100):
            for which in random.sample((0, 1), 2):
                both[which].append(client.ask(asked[which]).seconds)
    assert timing.compared(*both).location > timing.MOST
    assert timing.compared(both[1], random.sample(both[1], len(both[1]))).alike


def _overview(client: Client, random: Random) -> Asked:
    key = random.randbytes(32).hex()
    document = submission(key, *(random.getrandbits(256) for _ in range(50)))
    opened = client.ask(Asked("POST", "/v1/cases", document))
    stamp = _stamp(client.ask(Asked("GET", "/en/overview")))
    form = {"case": _number(opened), "access_key": key, "stamp": stamp}
    return Asked("POST", "/en/overview", form=form)


def _number(answer: Answer) -> str:
    (number,) = re.findall(r"[0-9]{3}-[0-9]{3}-[0-9]{4}", answer.text)
    return str(number)


def _stamp(answer: Answer) -> str:
    (stamp,) = re.findall(r'name="stamp" value="([^"]+)"', answer.text)
    return str(stamp)


def look_for_signs(owners: Owners, pairs: Sequence[tuple[Have, Have]]) -> Times:
    """Ask for what an owner has, and for what nobody has, in turns. Return seconds by route.

    All go as far as they can before the worker has to do something, and then wait for it together.
    """
    times: Times = defaultdict(lambda: ([], []))
    random = Random(len(pairs))
    with closing(Client(owners.service)) as one, closing(Client(owners.service)) as other:
        for pair in pairs:
            for have in random.sample(pair, 2):
                owners.report(have.picture)
        both = []
        for n, (known, unknown) in enumerate(pairs):
            first, second = random.sample((one, other), 2)
            both.append((Arm(known, first, n), Arm(unknown, second, n)))
        while any(arms[0].asked for arms in both):
            for arms in both:
                for arm in random.sample(arms, 2):
                    arm.wait()
                ask_in_turns(arms, times, random)
            if any(arm.asked and arm.asked.until == BLOCKED for arm, _ in both):
                for pair in pairs:
                    for have in random.sample(pair, 2):
                        owners.look_up(have.picture)
    return times


def ask_in_turns(arms: Sequence[Arm], times: Times, random: Random) -> None:
    """Go on until the worker has to do something first."""
    while arms[0].asked:
        route = arms[0].route
        assert route == arms[1].route
        for which in random.sample((0, 1), 2):
            times[route][which].append(arms[which].go_on())
        assert arms[0].said == arms[1].said, route
        if arms[0].asked and arms[0].asked.until:
            return


class Arm:
    """Somebody, in a world where an owner has this, or where nobody has."""

    def __init__(self, have: Have, client: Client, draws: int) -> None:
        self.have = have
        self.credential = ""
        self._client = client
        self._steps = steps(self, Random(draws))
        self.asked: Asked | None = next(self._steps)
        self.said: object = None

    @property
    def route(self) -> str:
        assert self.asked
        path = re.sub(r"/feed/\w+", "/feed/…", self.asked.path)
        return f"{self.asked.method} {path} {self.asked.then}".rstrip()

    def wait(self) -> None:
        """Ask until the worker has done what the next answer is about."""
        if self.asked and self.asked.until:
            for _ in range(PATIENCE):
                if self.asked.until in self._client.ask(self.asked, self.credential).text:
                    return
            raise AssertionError(self.asked)

    def go_on(self) -> float:
        """Ask for the next thing; return how long the answer took, in seconds."""
        assert self.asked
        answer = self._client.ask(self.asked, self.credential)
        assert answer.status != TOO_MANY, self.asked
        self.said = self._without_what_is_random(answer)
        self.asked = next_of(self._steps, answer)
        return answer.seconds

    def _without_what_is_random(self, answer: Answer) -> object:
        """All that somebody can read, but what is drawn anew for each, and what they gave."""
        headers = [(name, text) for name, text in answer.headers if name.lower() != "date"]
        said = repr((answer.status, headers, answer.text))
        for own in (self.have.address, self.have.mailbox):
            said = said.replace(own, "·")
        return _RANDOM.sub("·", said)


def next_of(asking: Steps, answer: Answer) -> Asked | None:
    try:
        return asking.send(answer)
    except StopIteration:
        return None


def steps(arm: Arm, random: Random) -> Steps:
    """Everything that somebody can do who has a picture, an address and a mailbox."""
    have = arm.have
    key = f"{near(have.picture, 9, random):064x}"
    copies = [near(have.picture, bits, random) for bits in (2, 10, 20, 28, 40)]
    yield Asked("GET", "/v1/challenge")
    document = {**submission(key, have.picture, *copies[:2]), "intake_code": WRONG}
    opened = yield Asked("POST", "/v1/cases", document)
    yield Asked("POST", "/v1/cases", document, then="again")
    number = _number(opened)
    arm.credential = f"Case {number}:{key}"
    yield Asked("GET", "/v1/case", until='"observation"')
    more = {"entries": submission(key, *copies)["entries"]}
    yield from addresses(have)  # and then the picture: before, that told of visits for others
    yield Asked("POST", "/v1/case/entries", more)
    yield Asked("POST", "/v1/case/entries", more, then="again")
    yield from alerts(have)
    yield from sharing()
    yield from pages(number, key)
    yield from end()


def addresses(have: Have) -> Steps:
    for scope, then in (("page", ""), ("thread", "of a thread"), ("page", "again")):
        yield Asked(
            "POST",
            "/v1/case/watches",
            {"address": have.address, "scope": scope, "shows_minor": False},
            then=then,
        )
    yield Asked("GET", "/v1/case/watches")


def alerts(have: Have) -> Steps:
    base = "/v1/case/alerts"
    made = yield Asked("POST", f"{base}/channels", {"kind": "feed", **CHOSEN})
    (path,) = re.findall(r"/feed/\w+", made.text)
    yield Asked("GET", path)
    mail = {"kind": "mail", "address": have.mailbox, **CHOSEN}
    yield Asked("POST", f"{base}/channels", mail, then="by mail")
    yield Asked("POST", f"{base}/channels/mail/test", {})
    yield Asked("POST", f"{base}/channels/mail/check", {"address": have.mailbox})
    yield Asked("POST", f"{base}/channels/mail/code", {"code": "123456"})
    yield Asked("GET", base)
    yield Asked("PUT", f"{base}/ask", {"after_days": 90})
    yield Asked("GET", "/v1/case", until=BLOCKED, then="after a lookup")
    yield Asked("GET", path, until="<entry>", then="after a lookup")
    yield Asked("PUT", f"{base}/mute", {"days": 7})


def sharing() -> Steps:
    yield Asked("POST", "/v1/case/grants", {"scopes": []})
    yield Asked("GET", "/v1/case/grants")
    yield Asked("GET", "/v1/case/audit")
    yield Asked("DELETE", "/v1/case/grants/1")
    yield Asked("POST", "/en/together", form={"intake_code": WRONG})


def pages(number: str, key: str) -> Steps:
    first = yield Asked("GET", "/en/overview")
    form = {"case": number, "access_key": key, "stamp": _stamp(first)}
    yield Asked("POST", "/en/checked", form=form)
    yield Asked("POST", "/en/overview", form=form)
    for page in PAGES:
        yield Asked("POST", f"/en/{page}", form=form)
    for page in ("alerts/same", "alerts/test"):
        yield Asked("POST", f"/en/{page}", form={**form, "kind": "mail", "address": "a@b.example"})
    yield Asked("POST", "/en/shared/new", form={**form, "days": "30"})
    yield Asked("POST", "/en/addresses/removed", form={**form, "entry": "2"})


def end() -> Steps:
    yield Asked("DELETE", "/v1/case/watches/1")
    yield Asked("DELETE", "/v1/case/entries/1")
    yield Asked("POST", "/v1/case/entries/1/undo")
    yield Asked("DELETE", "/v1/case/entries/2?erase=now")
    yield Asked("DELETE", "/v1/case/alerts")
    yield Asked("DELETE", "/v1/case")
    yield Asked("GET", "/v1/case", then="withdrawn")
    yield Asked("POST", "/v1/case/undo")
    yield Asked("DELETE", "/v1/case?erase=now")
    yield Asked("GET", "/v1/case", then="erased")
