"""How many examples a property is tried with."""

from hypothesis import settings

LONGER = 25
"""Times as many in `make soak`."""


def examples(count: int) -> int:
    """Return how many examples: so many in `make test`, and far more in `make soak`."""
    return count * LONGER if settings.get_current_profile_name() == "soak" else count
