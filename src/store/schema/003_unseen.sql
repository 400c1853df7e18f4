-- When what was written that has not been seen since: of an account by attribute, of a group as a whole.

ALTER TABLE link ADD COLUMN unseen BLOB NOT NULL DEFAULT x'';
ALTER TABLE group_link ADD COLUMN unseen TEXT;
