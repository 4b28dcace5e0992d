-- What docs/OPERATIONS.md gives to a login that may not change the schema.
CREATE ROLE lesser LOGIN PASSWORD 'password-of-the-clerk';
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lesser;
