-- The relational core: who owns what, what is published, how jobs ended.
--
-- DynamoDB's documents are the truth; these rows follow them, in the order of the documents'
-- revisions. Constraints name the states that cannot be. Those between tables are checked at
-- commit, because an asset and its job come together.

CREATE TABLE owners (
    owner      text PRIMARY KEY CHECK (owner <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE assets (
    asset         text PRIMARY KEY CHECK (asset ~ '^[A-Za-z0-9_-]{1,64}$'),
    owner         text NOT NULL REFERENCES owners,
    title         text NOT NULL,
    -- How its newest job ended.
    state         text NOT NULL CHECK (state IN ('ready', 'failed')),
    error_code    text,
    error_message text,
    newest_job    text NOT NULL,
    -- What players get; of an earlier job where the newest one failed.
    published_job text,
    revision      bigint NOT NULL CHECK (revision > 0),
    updated_at    timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT asset_failed_with_reason
        CHECK (num_nulls(error_code, error_message) = CASE state WHEN 'failed' THEN 0 ELSE 2 END),
    CONSTRAINT asset_ready_when_newest_is_published
        CHECK ((state = 'ready') = (published_job IS NOT DISTINCT FROM newest_job))
);

CREATE INDEX assets_of_owner ON assets (owner, asset);

CREATE TABLE jobs (
    job            text PRIMARY KEY CHECK (job ~ '^[A-Za-z0-9_-]{1,64}$'),
    asset          text NOT NULL REFERENCES assets DEFERRABLE INITIALLY DEFERRED,
    state          text NOT NULL CHECK (state IN ('ready', 'failed')),
    error_code     text,
    error_message  text,
    -- Unknown while only the asset's document has told of the job.
    profile        text,
    source_bucket  text,
    source_key     text,
    source_version text,
    source_etag    text,
    source_size    bigint CHECK (source_size >= 0),
    recorded_at    timestamptz NOT NULL DEFAULT now(),

    UNIQUE (job, asset, state),
    CONSTRAINT job_failed_with_reason
        CHECK (num_nulls(error_code, error_message) = CASE state WHEN 'failed' THEN 0 ELSE 2 END),
    CONSTRAINT job_source_whole_or_unknown
        CHECK (num_nulls(profile, source_bucket, source_key, source_etag, source_size) IN (0, 5)),
    CONSTRAINT job_version_with_source
        CHECK (source_version IS NULL OR source_key IS NOT NULL)
);

CREATE INDEX jobs_of_asset ON jobs (asset);

-- The stream of a job that was published.
CREATE TABLE publications (
    job         text PRIMARY KEY,
    asset       text NOT NULL,
    -- Always so: holds the job to be ready.
    job_state   text NOT NULL GENERATED ALWAYS AS ('ready') STORED,
    folder      text NOT NULL CHECK (folder LIKE '%/'),
    hls         text NOT NULL,
    dash        text NOT NULL,
    duration_ms bigint NOT NULL CHECK (duration_ms >= 0),

    UNIQUE (job, asset),
    CONSTRAINT publication_of_ready_job
        FOREIGN KEY (job, asset, job_state) REFERENCES jobs (job, asset, state)
        DEFERRABLE INITIALLY DEFERRED
);

ALTER TABLE assets
    ADD CONSTRAINT asset_state_is_newest_jobs
        FOREIGN KEY (newest_job, asset, state) REFERENCES jobs (job, asset, state)
        DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT asset_publishes_its_own
        FOREIGN KEY (published_job, asset) REFERENCES publications (job, asset)
        DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE renditions (
    job               text NOT NULL REFERENCES publications,
    rendition         text NOT NULL CHECK (rendition ~ '^[A-Za-z0-9_-]{1,64}$'),
    -- Place in the job's list: video first, each kind from the highest rate down.
    position          integer NOT NULL CHECK (position > 0),
    kind              text NOT NULL CHECK (kind IN ('video', 'audio')),
    codec             text NOT NULL,
    width             integer CHECK (width > 0),
    height            integer CHECK (height > 0),
    bandwidth         bigint NOT NULL CHECK (bandwidth > 0),
    average_bandwidth bigint NOT NULL CHECK (average_bandwidth > 0),
    segments          bigint NOT NULL CHECK (segments > 0),
    bytes             bigint NOT NULL CHECK (bytes > 0),

    PRIMARY KEY (job, rendition),
    UNIQUE (job, position),
    CONSTRAINT rendition_has_size_when_picture
        CHECK (num_nulls(width, height) = CASE kind WHEN 'video' THEN 0 ELSE 2 END)
);

CREATE FUNCTION publication_has_renditions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM renditions WHERE renditions.job = NEW.job) THEN
        RAISE EXCEPTION 'publication % has no rendition', NEW.job
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publication_has_renditions';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER publication_has_renditions
    AFTER INSERT OR UPDATE ON publications
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION publication_has_renditions();
