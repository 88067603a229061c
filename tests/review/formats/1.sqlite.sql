PRAGMA journal_mode=WAL;
CREATE TABLE lookalike_format (
	id INTEGER NOT NULL,
	format INTEGER NOT NULL,
	since FLOAT NOT NULL,
	PRIMARY KEY (id)
);
CREATE TABLE lookalike_events (
	event_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	scope TEXT NOT NULL,
	session TEXT NOT NULL,
	seq INTEGER NOT NULL,
	image_id TEXT NOT NULL,
	verdict TEXT NOT NULL,
	given TEXT NOT NULL,
	suggested TEXT NOT NULL,
	new_label TEXT,
	reviewer TEXT NOT NULL,
	run_id TEXT NOT NULL,
	decided_at FLOAT NOT NULL,
	booked_at FLOAT NOT NULL,
	note TEXT NOT NULL,
	undoes INTEGER,
	CONSTRAINT lookalike_events_once UNIQUE (scope, session, seq)
);
CREATE INDEX lookalike_events_undone ON lookalike_events (scope, session, undoes);
INSERT INTO lookalike_format VALUES (1, 1, 1760000000.5);
