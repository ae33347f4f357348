-- A complaint about one of the staff is in no list of that person, or of their line.
alter table claim drop column about_id;
alter table claim add column apart_ids text[] not null default '{}';
