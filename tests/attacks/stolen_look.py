"""A key holder asks until it knows a stored value: what it needs, and what it gets.

`python -m tests.attacks.stolen_look` prints a table. Values are random, and so is where a copy
differs from the original: the key holder cannot guess which of its bits are wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hashing.signals import ContentKind, ContentSignals, Signal, SignalType
from service.domain.actor import Actor, Role
from service.domain.sighting import Verdict
from service.settings import Settings
from service.store.database import Database
from service.workflows import authenticate, intake, keyring, lookup
from service.workflows.context import Context
from service.workflows.context import create as create_context
from service.workflows.intake import NewCase
from tests.server.conftest import TODAY

BITS = 256
AT_ONCE = 1000
NONE, NEAR, MATCH = Verdict


class Platform:
    """A key holder, who asks pictures of one value each, and counts."""

    def __init__(self, context: Context, actor: Actor) -> None:
        self.context, self.actor = context, actor
        self.questions = self.requests = 0

    def ask(self, values: Sequence[int]) -> list[Verdict]:
        """Return what is answered of each value."""
        answers: list[Verdict] = []
        for begin in range(0, len(values), AT_ONCE):
            items = [picture(value) for value in values[begin : begin + AT_ONCE]]
            self.questions += len(items)
            self.requests += 1
            given = lookup.lookup(self.context, self.actor, items, TODAY)
            answers += [answer.verdict for answer in given]
        return answers


class Result(NamedTuple):
    """What a key holder believes in the end."""

    value: int
    first: int
    """The value that it asked first."""


def picture(value: int) -> ContentSignals:
    """Return the content that has this PDQ value alone."""
    signal = Signal(SignalType.PDQ, value.to_bytes(BITS // 8), 100)
    return ContentSignals(ContentKind.PICTURE, (signal,))


def flipped(value: int, bits: Sequence[int]) -> int:
    """Return the value with some bits turned."""
    return value ^ sum(1 << bit for bit in bits)


def wrong(one: int, other: int) -> int:
    """Return how many bits differ."""
    return (one ^ other).bit_count()


def edge(platform: Platform, start: int, level: Verdict, random: Random) -> int | None:
    """Walk away from a value, in one request; return the last one that is answered as much."""
    order = random.sample(range(BITS), 110)
    path = [flipped(start, order[:steps]) for steps in range(len(order))]
    enough = [verdict in {level, MATCH} for verdict in platform.ask(path)]
    if not enough[0] or all(enough):
        return None
    return path[enough.index(False) - 1]


def read(platform: Platform, at: int) -> int | None:
    """Turn each bit of a value at an edge: what is then answered less was right."""
    level = platform.ask([at])[0]
    turned = platform.ask([flipped(at, [bit]) for bit in range(BITS)])
    enough = {NONE: set[Verdict](), NEAR: {NEAR, MATCH}, MATCH: {MATCH}}[level]
    wrong_bits = [bit for bit, verdict in enumerate(turned) if verdict in enough]
    return flipped(at, wrong_bits) if 0 < len(wrong_bits) < BITS // 2 else None


def from_inside(platform: Platform, copy: int, random: Random) -> Result:
    """Ask a copy and walk away from it, to the edge of none; then from there to that of match."""
    believed = copy
    for level in (NEAR, NEAR, MATCH):
        at = edge(platform, believed, level, random)
        if at is not None:
            believed = read(platform, at) or believed
    return Result(believed, copy)


def from_outside(platform: Platform, copy: int, random: Random) -> Result:
    """Come nearer one value at a time, so that the first that is near is far from the original.

    What is then still as it was turned on purpose is veiled, and believed to be as in the copy.
    """
    order = random.sample(range(BITS), 100)
    first = copy
    for steps in range(len(order), -1, -1):
        first = flipped(copy, order[:steps])
        if platform.ask([first]) != [NONE]:
            break
    found = from_inside(platform, first, random).value
    on_purpose = first ^ copy
    return Result(found ^ (on_purpose & ~(found ^ first)), first)


def in_pairs(platform: Platform, copy: int, random: Random) -> Result:
    """As from inside, but turn two bits at a time, one to 0 and one to 1: as many stay set."""
    believed = copy
    for level in (NEAR, MATCH):
        at = edge(platform, believed, level, random)
        if at is None:
            continue
        ones = [bit for bit in range(BITS) if at >> bit & 1]
        zeros = [bit for bit in range(BITS) if not at >> bit & 1]
        pairs = list(zip(ones, zeros, strict=False)) * 6
        random.shuffle(zeros)
        pairs += list(zip(ones, zeros, strict=False))
        score = [0] * BITS
        enough = {NEAR: {NEAR, MATCH}, MATCH: {MATCH}}[level]
        for pair, verdict in zip(
            pairs, platform.ask([flipped(at, pair) for pair in pairs]), strict=True
        ):
            for bit in pair:  # near again: at least one of the two was wrong
                score[bit] += verdict in enough
        doubtful = [bit for bit in range(BITS) if score[bit]]
        single = platform.ask([flipped(at, [bit]) for bit in doubtful])
        turned = [b for b, verdict in zip(doubtful, single, strict=True) if verdict in enough]
        believed = flipped(at, turned)
    return Result(believed, copy)


def by_subsets(platform: Platform, copy: int, random: Random, number: int = 20_000) -> Result:
    """Turn many random bits at a time around the edge of none, and correlate."""
    at = edge(platform, copy, NEAR, random) or copy
    turned = [random.sample(range(BITS), random.choice((3, 5, 7, 9))) for _ in range(number)]
    answers = platform.ask([flipped(at, bits) for bits in turned])
    near, all_ = [0] * BITS, [0] * BITS
    for bits, verdict in zip(turned, answers, strict=True):
        for bit in bits:
            all_[bit] += 1
            near[bit] += verdict is not NONE
    mean = sum(near) / max(1, sum(all_))
    spread = [near[bit] / max(1, all_[bit]) for bit in range(BITS)]
    split = (mean + max(spread)) / 2
    return Result(flipped(at, [bit for bit in range(BITS) if spread[bit] > split]), copy)


def together(first: Result, second: Result, copy: int) -> Result:
    """Two platforms compare what they believe; where they differ, the copy decides."""
    differ = first.value ^ second.value
    return Result((first.value & ~differ) | (copy & differ), copy)


class Attacked:
    """A service with one entry, and platforms that have a copy so many bits from it."""

    def __init__(self, context: Context, seed: int, distance: int) -> None:
        self.context = context
        self.random = Random(seed)
        self.stored = flipped(0, self.random.sample(range(BITS), BITS // 2))
        self.copy = self.other_copy(distance)
        new = NewCase(self.random.randbytes(32), "self", None, (picture(self.stored),))
        intake.open_case(context, new, TODAY)

    def other_copy(self, distance: int) -> int:
        """Return a value so many bits from the stored one."""
        return flipped(self.stored, self.random.sample(range(BITS), distance))

    def platform(self, name: str) -> Platform:
        """Return a platform of this name, with one more key."""
        key = keyring.create(self.context, Role.PLATFORM, name, TODAY)
        return Platform(self.context, authenticate.key_holder(self.context, key, TODAY))


def main() -> None:
    """Print what each attack leaves unknown, of one platform and of two."""
    attacks = (from_inside, from_outside, in_pairs, by_subsets)
    for distance, attack, seed in itertools.product((8, 24, 40, 47), attacks, range(2)):
        with TemporaryDirectory() as folder:
            settings = Settings(state=Path(folder), secret="5e" * 32)
            with closing(Database(settings.database)) as database:
                database.migrate()
            context = create_context(settings)
            context.replica.load()
            with closing(context.database):
                attacked = Attacked(context, seed, distance)
                one = attacked.platform("One")
                first = attack(one, attacked.copy, attacked.random)
                other = attacked.other_copy(distance)
                second = attack(attacked.platform("Two"), other, attacked.random)
        both = together(first, second, attacked.copy)
        print(  # noqa: T201 (a table for people)
            f"{attack.__name__:13} {distance:3} bits wrong before, "
            f"{wrong(first.value, attacked.stored):3} after {one.questions:6} questions in "
            f"{one.requests:3} requests; of two platforms {wrong(both.value, attacked.stored):3}"
        )


if __name__ == "__main__":
    main()
