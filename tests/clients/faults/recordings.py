"""Reads recordings with Python's own sqlite3, and compares them with what was sent."""

import sqlite3
from contextlib import closing

from wire import numbers

PROMISE = 0.25
"""Seconds before the end of which all may be lost."""


class Recording:
    """What is in a recording's file; opening it takes in its log."""

    def __init__(self, file):
        with closing(sqlite3.connect(file)) as db:
            check = db.execute("PRAGMA integrity_check").fetchall()
            assert check == [("ok",)], f"integrity_check: {check[:3]}"
            self.meta = dict(db.execute("SELECT key, value FROM meta"))
            self.subjects = [subject for subject, in db.execute("SELECT subject FROM person")]
            self.poses = {}
            last = 0
            for user, time, *found in db.execute(
                "SELECT user, time_us, pos_x, pos_y, pos_z, rot_x, rot_y, rot_z FROM poses"
                " ORDER BY id"
            ):
                assert time >= last, f"a pose at {time} us comes after one at {last} us"
                last = time
                self.poses.setdefault(user, []).append(tuple(found))
            self.lost = db.execute("SELECT sum(count) FROM event WHERE kind = 'lost'").fetchone()[0]

    @property
    def ending(self):
        return self.meta.get("ending")

    def of(self, walker):
        return self.poses.get(walker.name, [])

    def require_whole(self, walker):
        """All that was sent is there, and nothing else."""
        found = self.of(walker)
        assert len(found) == walker.sent, f"{len(found)} poses of {walker.sent} of {walker.name}"
        require_start(found, walker)

    def loss(self, walkers, moment):
        """How long before a moment the first pose had been received that is not here, in seconds."""
        worst = 0.0
        for walker in walkers:
            found = self.of(walker)
            require_start(found, walker)
            received = walker.received_at(len(found))
            if received is not None:
                worst = max(worst, moment - received)
        return worst


def require_start(found, walker):
    """The poses are those from the first on, in order, none missing, none altered."""
    for n, got in enumerate(found):
        assert got == numbers(n), f"pose {n} of {walker.name}: {got}, sent {numbers(n)}"


def require_order(found, walker):
    """The poses are some of those that were sent, in order, none altered."""
    last = -1
    for got in found:
        n = int(got[0])
        assert last < n < walker.sent, f"pose {n} of {walker.name} after {last}"
        assert got == numbers(n), f"pose {n} of {walker.name}: {got}, sent {numbers(n)}"
        last = n
