-- The tables of the spine: facts, what they are about, what was read, and where each read goes on.
CREATE SCHEMA store;

CREATE TABLE store.meta (name VARCHAR, value VARCHAR);

-- One row per configured source, as it was at its last run.
CREATE TABLE store.sources (
    source VARCHAR, connector VARCHAR, person VARCHAR, schedule VARCHAR, config_hash VARCHAR,
    last_success TIMESTAMP, next_due TIMESTAMP, paused_until TIMESTAMP
);

-- What a stream declares about a metric: how its facts are revised and summed.
CREATE TABLE store.metrics (
    source VARCHAR, stream VARCHAR, metric VARCHAR, kind VARCHAR, revise VARCHAR, gauge BOOLEAN
);

-- Every name a subject has borne; the newest seen_at is the current one.
CREATE TABLE store.subjects (
    source VARCHAR, stable_id VARCHAR, name VARCHAR, kind VARCHAR, title VARCHAR, url VARCHAR,
    published_at TIMESTAMP, seen_at TIMESTAMP
);

-- A number for (source, metric, subject, kind), so that a fact carries four bytes and not four texts.
CREATE TABLE store.series (
    series_id INTEGER, source VARCHAR, stream VARCHAR, metric VARCHAR, subject VARCHAR, kind VARCHAR
);

-- The current revision of each fact. No index: the load's join on (series_id, key) is the identity check.
CREATE TABLE store.observations (
    series_id INTEGER, key VARCHAR, day DATE, occurred_at TIMESTAMP, actor VARCHAR, value DOUBLE,
    attrs JSON, left_out VARCHAR, observed_at TIMESTAMP, run_id VARCHAR
);

-- What a newer revision replaced; the same columns, never deleted.
CREATE TABLE store.superseded (
    series_id INTEGER, key VARCHAR, day DATE, occurred_at TIMESTAMP, actor VARCHAR, value DOUBLE,
    attrs JSON, left_out VARCHAR, observed_at TIMESTAMP, run_id VARCHAR
);

-- Sums a day. total: everyone; scored: without bots and self; actors: distinct people without bots.
CREATE TABLE store.daily (series_id INTEGER, day DATE, total DOUBLE, scored DOUBLE, actors INTEGER);

-- Who acted on a day, bots left out, so that people are counted without a look at the facts.
CREATE TABLE store.actor_days (series_id INTEGER, day DATE, actor VARCHAR, left_out VARCHAR);

-- Sums a period: of a gauge its last reading; actors: distinct people of the whole period.
CREATE TABLE store.totals (
    series_id INTEGER, grain VARCHAR, period DATE, ends_on DATE, total DOUBLE, scored DOUBLE, actors INTEGER
);

-- What is known of each day. share: how much of it was observed, 0 to 1.
CREATE TABLE store.coverage (
    source VARCHAR, stream VARCHAR, metric VARCHAR, day DATE, state VARCHAR, reason VARCHAR, share DOUBLE
);

-- The share of each period that was observed, 0 to 1.
CREATE TABLE store.period_coverage (
    source VARCHAR, metric VARCHAR, grain VARCHAR, period DATE, ends_on DATE, coverage DOUBLE
);

-- Where each stream's next read starts, part by part.
CREATE TABLE store.cursors (source VARCHAR, stream VARCHAR, part VARCHAR, value JSON, version INTEGER);

-- Segments whose load was committed and whose file may still lie in the spool.
CREATE TABLE store.segments (segment_id VARCHAR);

CREATE TABLE store.runs (
    run_id VARCHAR, source VARCHAR, stream VARCHAR, trigger VARCHAR, scheduled_for TIMESTAMP,
    started_at TIMESTAMP, finished_at TIMESTAMP, outcome VARCHAR, stored BIGINT, revised BIGINT,
    requests BIGINT, points BIGINT, message VARCHAR
);

-- Caches of scoring: dropping their rows and scoring again gives equal rows.
CREATE TABLE store.factors (
    person VARCHAR, model VARCHAR, grain VARCHAR, period DATE, ends_on DATE,
    factor_e DOUBLE, e_low DOUBLE, e_high DOUBLE, reads DOUBLE, comments DOUBLE, clicks DOUBLE,
    click_rate DOUBLE, e_status VARCHAR,
    factor_i DOUBLE, i_low DOUBLE, i_high DOUBLE, participants DOUBLE, interactions DOUBLE,
    interactions_per_participant DOUBLE, audience DOUBLE, participation_rate DOUBLE, i_status VARCHAR,
    coverage DOUBLE, provisional BOOLEAN, params VARCHAR
);
CREATE TABLE store.influence (
    person VARCHAR, model VARCHAR, grain VARCHAR, period DATE, ends_on DATE,
    influence DOUBLE, low DOUBLE, high DOUBLE, coverage DOUBLE, status VARCHAR, params VARCHAR
);
CREATE TABLE store.attribution (
    person VARCHAR, grain VARCHAR, period DATE, side VARCHAR, source VARCHAR, metric VARCHAR, log_effect DOUBLE
);
