"""Every bound on what strangers send that no operator chooses, with its reason."""

from egress import limits as outwards

MAX_ADDRESS = outwards.MAX_ADDRESS
"""Characters of an address, here as for the guard."""
MAX_REDIRECTS = 5
"""As many as RFC 9110 (15.4) once recommended. Chains of more lead in circles."""
PAGE_SECONDS = 30.0
"""For the whole of a page, however slowly it comes."""
MEDIUM_SECONDS = 120.0
PAGE_BYTES = 8 * 2**20
"""Of a page, decompressed. The longest threads of forums have about 3 MB."""
COMPRESSED_RATIO = 400
"""Bytes decompressed of each that came: gzip of pages makes about 20, of blank ones 1,000."""
PICTURE_BYTES = 64 * 2**20
"""Of a medium that does not begin like a video: what hashing.media.pixels reads."""
VIDEO_BYTES = 256 * 2**20
"""Of a video: ten minutes in 1080p. It is kept in memory, so this bounds that."""
SMALL_BYTES = 4 * 2**20
"""Of a medium that needs no leave: more than so much, one at a time has in memory."""
MEDIA_AT_ONCE = 16
"""Media in memory, from the first byte to the signals: with the largest of them, 320 MiB."""
ROBOTS_BYTES = 500 * 2**10
"""Of robots.txt. RFC 9309, 2.5: at least so much is read; what follows is ignored."""
ROBOTS_SECONDS = 24 * 3600.0
"""How long robots.txt is remembered. RFC 9309, 2.4: not longer than 24 hours."""
ROBOTS_HOSTS = 10_000
"""Hosts whose robots.txt is remembered."""
MAX_CRAWL_DELAY = 60.0
"""A longer Crawl-delay is cut to this: a page would otherwise never be finished."""
MAX_RETRY_AFTER = 7 * 24 * 3600
"""Seconds: a longer Retry-After is cut to this."""

MEDIA_PER_PAGE = 500
"""Different media of one page. A page with more is read as far as this, and said to be cut."""
LINKS_PER_PAGE = 2000
PARTS_PER_PAGE = 10
"""Players of one page: each is a page to fetch, most of others are advertisements."""
TRACKS_PER_PAGE = 4
"""Files of one page that may name sheets of a film's pictures: a player has one."""
SHEETS_PER_TRACK = 60
"""Sheets that one such file names: two hours in sheets of 25, a picture every 5 seconds."""
TILES_PER_SHEET = 400
"""Pictures of one sheet that are hashed, 160 × 90 pixels usually."""
TRACK_CUES = 20_000
"""Entries of such a file that are read."""
PAGE_ELEMENTS = 200_000
"""Elements of one page that are looked at."""
ELEMENT_ATTRIBUTES = 200
JSON_DEPTH = 32
JSON_NODES = 20_000
CSS_CHARACTERS = 2**20
PAGES_PER_VISIT = 200
"""Pages of one watch in one visit, whatever its scope. Calendars and link loops end here."""
MEDIA_PER_VISIT = 5000
VISIT_SECONDS = 3600.0

DIGEST_SECONDS = 7 * 24 * 3600
"""How long a digest that a site declares saves a download, until its server is asked again."""

CHILD_BYTES = 3 * 2**30
"""Address space of a child. A decoder that wants more fails."""
CHILD_MEDIUM_SECONDS = 300
"""Processor time of one medium; the child is killed at it, and after the same time on the clock."""
CHILD_PAGE_SECONDS = 20
"""Of one page. Elements with 50,000 attributes take libxml2 that long, and nobody reads them."""
CHILD_TOGETHER = 8
"""Small media that one child is asked about at once."""
CHILD_TOGETHER_SECONDS = 60
"""Of all of these. If it is not enough, each is asked about by itself."""
TOGETHER_BYTES = 256 * 2**10
"""Of a medium that is small: most pictures on pages, and no video."""
CHILD_USES = 100
"""Answers of one copy of a child: the next one knows nothing of what this one was given."""
MAX_RESULT = 64 * 2**20
"""Bytes of a child's answer: a video of an hour with views has about 20 MB."""

PROXY_HEAD_SECONDS = 10.0
UPLOAD_BYTES = 64 * 2**10
"""Of a body that a script sends: what asks an interface for the next pictures has a few hundred."""

RENDER_SECONDS = 25.0
"""Of a page in the browser, its start apart: until its scripts have shown what they show."""
RENDER_BYTES = 24 * 2**20
"""What one page's scripts and style sheets may fetch. Pictures and videos are not among it."""
RENDER_REQUESTS = 300
RENDER_CONNECTIONS = 400
RENDER_SCROLLS = 8
"""Screens of 2,400 points that are scrolled through: what shows more as one scrolls ends there."""
RENDER_MEMORY = 800 * 2**20
"""Of all processes of the browser: an empty page has about 150 MiB."""
PLAYLIST_LINES = 20_000
STREAM_SECONDS = 600.0
"""Of a video that comes in pieces (HLS): so many are fetched of its beginning, of 4 to 10 seconds
each, one after the other at the pace of its host."""
STREAM_SEGMENTS = 150
STREAM_FETCH_SECONDS = 180.0
"""After so long no further piece is begun, as others wait for its place in memory."""
EXTRACT_SECONDS = 60.0
"""Of yt-dlp at one page: it asks a few addresses, one after the other."""
EXTRACT_BYTES = 16 * 2**20
EXTRACT_MEMORY = 400 * 2**20
EXTRACT_ANSWER = 2**20
DEVTOOLS_BYTES = 32 * 2**20
"""Of one message of the browser: the snapshot of a page with 100,000 elements has about 12 MiB."""


def child_seconds(role: str, requests: int) -> int:
    """Return how long a child may take for so many requests at once."""
    if role == "pages":
        return CHILD_PAGE_SECONDS
    return CHILD_MEDIUM_SECONDS if requests == 1 else CHILD_TOGETHER_SECONDS
