-- Nothing: whoever may write the file may also rewrite it.
SELECT 1;
