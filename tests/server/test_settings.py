from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest

from service.secret_file import secret_of
from service.settings import InvalidSetting, Settings, read


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read({}) == Settings()
    assert read({"PATH": "/bin", "TAKEBACK": "1"}) == Settings()


def test_every_setting_is_read_from_its_variable() -> None:
    chosen = {
        "state": ("/srv/x", Path("/srv/x")),
        "database_url": ("postgresql+psycopg://h/n", "postgresql+psycopg://h/n"),
        "secret": ("ab" * 32, "ab" * 32),
        "host": ("::1", "::1"),
        "port": ("9000", 9000),
        "trusted_proxies": ("10.0.0.0/8,::1", "10.0.0.0/8,::1"),
        "connections": ("20", 20),
        "connections_per_peer": ("10", 10),
        "worker": ("no", False),
        "max_body_bytes": ("1000", 1000),
        "lookup_values_per_day": ("8", 8),
        "observed_signals_per_day": ("9", 9),
        "bytes_per_day": ("10", 10),
        "cases_per_hour": ("11", 11),
        "cases_per_hour_of_source": ("12", 12),
        "case_signals_per_hour": ("13", 13),
        "work_pieces": ("0", 0),
        "failures_per_minute_of_source": ("14", 14),
        "observation_days": ("7", 7),
        "cases_per_signal": ("3", 3),
        "matches_per_day": ("4", 4),
        "audit_days": ("5", 5),
        "desk_origin": ("https://desk.example.org", "https://desk.example.org"),
        "session_idle_minutes": ("6", 6),
        "session_hours": ("2", 2),
        "watch_loopback": ("1", True),
        "mail_host": ("mail.example", "mail.example"),
        "mail_port": ("465", 465),
        "mail_tls": ("implicit", "implicit"),
        "mail_user": ("post", "post"),
        "mail_password_file": ("/run/secrets/mail", "/run/secrets/mail"),
        "mail_sender": ("post@plain.example", "post@plain.example"),
        "alert_delay_minutes": ("0", 0),
        "alert_interval_hours": ("0", 0),
        "alert_retry_seconds": ("5", 5),
        "alert_loopback": ("1", True),
        "evidence_folder": ("/mnt/evidence", "/mnt/evidence"),
        "evidence_case_mib": ("1", 1),
        "evidence_total_mib": ("2", 2),
        "evidence_free_mib": ("0", 0),
        "evidence_day_mib": ("3", 3),
        "evidence_source_day_mib": ("4", 4),
        "timestamp_authorities": ("a=https://a.example/tsr", "a=https://a.example/tsr"),
        "timestamp_certificates": ("/etc/roots.pem", "/etc/roots.pem"),
        "timestamp_delay_seconds": ("0", 0),
        "timestamp_loopback": ("1", True),
        "exit_url": ("https://example.org/", "https://example.org/"),
        "operator": ("Línea de ayuda", "Línea de ayuda"),
        "contact": ("help@example.org", "help@example.org"),
        "privacy_url": ("https://example.org/privacy", "https://example.org/privacy"),
        "source_url": ("https://example.org/source", "https://example.org/source"),
        "named_platforms": ("One, Two", "One, Two"),
        "country": ("GB", "GB"),
    }
    assert set(chosen) == {each.name for each in fields(Settings)}
    found = read({f"TAKEBACK_{name.upper()}": text for name, (text, _) in chosen.items()})
    assert found == Settings(**{name: value for name, (_, value) in chosen.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("true", True), ("YES", True), ("0", False), ("False", False), ("no", False)],
)
def test_a_switch_has_words(text: str, expected: bool) -> None:  # noqa: FBT001 (a row of the table)
    assert read({"TAKEBACK_WORKER": text}).worker is expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TAKEBACK_WORKER", "perhaps"),
        ("TAKEBACK_WORKER", ""),
        ("TAKEBACK_PORT", "http"),
        ("TAKEBACK_PORT", "0"),
        ("TAKEBACK_WORK_PIECES", "-1"),
        ("TAKEBACK_WORK_PIECES", "126"),
        ("TAKEBACK_MAIL_TLS", "none"),
        ("TAKEBACK_ALERT_DELAY_MINUTES", "-1"),
        ("TAKEBACK_ALERT_DELAY_MINUTES", "99999"),
        ("TAKEBACK_PORT", "99999"),
        ("TAKEBACK_TRUSTED_PROXIES", "everybody"),
        ("TAKEBACK_MAX_BODY_BYTES", "-1"),
        ("TAKEBACK_OBSERVATION_DAYS", "1.5"),
        ("TAKEBACK_EXIT_URL", ""),
        ("TAKEBACK_EXIT_URL", "https://[::1"),
        ("TAKEBACK_EXIT_URL", "https:"),
        ("TAKEBACK_EXIT_URL", "javascript:alert(1)"),
        ("TAKEBACK_EXIT_URL", "https://الطقس.example/"),
        ("TAKEBACK_EXIT_URL", 'https://a.example"/'),
        ("TAKEBACK_OPERATOR", "two\nlines"),
        ("TAKEBACK_CONTACT", "x" * 1001),
        ("TAKEBACK_PRIVACY_URL", "javascript:alert(1)"),
        ("TAKEBACK_PRIVACY_URL", "https://[::1"),
        ("TAKEBACK_SOURCE_URL", "example.org"),
        ("TAKEBACK_NAMED_PLATFORMS", "One\u2028Two"),
        ("TAKEBACK_COUNTRY", "gb"),
        ("TAKEBACK_DESK_ORIGIN", "desk.example.org"),
        ("TAKEBACK_DESK_ORIGIN", "http://desk.example.org"),
        ("TAKEBACK_DESK_ORIGIN", "https://desk.example.org/"),
        ("TAKEBACK_SESSION_HOURS", "0"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(name: str, text: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        read({name: text})


@pytest.mark.parametrize("secret", ["hunter2", "ab" * 31, "ab" * 33, "zz" * 32, "é" * 64])
def test_a_bad_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(InvalidSetting, match="TAKEBACK_SECRET") as raised:
        secret_of(Settings(secret=secret))
    assert secret not in str(raised.value)


@pytest.mark.parametrize("sender", ["", "post", "post@host", "Post <post@example.org>"])
def test_mail_needs_the_address_that_it_is_from(sender: str) -> None:
    with pytest.raises(InvalidSetting, match="TAKEBACK_MAIL_SENDER"):
        read({"TAKEBACK_MAIL_HOST": "mail.example", "TAKEBACK_MAIL_SENDER": sender})


def test_the_secret_given_is_used() -> None:
    assert secret_of(Settings(secret="AB" * 32)) == b"\xab" * 32


def test_the_secret_is_not_in_the_repr() -> None:
    assert "ab" * 32 not in repr(Settings(secret="ab" * 32))


def test_a_new_secret_is_kept_for_this_user_only(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    first = secret_of(Settings(state=state))
    assert len(first) == 32
    assert first != secret_of(Settings(state=tmp_path / "other"))
    assert first == secret_of(Settings(state=state))
    assert [each.name for each in state.iterdir()] == ["secret"]
    assert stat.S_IMODE((state / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    for attempt in range(20):
        state = tmp_path / str(attempt)
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: secret_of(Settings(state=state)), range(8)))  # noqa: B023 (used here)
        assert len(found) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"abcd"])
def test_a_damaged_secret_is_refused_by_the_name_of_its_file(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(InvalidSetting, match="secret must be 64 hexadecimal digits"):
        secret_of(Settings(state=tmp_path))


def test_a_state_folder_that_cannot_be_is_told_with_what_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidSetting, match=r"cannot be used: not a directory.*TAKEBACK_STATE"):
        secret_of(Settings(state=tmp_path / "file" / "state"))


def test_without_a_url_the_store_is_in_the_state_folder() -> None:
    assert Settings(state=Path("/srv/x")).database == "sqlite:////srv/x/takeback.db"
    assert Settings(database_url="postgresql+psycopg://h/n").database == "postgresql+psycopg://h/n"


@pytest.mark.parametrize(
    ("proxies", "address", "expected"),
    [
        ("127.0.0.1,::1", "127.0.0.1", True),
        ("127.0.0.1, ::1", "::1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "::1", False),
        ("", "127.0.0.1", False),
        ("10.0.0.0/8", "", False),
    ],
)
def test_a_proxy_is_known_by_address_or_network(
    proxies: str,
    address: str,
    expected: bool,  # noqa: FBT001 (a row of the table)
) -> None:
    assert Settings(trusted_proxies=proxies).is_proxy(address) is expected


def test_a_name_that_is_no_setting_is_told_with_the_one_that_is_meant() -> None:
    with pytest.raises(InvalidSetting, match=r"TAKEBACK_PROT is no setting.*TAKEBACK_PORT"):
        read({"TAKEBACK_PROT": "8001"})
    with pytest.raises(InvalidSetting, match="TAKEBACK_X is no setting"):
        read({"TAKEBACK_X": "hunter2"})
    assert read({"TAKEBACK_KEY": "k", "TAKEBACK_PASSPHRASE": "p"}) == Settings()
