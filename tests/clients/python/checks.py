"""Named checks with a deadline, one line of output each."""

import asyncio
import contextlib
import itertools
import traceback

DEADLINE = 30.0
"""Seconds that one check may take unless it says otherwise."""

_numbers = itertools.count(1)


def fresh(stem):
    """A name that no other check uses, so that checks don't see each other's users and rooms."""
    return f"{stem}-{next(_numbers)}"


class Suite:
    """A list of checks; each is an async function that gets a `World` and raises if it fails."""

    def __init__(self, name):
        self.name = name
        self.checks = []

    def check(self, function):
        self.checks.append((function, DEADLINE))
        return function

    def check_within(self, seconds):
        def register(function):
            self.checks.append((function, seconds))
            return function

        return register

    async def run(self, world, wanted=""):
        """Runs the checks whose names contain `wanted`; gives how many failed."""
        failed = 0
        for function, seconds in self.checks:
            name = f"{self.name}/{function.__name__}"
            if wanted in name:
                failed += not await report(name, self._one(function, world), seconds)
        return failed

    async def _one(self, function, world):
        async with contextlib.AsyncExitStack() as stack:
            await function(world.within(stack))


async def report(name, coroutine, seconds=DEADLINE):
    """Awaits a check and prints `ok` or `FAIL`; says whether it passed."""
    try:
        async with asyncio.timeout(seconds):
            await coroutine
    except Exception as error:  # A check fails by whatever it raises; all of it is reported.
        why = str(error) or f"{type(error).__name__}"
        if isinstance(error, TimeoutError) and not str(error):
            why = f"not done within {seconds:g} s"
        elif not isinstance(error, AssertionError):
            why = f"{type(error).__name__}: {why}"
        print(f"FAIL {name}: {one_line(why)} (at {where(error)})", flush=True)
        return False
    print(f"ok {name}", flush=True)
    return True


def one_line(text, limit=800):
    text = " ".join(str(text).split())
    return text if len(text) <= limit else f"{text[:limit]}…"


def where(error):
    """Our own lines that led to an error, innermost first."""
    folder = __file__.removesuffix("python/checks.py")
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f"{frame.filename.removeprefix(folder)}:{frame.lineno}"
        for frame in frames
        if frame.filename.startswith(folder)
    ]
    return " < ".join(reversed([line for line in ours if not line.startswith("python/checks.py")]))


def equal(got, wanted, what):
    assert got == wanted, f"{what}: wanted {wanted!r}, got {got!r}"
