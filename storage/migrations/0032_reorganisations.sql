-- Share of the predecessor's land that went into the successor; null: not known.
ALTER TABLE area_successions ADD share float8 CHECK (share > 0 AND share <= 1);

-- Who switched a unit's reporting on or off; null: as the profile has it.
ALTER TABLE areas ADD reporting_by text;
