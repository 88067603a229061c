PRAGMA journal_mode=WAL;
CREATE TABLE lookalike_format (
	id INTEGER NOT NULL,
	format INTEGER NOT NULL,
	since FLOAT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE lookalike_events (
    event_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL, session TEXT NOT NULL, seq INTEGER NOT NULL,
    image_id TEXT NOT NULL, verdict TEXT NOT NULL, given TEXT NOT NULL, suggested TEXT NOT NULL, new_label TEXT,
    reviewer TEXT NOT NULL, run_id TEXT NOT NULL,
    decided_at FLOAT NOT NULL, booked_at FLOAT NOT NULL, note TEXT NOT NULL, undoes INTEGER, mode TEXT NOT NULL DEFAULT '', shown_at FLOAT, queue TEXT NOT NULL DEFAULT '', purpose TEXT NOT NULL DEFAULT '',
    CONSTRAINT lookalike_events_once UNIQUE (scope, session, seq)
);
CREATE INDEX lookalike_events_undone ON lookalike_events (scope, session, undoes);
CREATE INDEX lookalike_events_image ON lookalike_events (scope, image_id);
CREATE TABLE lookalike_edge_events (
	event_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	scope TEXT NOT NULL,
	session TEXT NOT NULL,
	seq INTEGER NOT NULL,
	class_a TEXT NOT NULL,
	class_b TEXT NOT NULL,
	verdict TEXT NOT NULL,
	guideline TEXT NOT NULL,
	reviewer TEXT NOT NULL,
	decided_at FLOAT NOT NULL,
	booked_at FLOAT NOT NULL,
	CONSTRAINT lookalike_edge_events_once UNIQUE (scope, session, seq)
);
CREATE INDEX lookalike_edge_events_pair ON lookalike_edge_events (scope, class_a, class_b);
CREATE TABLE lookalike_leases (
	scope TEXT NOT NULL,
	image_id TEXT NOT NULL,
	session TEXT NOT NULL,
	reviewer TEXT NOT NULL,
	queue TEXT NOT NULL,
	until FLOAT NOT NULL,
	PRIMARY KEY (scope, image_id, session)
);
CREATE INDEX lookalike_leases_until ON lookalike_leases (scope, until);
CREATE TABLE lookalike_queues (
	scope TEXT NOT NULL,
	queue_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	rule TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at FLOAT NOT NULL,
	is_closed BOOLEAN NOT NULL,
	PRIMARY KEY (scope, queue_id)
);
CREATE TRIGGER lookalike_events_no_update BEFORE UPDATE ON lookalike_events BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
CREATE TRIGGER lookalike_events_no_delete BEFORE DELETE ON lookalike_events BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
CREATE TRIGGER lookalike_edge_events_no_update BEFORE UPDATE ON lookalike_edge_events BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
CREATE TRIGGER lookalike_edge_events_no_delete BEFORE DELETE ON lookalike_edge_events BEGIN SELECT RAISE(ABORT, 'decisions are only ever added'); END;
CREATE VIEW lookalike_current AS SELECT lookalike_events.event_id, lookalike_events.scope, lookalike_events.session, lookalike_events.seq, lookalike_events.image_id, lookalike_events.verdict, lookalike_events.given, lookalike_events.suggested, lookalike_events.new_label, lookalike_events.reviewer, lookalike_events.run_id, lookalike_events.decided_at, lookalike_events.booked_at, lookalike_events.note, lookalike_events.undoes, lookalike_events.mode, lookalike_events.shown_at, lookalike_events.queue, lookalike_events.purpose
FROM lookalike_events
WHERE lookalike_events.event_id IN (SELECT live.event_id
FROM (SELECT lookalike_events.event_id AS event_id, row_number() OVER (PARTITION BY lookalike_events.scope, lookalike_events.image_id, lookalike_events.reviewer, CASE WHEN (lookalike_events.verdict IN ('exclude', 'include')) THEN 'mark' WHEN (lookalike_events.purpose = 'adjudicate') THEN 'adjudicate' ELSE 'label' END ORDER BY lookalike_events.event_id DESC) AS place
FROM lookalike_events
WHERE lookalike_events.verdict != 'undo' AND (lookalike_events.purpose NOT IN ('known', 'repeat')) AND NOT (EXISTS (SELECT *
FROM lookalike_events AS taken_back
WHERE taken_back.verdict = 'undo' AND taken_back.scope = lookalike_events.scope AND taken_back.session = lookalike_events.session AND taken_back.undoes = lookalike_events.seq))) AS live
WHERE live.place = 1);
INSERT INTO lookalike_format VALUES (1, 2, 1760000000.5);
