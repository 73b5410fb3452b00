"""Every language is whole: each text translated, each page rendered, and a new one is one file."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.nodes import TemplateData

from service.settings import Settings
from service.web import languages, pages
from service.web.languages import DRAFT, LOCALES, Language, preferred
from service.web.site import platforms
from service.web.site.questions import CHOICES, Way, way_of

ROOT = Path(__file__).parents[2]
TEMPLATE = LOCALES / "takeback.pot"
CATALOGUES = sorted(LOCALES.glob("*.po"))
KNOWN = languages.read()
DRAFTED = "This translation is a draft. No native speaker has checked it yet."

# Placeholders of Python's `%`, which Jinja applies to every text, and of texts.js.
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|\{\w+\}")
MAX_WORDS = 20
# What nobody is called here, in the languages we have; the first is in two parts for test_house.
REFUSED = ("vic" + "tim", "víctima", "ضحية", "ضحايا")

each_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
each_language = pytest.mark.parametrize("language", KNOWN.values(), ids=lambda one: one.tag)


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=None if path == TEMPLATE else path.stem.replace("-", "_"))


def messages(path: Path) -> list[Message]:
    """Those in use; the first, without id, is the header."""
    return [message for message in catalogue(path) if message.id]


def ids(path: Path) -> set[str]:
    return {str(message.id) for message in messages(path)}


ENGLISH = sorted(ids(TEMPLATE))


def placeholders(text: str) -> Counter[str]:
    return Counter(PLACEHOLDER.findall(text))


# --- the catalogues ---


def towards_templates(folder: str) -> bool:
    here = Path(folder)
    read = (pages.TEMPLATES, platforms.DATA.parent)
    return any(here in one.parents or here.is_relative_to(one) for one in read)


def extracted() -> set[str]:
    """What `make texts` would read."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT, methods, options, directory_filter=towards_templates)
    return {text for _, _, text, _, _ in found if isinstance(text, str)}


@pytest.mark.parametrize("path", [TEMPLATE, *CATALOGUES], ids=lambda path: path.name)
def test_a_catalogue_has_the_texts_of_the_pages_and_no_others(path: Path) -> None:
    assert ids(path) == extracted(), "run `make texts`, and translate what is new"


@each_catalogue
def test_a_catalogue_is_complete(path: Path) -> None:
    assert not [m.id for m in messages(path) if not m.string or m.fuzzy]
    copied = [str(m.id) for m in messages(path) if m.string == m.id]
    assert not [text for text in copied if text.count(" ") > 1]


@each_catalogue
def test_a_translation_has_the_places_of_its_text(path: Path) -> None:
    for message in messages(path):
        text, translation = str(message.id), str(message.string)
        assert placeholders(translation) == placeholders(text), text


@pytest.mark.parametrize("path", [TEMPLATE, *CATALOGUES], ids=lambda path: path.name)
def test_every_text_can_be_filled_in(path: Path) -> None:
    values: dict[str, str] = defaultdict(lambda: "***")
    for message in messages(path):
        for text in filter(None, (str(message.id), str(message.string))):
            assert "%" not in PLACEHOLDER.sub("", text), text
            assert (text % values).count("***") == text.count("%(")


@pytest.mark.parametrize("path", [TEMPLATE, *CATALOGUES], ids=lambda path: path.name)
def test_no_text_is_markup(path: Path) -> None:
    # Jinja takes a translated text as markup that is safe: nothing would escape these.
    for message in messages(path):
        assert not set('<>&"') & set(f"{message.id}{message.string}"), message.id


@pytest.mark.parametrize("path", [TEMPLATE, *CATALOGUES], ids=lambda path: path.name)
def test_the_refused_word_is_in_no_language(path: Path) -> None:
    written = path.read_text("utf-8").casefold()
    assert not [word for word in REFUSED if word in written]


def test_sentences_are_short() -> None:
    sentences = [one for text in ENGLISH for one in re.split(r"(?<=[.?!])\s", text)]
    assert not [one for one in sentences if len(one.split()) > MAX_WORDS]


@each_catalogue
def test_words_quoted_of_a_button_are_those_of_the_button(path: Path) -> None:
    texts = {str(m.id): str(m.string) for m in messages(path)}
    quoting = [(text, name) for text in texts for name in re.findall("“(.+?)”", text)]
    named = [(text, name) for text, name in quoting if name in texts]
    assert {name for _, name in named} >= {"Send", "Leave this page"}
    for text, name in named:
        assert f"“{texts[name]}”" in texts[text] or f"«{texts[name]}»" in texts[text], text


