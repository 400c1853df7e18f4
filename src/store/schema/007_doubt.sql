-- Who else may be in a group, since a request about them had no answer: packed like its members, and
-- apart from them.

ALTER TABLE group_link ADD COLUMN in_doubt BLOB NOT NULL DEFAULT x'';
