"""python main.py WANTED SERVER_BINARY README

Records bots, and runs the README's analyses on the recording as printed: the Python one, the R one,
and `vrlobby inspect`, whose figures are compared with what Python's own sqlite3 finds. Says
`ok analysis/NAME` or `FAIL analysis/NAME: why` for each check whose name contains WANTED.
"""

import contextlib
import json
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from pathlib import Path

USERS, HZ, SECONDS = 12, 30, 10
START_SECONDS = 20
MOST_LINES = 12

PRINTED_COMMANDS = (
    "vrlobby --headless --record session.db",
    "vrlobby inspect session.db --json",
)

checks = []


def check(function):
    checks.append(function)
    return function


def equal(got, wanted, what):
    assert got == wanted, f"{what}: wanted {wanted!r}, got {got!r}"


def near(got, wanted, what, least=1e-6, share=1e-9):
    assert abs(got - wanted) <= max(least, share * abs(wanted)), f"{what}: wanted {wanted}, got {got}"


class Session:
    """A folder with session.db in it."""

    def __init__(self, folder, binary, readme):
        self.folder, self.binary = Path(folder), binary
        self.readme = Path(readme).read_text(encoding="utf-8")
        self.file = self.folder / "session.db"

    def run(self, *command, timeout=90):
        """Runs a command in the folder; gives what it prints."""
        done = subprocess.run(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout, check=False,
        )
        assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr[-600:]}"
        return done.stdout

    def printed(self, command):
        """Runs a command of the README."""
        assert command in self.readme, f"the README does not print {command!r}"
        return self.run(self.binary, *command.split()[1:])

    def snippet(self, language):
        """The README's one analysis in a language."""
        blocks = re.findall(rf"^```{language}\n(.*?)^```$", self.readme, re.M | re.S)
        blocks = [block for block in blocks if '"session.db"' in block]
        equal(len(blocks), 1, f"{language} analyses in the README")
        lines = sum(bool(line.strip()) for line in blocks[0].splitlines())
        assert lines <= MOST_LINES, f"the {language} analysis has {lines} lines, not {MOST_LINES}"
        return blocks[0]

    def query(self, sql):
        with contextlib.closing(sqlite3.connect(self.file)) as db:
            return db.execute(sql).fetchall()

    def record(self):
        """Records bots in a room, from a server that is started as the README says."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = PRINTED_COMMANDS[0]
        assert command in self.readme, f"the README does not print {command!r}"
        arguments = [*command.split()[1:], "--ip", "127.0.0.1", "--port", str(port), "--fps", "30"]
        log = self.folder / "server.log"
        with log.open("wb") as stderr:
            server = subprocess.Popen(
                [self.binary, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=stderr,
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not accepts(port):
                assert server.poll() is None, f"the server ended: {log.read_text()[-600:]}"
                assert time.monotonic() < deadline, f"no server after {START_SECONDS} s"
                time.sleep(0.02)
            self.run(
                self.binary, "bots", "--url", f"ws://127.0.0.1:{port}", "--users", str(USERS),
                "--rooms", "1", "--hz", str(HZ), "--seconds", str(SECONDS), "--chat",
            )
            server.send_signal(signal.SIGTERM)
            equal(server.wait(30), 0, "the server's exit code")
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        log.unlink()


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@check
def a_recording_is_one_file_and_its_key(session):
    files = sorted(path.name for path in session.folder.iterdir())
    equal(files, ["session.db", "session.key.csv"], "files")
    for path in session.folder.iterdir():
        equal(oct(path.stat().st_mode & 0o777), "0o600", f"permissions of {path.name}")
    equal(session.query("PRAGMA integrity_check"), [("ok",)], "SQLite's integrity check")


@check
def inspect_finds_what_sqlite3_finds(session):
    seen = json.loads(session.printed(PRINTED_COMMANDS[1]))
    equal(seen["state"], "whole", "the state")
    equal(len(seen["users"]), USERS, "users")
    times = defaultdict(lambda: defaultdict(list))
    for user, member, time_us in session.query("SELECT user, member, time_us FROM poses ORDER BY id"):
        times[user][member].append(time_us)
    equal(seen["poses"], sum(len(stay) for stays in times.values() for stay in stays.values()), "poses")
    assert seen["poses"] > USERS * HZ * SECONDS * 0.8, f"only {seen['poses']} poses"
    for user in seen["users"]:
        name, stays = user["user"], times[user["user"]].values()
        pairs = [pair for stay in stays for pair in zip(stay, stay[1:])]
        gaps = [(later - at, at) for at, later in pairs if later - at > 100_000]
        equal(user["poses"], sum(map(len, stays)), f"poses of {name}")
        equal(user["gaps"]["count"], len(gaps), f"gaps of {name}")
        near(user["gaps"]["total"], sum(gap for gap, _ in gaps) / 1e6, f"gaps of {name}")
        longest = max((gap for gap, _ in gaps), default=None)
        if longest is None:
            equal(user["gaps"]["longest"], None, f"the longest gap of {name}")
        else:
            near(user["gaps"]["longest"], longest / 1e6, f"the longest gap of {name}")
            at = min(at for gap, at in gaps if gap == longest)
            near(user["gaps"]["longest_at"], at / 1e6, f"where {name} has it")
        span = sum(stay[-1] - stay[0] for stay in stays)
        near(user["rate"], len(pairs) * 1e6 / span, f"the rate of {name}")
        equal(user["nominal_rate"], HZ, f"the nominal rate of {name}")
        trips = sorted(
            trip for (trip,) in
            session.query(f"SELECT round_trip FROM round_trips WHERE user = '{name}'")
        )
        equal(user["round_trips"]["count"], len(trips), f"round trips of {name}")
        if trips:
            near(user["round_trips"]["max"], trips[-1], f"the longest round trip of {name}")
        said = session.query(f"SELECT count(*) FROM chat WHERE user = '{name}'")
        equal(user["messages"], said[0][0], f"messages of {name}")
    equal(seen["messages"], session.query("SELECT count(*) FROM chat")[0][0], "messages")


@check
def the_views_have_the_columns_that_the_readme_lists(session):
    rows = re.findall(r"^\| `(\w+)` \| .* \| (`id`.*|`member`, .*) \|$", session.readme, re.M)
    views = {name for (name,) in session.query("SELECT name FROM sqlite_schema WHERE type = 'view'")}
    equal({view for view, _ in rows}, views, "views in the README")
    for view, listed in rows:
        columns = [name for (name,) in session.query(f"SELECT name FROM pragma_table_info('{view}')")]
        equal(re.findall(r"`(\w+)`", listed), columns, f"columns of {view}")


@check
def the_readme_explains_every_key_and_kind(session):
    explained = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| `.*$", session.readme, re.M))))
    keys = {key for (key,) in session.query("SELECT key FROM meta") if not key.startswith("field.")}
    kinds = {kind for (kind,) in session.query("SELECT DISTINCT kind FROM events")}
    equal((keys | kinds) - explained, set(), "keys of meta and kinds of events not in the README")


@check
def the_python_analysis_works_as_printed(session):
    (session.folder / "analysis.py").write_text(session.snippet("python"), encoding="utf-8")
    equal(session.run(sys.executable, "analysis.py"), "", "what it prints")
    assert shades(session.folder / "trajectory.png") > USERS, "the picture is blank"


def shades(file):
    """How many different bytes the pixels of a picture have."""
    data = file.read_bytes()
    equal(data[:8], b"\x89PNG\r\n\x1a\n", f"the first bytes of {file.name}")
    pixels, at = b"", 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == b"IDAT":
            pixels += data[at + 8 : at + 8 + length]
        at += 12 + length
    return len(set(zlib.decompress(pixels)))


@check
def the_r_analysis_works_as_printed(session):
    (session.folder / "analysis.R").write_text(session.snippet("r"), encoding="utf-8")
    table = session.run("Rscript", "analysis.R").splitlines()
    equal(table[0].split(), ["user", "metres", "seconds", "speed"], "its columns")
    walked = defaultdict(lambda: [0.0, 0.0])
    before = {}
    for user, member, at, x, z in session.query(
        "SELECT user, member, time, pos_x, pos_z FROM poses ORDER BY id"
    ):
        if member in before:
            then, old_x, old_z = before[member]
            walked[user][0] += ((x - old_x) ** 2 + (z - old_z) ** 2) ** 0.5
            walked[user][1] += at - then
        before[member] = (at, x, z)
    equal(len(table) - 1, len(walked), "users in its table")
    for _, user, metres, seconds, speed in map(str.split, table[1:]):
        wanted = (*walked[user], walked[user][0] / walked[user][1])
        for got, value, what in zip((metres, seconds, speed), wanted, ("metres", "seconds", "speed")):
            near(float(got), value, f"{what} of {user}", share=1e-3)
    assert shades(session.folder / "walked.png") > 2, "the picture is blank"


def main(wanted, binary, readme):
    names = [f"analysis/{function.__name__}" for function in checks]
    if not any(wanted in name for name in names):
        return 0
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        session = Session(folder, binary, readme)
        recorded = None
        try:
            session.record()
        except Exception as error:
            recorded = error
        for name, function in zip(names, checks):
            if wanted not in name:
                continue
            try:
                if recorded is not None:
                    raise recorded
                function(session)
                print(f"ok {name}", flush=True)
            except Exception as error:
                failed += 1
                why = " ".join(f"{type(error).__name__}: {error}".split())
                print(f"FAIL {name}: {why[:800]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(*sys.argv[1:]))