TEMPLATES = sorted(pages.TEMPLATES.rglob("*.html"))
# Our name, the parts of a joined sentence, and a command that is typed as it stands.
UNTRANSLATED = re.compile(r"Takeback|<code>.*?</code>|https?:\S+")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_words_stand_in_a_page_but_those_to_be_translated(path: Path) -> None:
    parsed = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(path.read_text())
    written = "".join(node.data for node in parsed.find_all(TemplateData))
    assert not re.search(r'(aria-label|title|alt|placeholder)="[^"]*\w', written)
    assert not re.findall(r"\w+", re.sub(r"<[^>]*>", " ", UNTRANSLATED.sub("", written)))


# --- a language ---


def test_languages_know_how_they_are_written() -> None:
    told = {tag: (one.name, one.direction) for tag, one in KNOWN.items()}
    assert told["en"] == ("English", "ltr")
    assert told["es"] == ("Español", "ltr")
    assert told["ar"] == ("العربية", "rtl")


def test_days_and_countries_are_named_in_the_language() -> None:
    day = date(2026, 11, 21)
    assert {tag: KNOWN[tag].day(day) for tag in ("en", "es", "ar")} == {
        "en": "November 21, 2026",
        "es": "21 de noviembre de 2026",
        "ar": "21 نوفمبر 2026",
    }
    assert [KNOWN[tag].country("EG") for tag in ("en", "es", "ar")] == ["Egypt", "Egipto", "مصر"]
    assert KNOWN["es"].country("QX") == "QX"


def test_english_stands_in_the_templates() -> None:
    assert KNOWN["en"] == Language("en", draft=False, texts={})
    assert KNOWN["en"].text("Send") == "Send"


@each_catalogue
def test_a_draft_is_what_says_so(path: Path, tmp_path: Path) -> None:
    written = path.read_text("utf-8")
    assert KNOWN[path.stem].draft is (DRAFT in written.partition("\n")[0])
    lines = [line for line in written.splitlines(keepends=True) if DRAFT not in line]
    for name, text in (("es", f"# {DRAFT} unread.\n#\n{''.join(lines)}"), ("pt", "".join(lines))):
        (tmp_path / f"{name}.po").write_text(text, "utf-8")
    assert {tag: one.draft for tag, one in languages.read(tmp_path).items()} == {
        "en": False,
        "es": True,
        "pt": False,
    }


def test_what_is_not_translated_or_not_sure_is_english(tmp_path: Path) -> None:
    (tmp_path / "pt.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Send"\nmsgstr "Enviar"\n\n'
        'msgid "Copy"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "Print"\nmsgstr "Imprensa"\n',
        "utf-8",
    )
    told = languages.read(tmp_path)["pt"].text
    assert [told(text) for text in ("Send", "Copy", "Print")] == ["Enviar", "Copy", "Print"]


@pytest.mark.parametrize(
    ("tag", "name", "direction"),
    [("pt", "Português", "ltr"), ("pt-br", "Português (brasil)", "ltr"), ("fa", "فارسی", "rtl")],
)
def test_a_new_language_is_one_file(tag: str, name: str, direction: str, tmp_path: Path) -> None:
    (tmp_path / f"{tag}.po").write_bytes((LOCALES / "es.po").read_bytes())
    found = languages.read(tmp_path)
    new = found[tag]
    assert set(found) == {"en", tag}
    assert (new.name.casefold(), new.direction) == (name.casefold(), direction)
    assert new.texts == KNOWN["es"].texts
    made = replace(pages.read(Settings()), languages=found)
    shown = made.render(new, "site/start", helpline=None)
    page = Page(bytes(shown.body).decode())
    assert (page.html["lang"], page.html["dir"]) == (tag, direction)
    assert KNOWN["es"].text("Begin") in page.texts["a"]
    assert new.name in page.texts["a"]


# --- Accept-Language ---


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("", "en"),
        ("es", "es"),
        ("ES", "es"),
        ("es-419", "es"),
        ("ar-EG,ar;q=0.9,en;q=0.8", "ar"),
        ("de, es;q=0.2", "es"),
        ("en;q=0.3, ar;q=0.7, es;q=0.5", "ar"),
        ("es, ar", "es"),  # equal weights: the first
        ("es;q=0, ar;q=0.1", "ar"),
        ("es;q=0", "en"),
        ("es ; q = 0.5 , ar ; q = 0.6", "ar"),
        ("tlh", "en"),
        ("*", "en"),
        ("esperanto", "en"),
        ("es;q=much", "en"),
        ("es;q=nan", "en"),
        ("es;q=-1", "en"),
        (";;;,,,q=1;=", "en"),
        ("x" * 300 + ", es", "en"),  # looked at no further
    ],
)
def test_the_language_that_a_browser_likes_best(accepted: str, tag: str) -> None:
    assert preferred(KNOWN, accepted).tag == tag


@given(
    st.permutations(sorted(KNOWN)),
    st.lists(st.integers(0, 1000), min_size=len(KNOWN), max_size=len(KNOWN), unique=True),
)
def test_the_heaviest_is_chosen(tags: list[str], weights: list[int]) -> None:
    weighted = list(zip(weights, tags, strict=True))
    heaviest, liked = max(weighted)
    accepted = ",".join(f"{tag};q={weight / 1000:.3f}" for weight, tag in weighted)
    assert preferred(KNOWN, accepted).tag == (liked if heaviest else "en")


