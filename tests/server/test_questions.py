"""The questions lead every answer somewhere, and nothing is lost on the way."""

import re
from itertools import product

import pytest
from fastapi.testclient import TestClient

from service.web.site.questions import CHOICES, Way, way_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
EVERY = [dict(zip(CHOICES, answers, strict=True)) for answers in product(*CHOICES.values())]


@pytest.fixture(scope="module")
def api(reader: TestClient) -> TestClient:
    """Questions leave nothing."""
    return reader


def test_every_combination_leads_somewhere(api: TestClient) -> None:
    for answers in EVERY:
        page = api.post("/en/questions", data={**answers, "country": "GB"})
        assert page.status_code == 200, answers
        way, minor = way_of(answers), answers["age"] != "adults"
        assert (way is Way.MINORS) is minor
        assert ('id="files"' in page.text) is (way is Way.FILES)
        if way is not Way.FILES:
            assert page.text.count('class="service"') >= 3
        if minor:
            assert "takeitdown.ncmec.org" in page.text
            assert "Revenge Porn Helpline" not in page.text


def test_only_an_adult_matter_of_ones_own_opens_the_files() -> None:
    opened = [answers for answers in EVERY if way_of(answers) is Way.FILES]
    assert [one["subject"] for one in opened] == ["self", "authorised"]
    assert all(one["age"] == "adults" and one["consent"] == "without" for one in opened)


def test_what_is_missing_is_asked_again_and_the_rest_is_kept(api: TestClient) -> None:
    page = api.post("/en/questions", data={"subject": "authorised", "country": "DE"})
    assert page.status_code == 422
    assert 'id="subject-authorised" name="subject" value="authorised" checked' in page.text
    assert '<option value="DE" selected>' in page.text
    assert 'href="#age-adults"' in page.text
    assert 'href="#consent-without"' in page.text
    assert 'href="#subject-self"' not in page.text


def test_who_was_under_18_need_answer_no_more(api: TestClient) -> None:
    assert "takeitdown.ncmec.org" in api.post("/en/questions", data={"age": "minors"}).text


def test_nothing_answered_asks_everything(api: TestClient) -> None:
    page = api.post("/en/questions", content=b"", headers=FORM)
    assert page.status_code == 422
    assert page.text.count('class="wrong"') == 3


@pytest.mark.parametrize(
    "body",
    [
        b"subject=me&age=adults&consent=without",
        b"subject=self&age=%ff&consent=without",
        b"no pair",
        b"a=1&" * 12 + b"b=2",
        "é=1".encode(),
    ],
)
def test_what_our_form_cannot_send_is_refused_kindly(body: bytes, api: TestClient) -> None:
    page = api.post("/en/questions", content=body, headers=FORM)
    assert page.status_code == 422
    assert "That did not work" in page.text
    assert "text/html" in page.headers["Content-Type"]


def test_a_form_has_an_end(api: TestClient) -> None:
    page = api.post("/en/questions", content=b"country=" + b"x" * 17_000, headers=FORM)
    assert page.status_code == 413
    assert "<h1>" in page.text


def test_a_country_that_nobody_serves_is_told_so_and_who_helps_anywhere(api: TestClient) -> None:
    page = api.post("/en/questions", data={"age": "unsure", "country": "AQ"})
    assert "We do not know of a service there yet." in page.text
    assert "Antarctica</h2>" in page.text
    assert "takeitdown.ncmec.org" in page.text


def test_the_next_steps_take_a_country_that_no_address_has(api: TestClient) -> None:
    assert "Revenge Porn Helpline" in api.post("/en/next", data={"country": "gb"}).text
    assert "Revenge Porn Helpline" not in api.get("/en/next?country=GB").text


def test_no_words_of_others_get_onto_a_page(api: TestClient) -> None:
    for country in ("<b>", "Call +1 555", "GB" * 100, "G", "ZZZ", "٣٣", ""):
        for path in ("next", "questions"):
            page = api.post(f"/en/{path}", data={"age": "minors", "country": country})
            assert page.status_code == 200
            assert "we know of no service" not in page.text, country


def test_a_form_that_another_site_posts_does_nothing(api: TestClient) -> None:
    for site, status in (
        ("cross-site", 403),
        ("same-site", 403),
        ("same-origin", 200),
        ("none", 200),
    ):
        headers = {"Sec-Fetch-Site": site}
        page = api.post("/en/questions", data={"age": "minors"}, headers=headers)
        assert page.status_code == status, site
    assert (
        "Another website tried to send us"
        in api.post("/en/more", data={"case": "1"}, headers={"Sec-Fetch-Site": "cross-site"}).text
    )


def test_a_link_to_a_part_of_a_page_leads_to_it(api: TestClient) -> None:
    answers = {"subject": "self", "age": "adults", "consent": "without"}
    shown = [api.get("/en/").text, api.post("/en/questions", data=answers).text]
    links = {link for page in shown for link in re.findall(r'href="(/en/[^"#]*)#([^"]+)"', page)}
    assert links
    for path, part in links:
        assert f'id="{part}"' in api.get(path).text, (path, part)
