"""Scrapy's settings for hostile pages: what of its defaults is not for us, each with its reason."""

from __future__ import annotations

from typing import Any

from scrapy.logformatter import LogFormatter

_HANDLER = "crawler.fetching.downloading.GuardedDownloads"


class Silent(LogFormatter):
    """Makes no lines of what was fetched: these have addresses."""

    def crawled(self, *_: object) -> None:  # type: ignore[override]
        """Return nothing to log."""


def scrapy_settings(
    *, user_agent: str, concurrent: int, per_host: int, delay: float
) -> dict[str, Any]:
    """Return the settings of a crawl. `delay` is in seconds between two requests to one host."""
    return {
        "USER_AGENT": user_agent,
        "CONCURRENT_REQUESTS": concurrent,
        "CONCURRENT_REQUESTS_PER_DOMAIN": per_host,
        "DOWNLOAD_DELAY": delay,
        "DOWNLOAD_DELAY_JITTER": 0,  # a delay that was asked for is kept
        "TWISTED_REACTOR_ENABLED": False,  # sockets are made by the guard alone
        "DOWNLOAD_HANDLERS": {
            "http": _HANDLER,
            "https": _HANDLER,
            "file": None,  # would read this machine's files
            "data": None,
            "ftp": None,
            "s3": None,
        },
        # Nothing that Scrapy puts around requests, spiders and crawls, whatever a new version adds
        # there. `fetcher` follows redirects, asks robots.txt and waits; `decoding` decompresses
        # what is being received; the frontier tries again; nobody is logged in by cookies, no
        # content is cached on a disk, no proxy is read from the environment.
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},  # some write files, some open a port
        "REMOTE_CONTROL_ENABLED": False,  # runs code that is sent to a port
        "TELNETCONSOLE_ENABLED": False,  # the same
        "DOWNLOAD_VERIFY_CERTIFICATES": True,  # as our handler always does
        "DNSCACHE_ENABLED": False,  # ignores how long an answer holds
        "LOG_ENABLED": False,  # its lines have addresses
        "LOG_FORMATTER": "crawler.fetching.safe.Silent",
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
        "STATS_DUMP": False,
    }
