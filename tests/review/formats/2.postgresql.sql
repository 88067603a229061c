CREATE FUNCTION lookalike_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'decisions are only ever added'; END $$;
CREATE TABLE lookalike_events (
    event_id bigint NOT NULL,
    scope text NOT NULL,
    session text NOT NULL,
    seq bigint NOT NULL,
    image_id text NOT NULL,
    verdict text NOT NULL,
    given text NOT NULL,
    suggested text NOT NULL,
    new_label text,
    reviewer text NOT NULL,
    run_id text NOT NULL,
    decided_at double precision NOT NULL,
    booked_at double precision NOT NULL,
    note text NOT NULL,
    undoes bigint,
    mode text DEFAULT ''::text NOT NULL,
    shown_at double precision,
    queue text DEFAULT ''::text NOT NULL,
    purpose text DEFAULT ''::text NOT NULL
);
CREATE VIEW lookalike_current AS
 SELECT lookalike_events.event_id,
    lookalike_events.scope,
    lookalike_events.session,
    lookalike_events.seq,
    lookalike_events.image_id,
    lookalike_events.verdict,
    lookalike_events.given,
    lookalike_events.suggested,
    lookalike_events.new_label,
    lookalike_events.reviewer,
    lookalike_events.run_id,
    lookalike_events.decided_at,
    lookalike_events.booked_at,
    lookalike_events.note,
    lookalike_events.undoes,
    lookalike_events.mode,
    lookalike_events.shown_at,
    lookalike_events.queue,
    lookalike_events.purpose
   FROM lookalike_events
  WHERE (lookalike_events.event_id IN ( SELECT live.event_id
           FROM ( SELECT lookalike_events_1.event_id,
                    row_number() OVER (PARTITION BY lookalike_events_1.scope, lookalike_events_1.image_id, lookalike_events_1.reviewer,
                        CASE
                            WHEN (lookalike_events_1.verdict = ANY (ARRAY['exclude'::text, 'include'::text])) THEN 'mark'::text
                            WHEN (lookalike_events_1.purpose = 'adjudicate'::text) THEN 'adjudicate'::text
                            ELSE 'label'::text
                        END ORDER BY lookalike_events_1.event_id DESC) AS place
                   FROM lookalike_events lookalike_events_1
                  WHERE ((lookalike_events_1.verdict <> 'undo'::text) AND (lookalike_events_1.purpose <> ALL (ARRAY['known'::text, 'repeat'::text])) AND (NOT (EXISTS ( SELECT taken_back.event_id,
                            taken_back.scope,
                            taken_back.session,
                            taken_back.seq,
                            taken_back.image_id,
                            taken_back.verdict,
                            taken_back.given,
                            taken_back.suggested,
                            taken_back.new_label,
                            taken_back.reviewer,
                            taken_back.run_id,
                            taken_back.decided_at,
                            taken_back.booked_at,
                            taken_back.note,
                            taken_back.undoes,
                            taken_back.mode,
                            taken_back.shown_at,
                            taken_back.queue,
                            taken_back.purpose
                           FROM lookalike_events taken_back
                          WHERE ((taken_back.verdict = 'undo'::text) AND (taken_back.scope = lookalike_events_1.scope) AND (taken_back.session = lookalike_events_1.session) AND (taken_back.undoes = lookalike_events_1.seq))))))) live
          WHERE (live.place = 1)));
CREATE TABLE lookalike_edge_events (
    event_id bigint NOT NULL,
    scope text NOT NULL,
    session text NOT NULL,
    seq bigint NOT NULL,
    class_a text NOT NULL,
    class_b text NOT NULL,
    verdict text NOT NULL,
    guideline text NOT NULL,
    reviewer text NOT NULL,
    decided_at double precision NOT NULL,
    booked_at double precision NOT NULL
);
CREATE SEQUENCE lookalike_edge_events_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE lookalike_edge_events_event_id_seq OWNED BY lookalike_edge_events.event_id;
CREATE SEQUENCE lookalike_events_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE lookalike_events_event_id_seq OWNED BY lookalike_events.event_id;
CREATE TABLE lookalike_format (
    id integer NOT NULL,
    format integer NOT NULL,
    since double precision NOT NULL
);
CREATE TABLE lookalike_leases (
    scope text NOT NULL,
    image_id text NOT NULL,
    session text NOT NULL,
    reviewer text NOT NULL,
    queue text NOT NULL,
    until double precision NOT NULL
);
CREATE TABLE lookalike_queues (
    scope text NOT NULL,
    queue_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    rule text NOT NULL,
    created_by text NOT NULL,
    created_at double precision NOT NULL,
    is_closed boolean NOT NULL
);
ALTER TABLE ONLY lookalike_edge_events ALTER COLUMN event_id SET DEFAULT nextval('lookalike_edge_events_event_id_seq'::regclass);
ALTER TABLE ONLY lookalike_events ALTER COLUMN event_id SET DEFAULT nextval('lookalike_events_event_id_seq'::regclass);
ALTER TABLE ONLY lookalike_edge_events
    ADD CONSTRAINT lookalike_edge_events_once UNIQUE (scope, session, seq);
ALTER TABLE ONLY lookalike_edge_events
    ADD CONSTRAINT lookalike_edge_events_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY lookalike_events
    ADD CONSTRAINT lookalike_events_once UNIQUE (scope, session, seq);
ALTER TABLE ONLY lookalike_events
    ADD CONSTRAINT lookalike_events_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY lookalike_format
    ADD CONSTRAINT lookalike_format_pkey PRIMARY KEY (id);
ALTER TABLE ONLY lookalike_leases
    ADD CONSTRAINT lookalike_leases_pkey PRIMARY KEY (scope, image_id, session);
ALTER TABLE ONLY lookalike_queues
    ADD CONSTRAINT lookalike_queues_pkey PRIMARY KEY (scope, queue_id);
CREATE INDEX lookalike_edge_events_pair ON lookalike_edge_events USING btree (scope, class_a, class_b);
CREATE INDEX lookalike_events_image ON lookalike_events USING btree (scope, image_id);
CREATE INDEX lookalike_events_undone ON lookalike_events USING btree (scope, session, undoes);
CREATE INDEX lookalike_leases_until ON lookalike_leases USING btree (scope, until);
CREATE TRIGGER lookalike_edge_events_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON lookalike_edge_events FOR EACH STATEMENT EXECUTE FUNCTION lookalike_append_only();
CREATE TRIGGER lookalike_events_no_change BEFORE DELETE OR UPDATE OR TRUNCATE ON lookalike_events FOR EACH STATEMENT EXECUTE FUNCTION lookalike_append_only();
INSERT INTO lookalike_format VALUES (1, 2, 1760000000.5);
