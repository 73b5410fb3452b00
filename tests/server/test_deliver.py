"""Messages reach real receivers, once each by their id, in words that say nothing."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from service.domain.actor import Owner
from service.domain.alert import MOST_ATTEMPTS, ChannelKind, ChannelStatus, DeliveryState
from service.domain.contact import Hours
from service.domain.errors import WrongCode
from service.domain.watch import Clock
from service.settings import Settings
from service.transports import webhook
from service.workflows import dead_letters, deliver, feed, safe_contact
from tests.crawler.certificates import Authority, authority, server_context
from tests.server import listening, receiving
from tests.server.receiving import HookSink, MailSink

if TYPE_CHECKING:
    from tests.server.conftest import World

pytestmark = pytest.mark.enable_socket

DAY = 86_400
RECEIVER = "somebody.private@example.org"


@pytest.fixture(scope="module")
def ours() -> Authority:
    return authority()


@pytest.fixture
def trusted(ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust our authority as the system's."""
    path = tmp_path / "authority.pem"
    path.write_text(ours.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def sink(ours: Authority, trusted: None) -> Iterator[MailSink]:
    del trusted
    with receiving.mail_sink(ours) as opened:
        yield opened


@pytest.fixture
def hook(ours: Authority, trusted: None) -> Iterator[HookSink]:
    del trusted
    with receiving.hook_sink(server_context(ours, receiving.HOST)) as opened:
        yield opened


@pytest.fixture
def settings(settings: Settings, sink: MailSink, tmp_path: Path) -> Settings:
    """The service, with a mail server."""
    password = tmp_path / "password"
    password.write_text(receiving.PASSWORD + "\n")
    return replace(
        settings,
        mail_host=receiving.HOST,
        mail_port=sink.port,
        mail_user=receiving.USER,
        mail_password_file=str(password),
        mail_sender="post@plain.example",
        alert_loopback=True,
    )


@dataclass
class Post:
    """A case, a clock, and the worker that delivers."""

    world: World
    owner: Owner
    now: Clock

    def set_up(self, kind: ChannelKind, address: str, **more: Any) -> str | None:
        chosen = listening.contact(self.world.day, **more)
        shown = safe_contact.set_up(self.world.context, self.owner, chosen, kind, address, self.now)
        return shown.secret

    def live(self, kind: ChannelKind, address: str, **more: Any) -> str | None:
        secret = self.set_up(kind, address, **more)
        with self.world.context.database.write() as tx:
            tx.execute(sa.text("DELETE FROM deliveries"))
        listening.make_live(self.world.context, self.owner, kind)
        return secret

    def news(self) -> None:
        """Let something happen, and make a message of it."""
        self.world.ask(self.world.actor(f"Platform {self.now.second}"), self.world.content)  # type: ignore[attr-defined]
        listening.gathered(self.world, self.now)

    def after(self, seconds: int) -> None:
        self.now = Clock(self.now.day, self.now.second + seconds)

    def deliver(self) -> int:
        return deliver.deliver(self.world.context, lambda: self.now, Random(1))

    def status(self) -> ChannelStatus:
        (channel,) = safe_contact.of_case(self.world.context, self.owner).channels
        return channel.status

    @property
    def states(self) -> list[str]:
        return [row.state for row in listening.rows(self.world.context)]


@pytest.fixture
def post(world: World) -> Post:
    content = world.picture()
    world.content = content  # type: ignore[attr-defined]
    return Post(world, world.open(content), listening.clock(world.day))


def test_a_mail_says_nothing_of_us_and_arrives_once(post: Post, sink: MailSink) -> None:
    post.live(ChannelKind.MAIL, RECEIVER)
    post.news()
    assert post.deliver() == 0  # it is not due
    post.after(4 * 3600)
    assert post.deliver() == 1
    post.after(DAY)
    assert post.deliver() == 0
    (received,) = sink.mails
    assert (received.receiver, received.greeted_as) == (RECEIVER, "plain.example")
    names = [name.lower() for name in received.mail]
    assert names == [
        *("from", "to", "subject", "date", "message-id", "auto-submitted"),
        *("content-type", "content-transfer-encoding", "mime-version"),
    ]
    assert received.mail["Subject"] == "News"
    assert received.mail.get_content().strip() == "Something you asked about has news."
    assert re.fullmatch(r"<[a-z2-7]{24}@plain\.example>", received.id)
    assert received.mail.get_content_type() == "text/plain"
    said = received.text.decode().lower()
    assert not [w for w in ("takeback", "http", post.owner.case_number, "html") if w in said]


def test_a_code_from_the_mail_begins_it(post: Post, sink: MailSink) -> None:
    context = post.world.context
    post.set_up(ChannelKind.MAIL, RECEIVER)
    post.deliver()
    code = re.findall(r"\b\d{6}\b", sink.mails[0].mail.get_content())[0]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    with pytest.raises(WrongCode):
        safe_contact.confirm(context, post.owner, wrong)
    assert post.status() is ChannelStatus.UNCONFIRMED
    safe_contact.confirm(context, post.owner, code)
    assert post.status() is ChannelStatus.LIVE
    safe_contact.test(context, post.owner, ChannelKind.MAIL, post.now)
    post.deliver()
    assert "code" not in sink.mails[1].mail.get_content()  # it is as an alert will be


def test_guessing_the_code_ends(post: Post, sink: MailSink) -> None:
    post.set_up(ChannelKind.MAIL, RECEIVER)
    post.deliver()
    code = re.findall(r"\b\d{6}\b", sink.mails[0].mail.get_content())[0]
    for n in range(5):
        with pytest.raises(WrongCode):
            safe_contact.confirm(
                post.world.context, post.owner, f"{(int(code) + n + 1) % 10**6:06}"
            )
    with pytest.raises(WrongCode):
        safe_contact.confirm(post.world.context, post.owner, code)


@pytest.mark.stores("sqlite", "postgresql")
def test_a_stranger_is_not_flooded_and_whoever_tries_reads_nothing_of_it(
    post: Post, sink: MailSink
) -> None:
    """Or they would learn that somebody else has named this address."""
    spellings = ("Some.Body@example.org", "somebody+1@EXAMPLE.org", "s.o.m.e.body@example.org")
    owners = [post.world.open(post.world.picture()) for _ in range(4)]
    for n in range(12):
        other = Post(post.world, owners[n % 4], post.now)
        other.set_up(ChannelKind.MAIL, spellings[n % 3])
        assert other.status() is ChannelStatus.UNCONFIRMED
        while other.deliver():
            pass
    assert len(sink.mails) == 5


@pytest.mark.parametrize(
    ("answer", "status", "state"),
    [
        ("550 no such mailbox", ChannelStatus.DEAD, []),
        ("451 try later", ChannelStatus.LIVE, [DeliveryState.WAITING]),
        ("421 closing", ChannelStatus.LIVE, [DeliveryState.WAITING]),
    ],
)
def test_what_is_refused_for_good_ends_the_channel(
    post: Post, sink: MailSink, answer: str, status: ChannelStatus, state: list[str]
) -> None:
    sink.answers["nobody"] = answer
    post.live(ChannelKind.MAIL, "nobody@example.org")
    post.news()
    post.after(4 * 3600)
    post.deliver()
    assert (post.status(), post.states) == (status, state)
    assert safe_contact.of_case(post.world.context, post.owner).is_dead is not bool(state)


def test_an_answer_that_is_lost_makes_a_second_mail_with_the_same_id(
    post: Post, sink: MailSink
) -> None:
    sink.silent_after.add("slow")
    post.live(ChannelKind.MAIL, "slow@example.org")
    post.news()
    post.after(4 * 3600)
    post.deliver()
    sink.silent_after.clear()
    post.news()  # the first may have been read before this happened, so it is another one
    assert len(listening.rows(post.world.context)) == 2
    post.after(3600)
    post.deliver()
    assert len(sink.mails) == 2
    assert len({one.id for one in sink.mails}) == 1


@pytest.mark.stores("sqlite", "postgresql")
def test_a_server_that_is_away_loses_nothing_and_makes_no_second_mail(
    post: Post, sink: MailSink
) -> None:
    post.live(ChannelKind.MAIL, RECEIVER)
    post.news()
    sink.stop()
    post.after(4 * 3600)
    post.deliver()
    post.news()  # certainly nobody has the first: this is in it
    post.after(3600)
    post.deliver()
    sink.start()
    post.after(DAY)
    post.deliver()
    assert (len(sink.mails), post.states) == (1, [DeliveryState.SENT])


def test_without_tls_nothing_is_sent(post: Post, ours: Authority) -> None:
    with receiving.mail_sink(ours, tls=False) as plain:
        context = post.world.context
        context.settings = replace(context.settings, mail_port=plain.port, mail_user="")
        post.live(ChannelKind.MAIL, RECEIVER)
        post.news()
        post.after(4 * 3600)
        post.deliver()
        assert plain.mails == []
    (row,) = listening.rows(post.world.context)
    assert (row.state, row.unsure) == (DeliveryState.WAITING, False)
    assert "TLS" in row.trouble


def test_a_certificate_of_somebody_else_is_not_trusted(post: Post, sink: MailSink) -> None:
    sink.by = authority()
    post.live(ChannelKind.MAIL, RECEIVER)
    post.news()
    post.after(4 * 3600)
    post.deliver()
    (row,) = listening.rows(post.world.context)
    assert (sink.mails, row.trouble, row.unsure) == ([], "certificate", False)


def test_a_webhook_is_signed_and_begins_with_its_first_answer(post: Post, hook: HookSink) -> None:
    secret = post.set_up(ChannelKind.WEBHOOK, hook.address())
    assert secret
    assert post.status() is ChannelStatus.UNCONFIRMED
    post.deliver()
    assert post.status() is ChannelStatus.LIVE
    post.news()
    post.after(4 * 3600)
    post.deliver()
    test, alert = hook.posted
    assert test.id != alert.id
    for posted in (test, alert):
        assert posted.is_signed(secret)
        assert not posted.is_signed("whsec_" + "A" * 44)
        document = json.loads(posted.body)
        assert sorted(document) == ["data", "timestamp", "type"]
        assert (document["type"], document["data"]) == ("news", {})
        assert document["timestamp"].endswith("T00:00:00Z")
        assert "takeback" not in str(posted.headers).lower() + posted.body.decode().lower()


@pytest.mark.parametrize(
    ("status", "channel", "left"),
    [
        (410, ChannelStatus.DEAD, []),
        (302, ChannelStatus.LIVE, ["status 302"]),
        (404, ChannelStatus.LIVE, ["status 404"]),
        (500, ChannelStatus.LIVE, ["status 500"]),
        (0, ChannelStatus.LIVE, ["broken"]),
    ],
)
def test_what_a_webhook_answers_decides(
    post: Post, hook: HookSink, status: int, channel: ChannelStatus, left: list[str]
) -> None:
    hook.answer["/news"] = status
    post.live(ChannelKind.WEBHOOK, hook.address())
    post.news()
    post.after(4 * 3600)
    post.deliver()
    assert [one.path for one in hook.posted] == ["/news"]
    assert post.status() is channel
    rows = listening.rows(post.world.context)
    assert [row.trouble for row in rows] == left
    assert [row.unsure for row in rows] == [one == "broken" for one in left]


@pytest.mark.stores("sqlite", "postgresql")
def test_a_worker_that_is_killed_leaves_its_messages_to_another(
    post: Post, sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.live(ChannelKind.MAIL, RECEIVER)
    post.news()
    post.after(4 * 3600)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(deliver, "_record", killed)
        with pytest.raises(KeyboardInterrupt):
            post.deliver()
    assert post.deliver() == 0  # claimed
    post.after(deliver.claim_seconds(post.world.context))
    assert post.deliver() == 1
    assert len(sink.mails) == 2
    assert len({one.id for one in sink.mails}) == 1


def test_what_is_tried_too_often_is_left_to_the_operator(
    post: Post, sink: MailSink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    context = post.world.context
    sink.answers["nobody"] = "451 never"
    post.live(ChannelKind.MAIL, "nobody@example.org")
    post.news()
    post.after(4 * 3600)
    for _ in range(MOST_ATTEMPTS):
        assert post.deliver() == 1
        post.after(DAY)
    assert post.deliver() == 0
    (dead,) = dead_letters.listed(context)
    assert (dead.kind, dead.attempts, dead.trouble) == (
        ChannelKind.MAIL,
        MOST_ATTEMPTS,
        "answer 451",
    )
    assert dead_letters.counts(context, post.now.second)["dead"] == 1
    sink.answers.clear()
    assert dead_letters.retry(context, post.now) == 1
    post.deliver()
    assert (len(sink.mails), post.states) == (1, [DeliveryState.SENT])
    said = [one.getMessage() for one in caplog.records if one.name != "mail.log"]  # the receiver's
    assert said
    assert not [one for one in said if "nobody" in one or receiving.PASSWORD in one]


def test_at_night_nothing_comes_however_late_it_is(post: Post, sink: MailSink) -> None:
    post.live(ChannelKind.MAIL, RECEIVER, hours=Hours(9, 17, "UTC"))
    post.news()
    post.now = listening.clock(post.now.day, 23 * 3600)
    assert post.deliver() == 1
    assert (sink.mails, post.states) == ([], [DeliveryState.WAITING])
    (row,) = listening.rows(post.world.context)
    post.now = Clock(post.now.day, row.due_at)
    post.deliver()
    assert len(sink.mails) == 1


@pytest.mark.stores("sqlite", "postgresql")
def test_two_workers_do_not_send_the_same(post: Post, sink: MailSink) -> None:
    """Each claims what the other has not."""
    owners = [post.world.open(post.world.content) for _ in range(30)]  # type: ignore[attr-defined]
    for n, owner in enumerate(owners):
        Post(post.world, owner, post.now).live(ChannelKind.MAIL, f"owner{n}@example.org")
    post.news()
    post.after(4 * 3600)

    def work() -> None:
        while post.deliver():
            pass

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(one.receiver for one in sink.mails) == sorted(
        f"owner{n}@example.org" for n in range(30)
    )


def test_a_feed_has_a_line_for_each_day_with_news_and_says_nothing(post: Post) -> None:
    context = post.world.context
    token = listening.listen(post.world, post.owner)
    before = feed.read(context, token)
    assert before == feed.read(context, token)
    post.news()
    assert feed.read(context, token) == before
    post.after(4 * 3600)
    post.deliver()
    after = feed.read(context, token).decode()
    assert after.count("<entry>") == 1
    assert after.count("T00:00:00Z") == 2
    said = re.sub(r"http://www.w3.org/\S+|urn:uuid:[0-9a-f-]{36}", "", after).lower()
    secrets = ("takeback", "platform", post.owner.case_number, token, "http")
    assert not [word for word in secrets if word in said]


def test_the_example_of_the_specification_is_signed_as_there() -> None:
    """Standard Webhooks, the reference vector of its libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = webhook.signature(
        secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", webhook.new_secret())


def test_a_name_that_leads_into_our_network_is_not_connected_to(post: Post, hook: HookSink) -> None:
    """Nor does it matter that it was set up while that was allowed."""
    post.live(ChannelKind.WEBHOOK, hook.address())
    context = post.world.context
    for address in (hook.address(), f"https://{receiving.HOST}/news"):
        post.live(ChannelKind.WEBHOOK, address)
        post.news()
        post.after(2 * DAY)
        context.settings = replace(context.settings, alert_loopback=False)
        post.deliver()
        (row,) = listening.rows(context)
        assert (row.trouble, row.unsure) == (
            "address" if ":" in address[8:] else "not_public",
            False,
        )
        context.settings = replace(context.settings, alert_loopback=True)
    assert hook.posted == []
