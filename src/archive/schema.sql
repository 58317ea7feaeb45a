-- The schema of a vrlobby recording, version 1.
--
-- Every `time` is in microseconds since the recording started, on the server's clock. The start
-- itself, in microseconds since the Unix epoch, is meta's start_unix_us.

-- What the recording says about itself; see the table in the README.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Everyone whose data is here. The name is there only if the operator chose so.
CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    name TEXT
) STRICT;

CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- One stay of one user in one room. `left_at` is NULL while the stay lasts, and after an
-- interruption.
CREATE TABLE member (
    id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person (id),
    room INTEGER NOT NULL REFERENCES room (id),
    joined_at INTEGER NOT NULL,
    left_at INTEGER
) STRICT;

-- Every pose as it was received, in that order. `client_time` is the client's own clock in seconds,
-- if it sent one.
CREATE TABLE pose (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    member INTEGER NOT NULL REFERENCES member (id),
    pos_x REAL NOT NULL,
    pos_y REAL NOT NULL,
    pos_z REAL NOT NULL,
    rot_x REAL NOT NULL,
    rot_y REAL NOT NULL,
    rot_z REAL NOT NULL,
    client_time REAL
) STRICT;

-- Everything else that happened, in order. What `type`, `data`, `code` and `count` hold depends on
-- `kind`; see the README.
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    person INTEGER REFERENCES person (id),
    room INTEGER REFERENCES room (id),
    type TEXT,
    data TEXT,
    code INTEGER,
    count INTEGER
) STRICT;

-- Marks in time. An instant has no `end_time` and `is_interval` 0; an interval that was still open
-- at the end has no `end_time` and `is_interval` 1. `person` is NULL for the operator.
CREATE TABLE marker (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    end_time INTEGER,
    is_interval INTEGER NOT NULL,
    label TEXT NOT NULL,
    person INTEGER REFERENCES person (id),
    room INTEGER REFERENCES room (id)
) STRICT;

-- Clock probes: the client's clock in seconds when it sent one, when that was received, and when
-- the answer was sent (RFC 5905, section 8: T1, T2 and T3).
CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES person (id),
    client REAL NOT NULL,
    received INTEGER NOT NULL,
    sent INTEGER NOT NULL
) STRICT;

-- Round trips of the server's own pings, in microseconds.
CREATE TABLE round_trip (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    person INTEGER NOT NULL REFERENCES person (id),
    micros INTEGER NOT NULL
) STRICT;

-- Ticks that went out at least 1 ms after they were due, in microseconds.
CREATE TABLE late_tick (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    room INTEGER NOT NULL REFERENCES room (id),
    micros INTEGER NOT NULL
) STRICT;

-- What is not here because its user had not consented, or the operator chose to leave it out:
-- only how much of it there was.
CREATE TABLE left_out (
    what TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- LEFT JOIN keeps the rows in the order of the first table. BIGINT, since DuckDB reads the views
-- itself, and its INTEGER has 32 bits.

CREATE VIEW poses AS
SELECT
    pose.id AS id,
    pose.time AS time_us,
    pose.time / 1e6 AS time,
    (pose.time + (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'start_unix_us')) / 1e6
        AS unix_time,
    person.subject AS user,
    room.name AS room,
    pose.member AS member,
    pose.client_time AS client_time,
    pos_x, pos_y, pos_z, rot_x, rot_y, rot_z
FROM pose
LEFT JOIN member ON member.id = pose.member
LEFT JOIN person ON person.id = member.person
LEFT JOIN room ON room.id = member.room;

CREATE VIEW events AS
SELECT
    event.id AS id,
    event.time AS time_us,
    event.time / 1e6 AS time,
    (event.time + (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'start_unix_us')) / 1e6
        AS unix_time,
    event.kind AS kind,
    person.subject AS user,
    room.name AS room,
    event.type AS type,
    event.data AS data,
    event.code AS code,
    event.count AS count
FROM event
LEFT JOIN person ON person.id = event.person
LEFT JOIN room ON room.id = event.room;

CREATE VIEW chat AS
SELECT id, time_us, time, unix_time, user, room, data FROM events
WHERE kind = 'said' AND type = 'msg';

CREATE VIEW markers AS
SELECT
    marker.id AS id,
    marker.time AS time_us,
    marker.time / 1e6 AS time,
    marker.end_time AS end_time_us,
    marker.end_time / 1e6 AS end_time,
    marker.is_interval AS is_interval,
    marker.label AS label,
    person.subject AS user,
    room.name AS room
FROM marker
LEFT JOIN person ON person.id = marker.person
LEFT JOIN room ON room.id = marker.room;

CREATE VIEW stays AS
SELECT
    member.id AS member,
    person.subject AS user,
    room.name AS room,
    member.joined_at / 1e6 AS joined,
    member.left_at / 1e6 AS "left"
FROM member
LEFT JOIN person ON person.id = member.person
LEFT JOIN room ON room.id = member.room;

CREATE VIEW probes AS
SELECT
    probe.id AS id,
    person.subject AS user,
    probe.client AS client_time,
    probe.received / 1e6 AS received,
    probe.sent / 1e6 AS sent
FROM probe
LEFT JOIN person ON person.id = probe.person;

CREATE VIEW round_trips AS
SELECT
    round_trip.id AS id,
    round_trip.time / 1e6 AS time,
    person.subject AS user,
    round_trip.micros / 1e6 AS round_trip
FROM round_trip
LEFT JOIN person ON person.id = round_trip.person;
