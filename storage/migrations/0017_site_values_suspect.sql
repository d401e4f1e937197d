-- How many observations of a site's step are suspect, which its areas' values tell.
-- Null: kept without it; such a value is computed again where it is wanted.
ALTER TABLE site_values ADD COLUMN suspect int;
