-- An owner may remove an asset, and all rows about it with it. Nothing else is ever deleted, so the
-- application gets this function instead of the right to delete.
CREATE FUNCTION remove_asset(removed text) RETURNS void
    LANGUAGE sql
    -- With the rights of the schema's owner, and with nobody else's tables in the way.
    SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        DELETE FROM renditions
            WHERE job IN (SELECT job FROM publications WHERE asset = removed);
        DELETE FROM publications WHERE asset = removed;
        DELETE FROM jobs WHERE asset = removed;
        DELETE FROM assets WHERE asset = removed;
    END;

REVOKE EXECUTE ON FUNCTION remove_asset(text) FROM PUBLIC;
