-- Refuses states that nothing writes on purpose, and that 0001 would keep if something did.

-- The closed list of what can go wrong, for both tables. A new code is one more line in a later
-- migration: ALTER DOMAIN drops this constraint and adds the longer one.
CREATE DOMAIN error_code AS text CONSTRAINT error_code_is_in_the_list CHECK (VALUE IN (
    'InputInvalid', 'SourceEmpty', 'SourceMissing', 'SourceChanged', 'SourceNotMedia',
    'SourceTruncated', 'SourceWithoutTracks', 'SourceCodecUnsupported', 'SourceDamaged',
    'SourceTooLarge', 'StorageUnavailable', 'StorageDenied', 'DatabaseUnavailable',
    'DatabaseRefused', 'DeadlineNear', 'EncoderKilled', 'EncoderFailed', 'ChunkInvalid',
    'ChunkMissing', 'InitMismatch', 'TimelineGap', 'CountMismatch', 'SegmentMissing',
    'JobCancelled', 'LeaseLost', 'AttemptsExhausted', 'ConfigInvalid', 'Internal'
));

ALTER TABLE assets ALTER COLUMN error_code TYPE error_code;
ALTER TABLE jobs ALTER COLUMN error_code TYPE error_code;

ALTER TABLE jobs
    ADD CONSTRAINT job_source_has_a_name
        CHECK (source_bucket <> '' AND source_key <> '' AND profile <> ''),
    ADD CONSTRAINT job_ready_from_some_bytes
        CHECK (state <> 'ready' OR source_size > 0);

-- Paths as players join them to the address of the media bucket.
ALTER TABLE publications
    ADD CONSTRAINT publication_has_a_folder_of_its_own UNIQUE (folder),
    ADD CONSTRAINT publication_paths_are_relative
        CHECK (folder ~ '^[^/]' AND hls ~ '^[^/]' AND dash ~ '^[^/]');

ALTER TABLE renditions
    ADD CONSTRAINT rendition_has_a_codec CHECK (codec <> '');

-- A row of `assets` follows its document, which has one owner for ever and counts its changes.
CREATE FUNCTION asset_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.revision <= OLD.revision OR (NEW.asset, NEW.owner) <> (OLD.asset, OLD.owner) THEN
        RAISE EXCEPTION 'asset % cannot go back from revision %', OLD.asset, OLD.revision
            USING ERRCODE = 'check_violation', CONSTRAINT = 'asset_goes_forward';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER asset_goes_forward
    BEFORE UPDATE ON assets
    FOR EACH ROW EXECUTE FUNCTION asset_goes_forward();

-- What is published stays published, and a job never gets another asset or another source.
CREATE FUNCTION job_keeps_what_is_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.job, NEW.asset) <> (OLD.job, OLD.asset)
        OR (OLD.state = 'ready' AND NEW.state <> 'ready')
        OR (OLD.source_key IS NOT NULL
            AND (NEW.profile, NEW.source_bucket, NEW.source_key, NEW.source_version,
                 NEW.source_etag, NEW.source_size)
                IS DISTINCT FROM
                (OLD.profile, OLD.source_bucket, OLD.source_key, OLD.source_version,
                 OLD.source_etag, OLD.source_size))
    THEN
        RAISE EXCEPTION 'job % cannot become another one', OLD.job
            USING ERRCODE = 'check_violation', CONSTRAINT = 'job_keeps_what_is_known';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER job_keeps_what_is_known
    BEFORE UPDATE ON jobs
    FOR EACH ROW EXECUTE FUNCTION job_keeps_what_is_known();

-- Readers take an asset, then its publication, in two statements: that is consistent because a
-- publication never changes. A stream that is made again has a job, and so rows, of its own.
CREATE FUNCTION publication_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'publication % cannot change', OLD.job
        USING ERRCODE = 'check_violation', CONSTRAINT = 'publication_never_changes';
END
$$;

CREATE TRIGGER publication_never_changes
    BEFORE UPDATE ON publications
    FOR EACH ROW EXECUTE FUNCTION publication_never_changes();

CREATE TRIGGER publication_never_changes
    BEFORE UPDATE ON renditions
    FOR EACH ROW EXECUTE FUNCTION publication_never_changes();

-- 0001 looked at a publication when it was added. Taking its renditions away, or adding them with
-- gaps, must not pass either.
DROP TRIGGER publication_has_renditions ON publications;
DROP FUNCTION publication_has_renditions();

CREATE FUNCTION publication_has_renditions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text := COALESCE(NEW.job, OLD.job);
    seen    record;
BEGIN
    -- Nothing is wrong with a publication that was removed as a whole.
    IF NOT EXISTS (SELECT FROM publications WHERE job = changed) THEN
        RETURN NULL;
    END IF;
    SELECT count(*) AS renditions,
           max(position) AS last,
           max(position) FILTER (WHERE kind = 'video') AS last_video,
           min(position) FILTER (WHERE kind = 'audio') AS first_audio
        INTO seen
        FROM renditions WHERE job = changed;
    IF seen.renditions = 0 THEN
        RAISE EXCEPTION 'publication % has no rendition', changed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publication_has_renditions';
    END IF;
    IF seen.last <> seen.renditions OR seen.last_video > seen.first_audio THEN
        RAISE EXCEPTION 'the renditions of publication % are not in order', changed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'renditions_are_in_order';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER publication_has_renditions
    AFTER INSERT ON publications
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION publication_has_renditions();

CREATE CONSTRAINT TRIGGER publication_has_renditions
    AFTER INSERT OR DELETE ON renditions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION publication_has_renditions();