@given(st.text() | st.text("esar-,;q=0.1 *"))
def test_whatever_is_asked_for_is_answered(accepted: str) -> None:
    assert preferred(KNOWN, accepted) in KNOWN.values()


# --- the pages ---


class Page(HTMLParser):
    """What a page says: texts by the element they stand in, and its forms."""

    HEADINGS = ("title", "h1", "h2", "h3", "button", "label", "legend", "summary", "a", "option")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.html: dict[str, str | None] = {}
        self.texts: dict[str, list[str]] = defaultdict(list)
        self.forms: dict[str, dict[str, str]] = {}
        self._open: list[str] = [""]
        self._fields: dict[str, str] = {}
        self.feed(text)

    @property
    def headings(self) -> set[str]:
        return {text for tag in self.HEADINGS for text in self.texts[tag]}

    @property
    def words(self) -> str:
        return "\n".join(" ".join(self.texts[tag]) for tag in self.texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.html = given
        if tag == "form":
            self._fields = self.forms.setdefault(given.get("action") or "", {})
        if tag == "input" and given.get("type") == "hidden":
            self._fields[given["name"] or ""] = given.get("value") or ""
        self.texts["label"] += filter(None, [given.get("aria-label"), given.get("title")])
        if tag not in {"meta", "link", "input", "br", "path", "rect", "circle"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts[self._open[-1]] += [" ".join(data.split())] if data.strip() else []


def assert_spoken(page: Page, language: Language) -> None:
    """It is in its language: lang, dir, the draft notice, and nothing English."""
    assert (page.html["lang"], page.html["dir"]) == (language.tag, language.direction)
    assert (language.text(DRAFTED) in page.texts["p"]) is language.draft
    if language.tag == "en":
        return
    foreign = [text for text in ENGLISH if language.text(text) != text]
    assert not page.headings & set(foreign)
    for text in foreign:
        if text.count(" ") > 2:  # a shorter one may be within another word or a name
            pattern = re.sub(r"%\\?\(.*?\)s", ".+?", re.escape(text.replace("%%", "%")))
            assert not re.search(pattern, page.words), text


INFORMATION = (
    *("", "leaving", "safety", "about", "next", "next?country=GB", "questions", "overview"),
    *("save", "save/telegram", "save/forum", "accounts"),
)


@each_language
def test_every_page_is_in_its_language(language: Language, api: TestClient) -> None:
    for name in INFORMATION:
        answer = api.get(f"/{language.tag}/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["Content-Language"] == language.tag
        assert_spoken(Page(answer.text), language)
    lost = api.get(f"/{language.tag}/nowhere")
    assert lost.status_code == 404
    assert_spoken(Page(lost.text), language)


def outcomes() -> Iterator[tuple[Way, dict[str, str]]]:
    for answers in product(*CHOICES.values()):
        told = dict(zip(CHOICES, answers, strict=True))
        yield way_of(told), told


@each_language
def test_every_answer_leads_on_in_its_language(language: Language, api: TestClient) -> None:
    seen = set()
    for way, answers in outcomes():
        answer = api.post(f"/{language.tag}/questions", data={**answers, "country": "GB"})
        assert answer.status_code == 200
        assert_spoken(Page(answer.text), language)
        seen.add(way)
    assert seen == set(Way)
    again = api.post(f"/{language.tag}/questions", data={"subject": "self"})
    assert again.status_code == 422
    assert_spoken(Page(again.text), language)


@each_language
def test_a_case_is_told_in_its_language(language: Language, api: TestClient, served: Any) -> None:
    here = f"/{language.tag}"
    video = served.video([served.value()] * 3)
    owner = served.open(served.picture(), video, key=bytes.fromhex("5a" * 32))
    served.ask(served.actor(), video)
    first = Page(api.get(f"{here}/overview").text).forms[f"{here}/overview"]
    opened = {**first, "case": owner.case_number, "access_key": "5a" * 32}
    page = Page(api.post(f"{here}/overview", data=opened).text)
    assert_spoken(page, language)
    assert language.text("Your overview") in page.texts["h1"]
    for step in ("more", "withdraw", "withdrawn", "undone"):
        answer = api.post(f"{here}/{step}", data=page.forms[f"{here}/{step}"])
        assert answer.status_code == 200, step
        after = Page(answer.text)
        assert_spoken(after, language)
        page = page if step == "more" else after


@each_language
def test_the_start_is_in_the_language_of_the_browser(language: Language, api: TestClient) -> None:
    asked = {"Accept-Language": f"{language.tag};q=0.9, tlh"}
    answer = api.get("/", headers=asked, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/{language.tag}/")
