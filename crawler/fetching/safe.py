"""Scrapy's settings for hostile pages: what of its defaults is not for us, each with its reason."""

from __future__ import annotations

from typing import Any

_HANDLER = "crawler.fetching.downloading.GuardedDownloads"


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
        "REMOTE_CONTROL_ENABLED": False,  # runs code that is sent to a port
        "TELNETCONSOLE_ENABLED": False,  # the same
        "COOKIES_ENABLED": False,  # nobody is logged in, nobody recognised
        "HTTPPROXY_ENABLED": False,  # reads the environment: a way past the guard
        "REDIRECT_ENABLED": False,  # `fetcher` follows, and asks robots.txt of each
        "METAREFRESH_ENABLED": False,
        "RETRY_ENABLED": False,  # the frontier tries again, later
        "ROBOTSTXT_OBEY": False,  # `robots` does, as RFC 9309 says, with limits
        "COMPRESSION_ENABLED": False,  # `decoding` does, while it is received
        "HTTPCACHE_ENABLED": False,  # writes content to a disk
        "DOWNLOAD_VERIFY_CERTIFICATES": True,  # as our handler always does
        "REFERER_ENABLED": False,
        "DNSCACHE_ENABLED": False,  # ignores how long an answer holds
        "EXTENSIONS": {
            "scrapy.extensions.telnet.TelnetConsole": None,
            "scrapy.extensions.remote_control.RemoteControl": None,
            "scrapy.extensions.feedexport.FeedExporter": None,  # writes files
            "scrapy.extensions.memusage.MemoryUsage": None,
            "scrapy.extensions.logstats.LogStats": None,
            "scrapy.extensions.logcount.LogCount": None,
            "scrapy.extensions.spiderstate.SpiderState": None,  # writes files
        },
        "LOG_ENABLED": False,  # its lines have addresses
        "STATS_DUMP": False,
    }
