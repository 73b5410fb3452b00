"""Every page and every state that a person may see, in one walk, for tests that look at each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from demo.server import Service
from hashing import Eligibility, OwnerClient, PlatformClient, Submission, hash_file, new_passphrase
from tests.pages import contents, journey

SAYS = ("blocked", "not_blocked", "pending_review")
INFORMATION = {
    "start": "",
    "leaving": "leaving",
    "safety": "safety",
    "about": "about",
    "next": "next",
    "save": "save",
    "save-on": "save/telegram",
    "accounts": "accounts",
    "questions": "questions",
    "together": "together",
    "fault": "nosuch",
}
OUTCOMES = {
    "minors": ("self", "minors", "without"),
    "somebody": ("other", "adults", "without"),
    "elsewhere": ("self", "adults", "other"),
}
"""Where the answers lead, but to the files."""
LABELS = (
    "Kitchen, June",
    "صورة المطبخ",
    "",
    "",
    "The longest label that there can be: it has 60 letters",
)
"""Of the entries of each case."""
Visits = Iterator[str]


@dataclass
class Cases:
    """Cases in each state, and files to choose."""

    files: list[Path]
    found: tuple[str, str]
    """Number and words of one with every kind of event and of entry."""
    empty: tuple[str, str]
    erased: tuple[str, str]


def made(service: Service, folder: Path) -> Cases:
    pictures = contents.pictures(folder)[:4]
    film = contents.video(folder, seconds_each=1)
    hashes = [hash_file(path) for path in (*pictures, film)]
    answers = Eligibility("self", adults=True, intimate=True)

    def opened() -> tuple[str, str, OwnerClient]:
        words = new_passphrase()
        owner = OwnerClient(service.address, words)
        entries = [
            owner.labelled(one, label) if label else one
            for one, label in zip(hashes, LABELS, strict=True)
        ]
        return owner.open_case(Submission(tuple(entries), answers)), words, owner

    number, words, owner = opened()
    platforms = [
        PlatformClient(service.address, service.new_key(name))
        for name in ("Example Videos", "مثال للصور")
    ]
    seen = platforms[0].lookup(hashes)
    for one, said in zip(seen, SAYS, strict=False):
        platforms[0].feedback(one["matches"][0]["match"], said)  # type: ignore[arg-type]
    again = platforms[1].lookup(hashes[1:2])[0]["matches"][0]["match"]
    platforms[1].feedback(again, "not_blocked")  # so that this entry is held
    platforms[0].observe(hashes[4], "https://video.example/watch/42")
    _watched(service, owner, number)
    owner.withdraw(number, 3)
    owner.withdraw(number, 4, erase_now=True)
    empty, erased = opened(), opened()
    erased[2].withdraw(erased[0], erase_now=True)
    files = [pictures[0], film, *contents.unfit(folder)]
    return Cases(files, (number, words), empty[:2], erased[:2])


def _watched(service: Service, owner: OwnerClient, number: str) -> None:
    """Let a crawler visit addresses of a case, so that each reads otherwise."""
    crawler = f"Bearer {service.new_key('Crawler', 'crawler')}"
    long = "https://gallery.example/" + "a-very-long-name-without-any-space" * 4
    for address in (long, *(f"https://forum.example/{n}" for n in range(4))):
        owner.watch(number, address, shows_minor=False, scope="thread")
    _, leased = service.ask("POST", "/v1/watches/lease", {"limit": 4}, crawler)
    outcomes = ("seen", "gone", "members_only", "fault")
    visits = [
        {"watch": one["watch"], "lease": one["lease"], "outcome": outcome}
        for one, outcome in zip(leased["watches"], outcomes, strict=True)
    ]
    service.ask("POST", "/v1/watches/visits", {"visits": visits}, crawler)


def information(page: Page, address: str, language: str) -> Visits:
    """What needs no script. Yields the name of each state once the page is in it."""
    for name, path in INFORMATION.items():
        page.goto(f"{address}/{language}/{path}")
        yield name
    page.goto(f"{address}/{language}/next")
    page.select_option("#country", "GB")
    page.locator("main form button").click()
    page.locator("#country option[value=GB][selected]").wait_for(state="attached")
    yield "next-country"
    page.goto(f"{address}/{language}/questions")
    page.check("#subject-self")
    page.locator("main form button").click()
    page.locator(".summary").wait_for()
    yield "questions-missing"
    page.goto(f"{address}/{language}/together")
    page.fill("#intake_code", "0000-0000-0000-0000")
    page.locator("main form button").click()
    page.locator(".fault").wait_for()
    yield "together-failed"
    for name, answers in OUTCOMES.items():
        page.goto(f"{address}/{language}/questions")
        page.select_option("#country", "GB")
        journey.answer(page, *answers)
        page.locator("a[href$='/questions']").wait_for()
        yield name


def unfit(context: BrowserContext, address: str, language: str) -> Iterator[tuple[Page, str]]:
    """The page that hashes, in a browser that cannot."""
    page = context.new_page()
    page.route("**/worker.js", lambda route: route.abort())
    page.goto(f"{address}/{language}/questions")
    journey.answer(page)
    page.locator("#unfit").wait_for()
    yield page, "files-unfit"
    page.close()


def files(page: Page, address: str, language: str, cases: Cases) -> Visits:
    """Choosing, reviewing, sending, keeping."""
    journey.at_files(page, address, language)
    page.click("#choose details summary")
    yield "files"
    page.check("#thumbnails")
    journey.choose(page, cases.files)
    journey.hashed(page)
    page.locator("#list summary").first.click()
    page.check("#labels")
    page.locator("#list .label input").first.fill(LABELS[0])
    yield "files-chosen"
    page.click("#chosen")
    page.locator("#words").wait_for(timeout=journey.WAIT)
    yield "files-words"
    page.go_back()
    page.go_back()
    page.locator("#ask").wait_for()
    yield "files-ask"
    page.click("#stay")
    page.locator("#choose").wait_for()
    journey.review(page)
    yield "files-review"
    for summary in page.locator("#review details summary").all():
        summary.click()
    page.click("#send-button")
    page.locator("#consent-wrong").wait_for()
    yield "files-review-open"
    yield from _sent(page)


def _sent(page: Page) -> Visits:
    page.context.set_offline(offline=True)
    journey.send(page)
    page.locator("#sending.fault").wait_for()
    yield "files-not-sent"
    page.context.set_offline(offline=False)
    journey.send(page)
    journey.card(page)
    yield "files-card"
    page.check("#keep-place")
    page.click("#show-qr")
    page.fill("#again", "abandon")
    page.click("#test button")
    page.locator("#tested.fault").wait_for()
    yield "files-card-wrong"
    page.fill("#again", " ".join(page.locator("#words-kept li").all_inner_texts()))
    page.click("#test button")
    page.locator("#overview").wait_for()
    yield "files-card-right"


def overview(page: Page, address: str, language: str, cases: Cases) -> Visits:
    """Signing in, reading, adding, withdrawing, undoing."""
    page.goto(f"{address}/{language}/overview")
    yield "words"
    page.click("#open button")
    yield "words-refused"
    journey.sign_in(page, address, "000-000-0000", cases.empty[1], language)
    page.locator("#fault:not(:empty)").wait_for(timeout=journey.WAIT)
    yield "words-wrong"
    for name, case in (("erased", cases.erased), ("empty", cases.empty), ("found", cases.found)):
        journey.sign_in(page, address, *case, language)
        page.locator("li.entry").first.wait_for(timeout=journey.WAIT)
        yield f"overview-{name}"
    page.click("#labels summary")
    page.fill("#passphrase", cases.empty[1])
    page.click("#reveal button")
    page.locator("#labels-fault:not([hidden])").wait_for(timeout=journey.WAIT)
    yield "overview-labels"
    page.fill("#passphrase", cases.found[1])
    page.click("#reveal button")
    page.locator("#revealed:not(:empty)").wait_for(timeout=journey.WAIT)
    yield "overview-labelled"
    page.locator("li.entry form[action$='/withdraw'] button").first.click()
    page.locator("li.entry [data-ask]").wait_for()
    yield "overview-asks"
    page.locator("[data-close]").click()
    page.locator("li.entry details summary").first.click()
    yield "overview-relabel"
    yield from _addresses(page)
    yield from _letters(page)
    yield from _alerts(page)
    yield from _shared(page)
    yield from _acts(page, cases)


def _addresses(page: Page) -> Visits:
    page.locator("form[action$='/addresses'] button").click()
    page.locator("form[action$='/added']").wait_for()
    yield "addresses"
    page.locator("form[action$='/added'] button").click()
    page.locator("#address-fault").wait_for()
    yield "addresses-fault"
    page.fill("#address", "https://forum.example/9")
    page.check("#shows_minor-yes")
    page.locator("form[action$='/added'] button").click()
    page.locator(".box").wait_for()
    yield "addresses-withheld"
    page.locator("form[action$='/overview'] button").click()


def _letters(page: Page) -> Visits:
    page.locator(".actions form[action$='/notices'] button").click()
    page.locator("form[action$='/where'] button").click()
    page.locator("#home").wait_for()
    yield "letter-where"
    page.select_option("#home", "US")
    page.check("#shows_minor-no")
    page.locator("form[action$='/where'] button").click()
    page.locator("#law-US-TIDA").wait_for()
    yield "letter-laws"
    page.locator("form[action$='/write'] button").first.click()
    page.locator("form[action$='/read'] button").click()
    page.locator(".summary").wait_for()
    yield "letter-missing"
    page.check("#not_consented")
    page.fill("#addressee", "Example Videos")
    page.fill("#mail", "name@mail.example")
    for name in ("description", "circumstances", "signature"):
        page.fill(f"#{name}", "A few words.")
    page.locator("form[action$='/read'] button").click()
    page.locator(".paper").wait_for()
    yield "letter-read"
    page.locator("form[action$='/kept'] button").first.click()
    page.locator(".told.good").wait_for()
    yield "letter-clock"
    page.locator("form[action$='/notices'] button").click()
    page.locator("li.entry").first.wait_for()
    yield "letters"
    page.locator("form[action$='/overview'] button").click()


def _alerts(page: Page) -> Visits:
    page.locator(".actions form[action$='/alerts'] button").click()
    page.locator("form[action$='/set']").wait_for()
    yield "alerts"
    page.locator("form[action$='/set'] button").click()
    page.locator("#alert-fault").wait_for()
    yield "alerts-fault"
    page.check("#kind-mail")
    page.fill("#address", "name@mail.example")
    page.check("#others-no")
    page.locator("form[action$='/set'] button").click()
    page.locator("#code").wait_for()
    page.fill("#code", "1")
    page.locator("form[action$='/code'] button").click()
    page.locator("#code-fault").wait_for()
    for summary in page.locator(".entry summary").all():
        summary.click()
    yield "alerts-code"
    page.check("#kind-feed")
    page.check("#others-yes")
    page.locator("form[action$='/set'] button").click()
    page.locator(".box .address").wait_for()
    yield "alerts-feed"
    page.locator("form[action$='/overview'] button").click()
    page.locator("form[action$='/alerts']").first.wait_for()


def _shared(page: Page) -> Visits:
    page.locator("form[action$='/shared'] button").click()
    page.locator("form[action$='/new']").wait_for()
    yield "shared"
    page.check("#scope-act_for_me")
    page.locator("form[action$='/new'] button").click()
    page.locator(".box p.mono").wait_for()
    yield "shared-code"
    page.locator("form[action$='/ended'] button").first.click()
    page.locator(".told.good").wait_for()
    yield "shared-ended"
    page.locator("form[action$='/overview'] button").click()


def _acts(page: Page, cases: Cases) -> Visits:
    page.locator("li.entry form[action$='/withdraw'] button").first.click()
    page.locator("form[action$='/withdrawn']").wait_for()
    yield "withdraw"
    page.locator("form[action$='/withdrawn'] button").click()
    page.locator(".told.good").wait_for()
    yield "withdrawn"
    page.locator("li.entry form[action$='/erase'] button").first.click()
    page.locator("form[action$='/erased']").wait_for()
    yield "erase"
    page.locator("main form[action$='/overview'] button").click()
    page.locator("li.entry form[action$='/undone'] button").first.click()
    page.locator(".told.good").wait_for()
    yield "undone"
    page.locator(".actions form[action$='/withdraw'] button").click()
    page.locator("form[action$='/withdrawn']").wait_for()
    yield "withdraw-all"
    page.locator("form[action$='/withdrawn'] button").click()
    page.locator(".box form").first.wait_for()
    yield "withdrawn-all"
    page.locator(".box form[action$='/undone'] button").click()
    page.locator(".told.good").wait_for()
    page.locator("form[action$='/more'] button").click()
    journey.ready(page)
    yield "more"
    page.check("#labels")
    page.click("#label-form button")
    page.locator("#label-told.fault").wait_for(timeout=journey.WAIT)
    yield "more-labels"
    journey.choose(page, cases.files[:1])
    journey.hashed(page)
    journey.review(page)
    journey.send(page)
    page.locator("#added").wait_for()
    yield "more-added"


def every(page: Page, address: str, language: str, cases: Cases) -> Visits:
    """All of them but `unfit`, on one page."""
    yield from information(page, address, language)
    yield from files(page, address, language, cases)
    yield from overview(page, address, language, cases)
