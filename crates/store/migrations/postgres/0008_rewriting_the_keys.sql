-- After an erasure the file of the keys is written anew, without what stood in it. Only its owner may do that, so it is done
-- as the owner, for whoever may call this. (VACUUM cannot be called from a function; this rewrites as thoroughly.)
CREATE FUNCTION rewrite_data_keys() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    CLUSTER data_keys USING data_keys_pkey;
END $$;
REVOKE EXECUTE ON FUNCTION rewrite_data_keys() FROM PUBLIC;
