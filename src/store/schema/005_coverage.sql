-- How much of its source the last accepted reading covered.

ALTER TABLE reading ADD COLUMN coverage TEXT NOT NULL DEFAULT 'whole' CHECK (coverage IN ('whole', 'part'));
