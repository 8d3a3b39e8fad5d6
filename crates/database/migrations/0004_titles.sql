-- An owner may rename an asset at any time, not only when a job ends. The library's entry counts its
-- owner's changes, and the row remembers the one that its title is from: so an older title that comes
-- late never overwrites a newer one.
ALTER TABLE assets
    ADD COLUMN entry_version bigint NOT NULL DEFAULT 0 CHECK (entry_version >= 0);
COMMENT ON COLUMN assets.entry_version IS '0 while the title is the name of the file';

-- Both counters only grow, and each update raises one of them.
CREATE OR REPLACE FUNCTION asset_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.revision < OLD.revision OR NEW.entry_version < OLD.entry_version
        OR (NEW.revision, NEW.entry_version) = (OLD.revision, OLD.entry_version)
        OR (NEW.asset, NEW.owner) <> (OLD.asset, OLD.owner)
    THEN
        RAISE EXCEPTION 'asset % cannot go back from revision %, entry %',
                OLD.asset, OLD.revision, OLD.entry_version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'asset_goes_forward';
    END IF;
    RETURN NEW;
END
$$;
