"""What the application may do with the tables that belong to no organisation: accounts, sessions, queue, access log.

Signing in happens before anybody acts for an organisation, so these tables can't ask for a context to be read. Whoever
writes them is held by the columns that are open, by what a change owes the ledger, and by lines of the access log that
the database itself adds.
"""

from atmpxb.records.tenancy import ORGANISATION, recorded_sql

_PERSON = "current_setting('app.person')::uuid"

#: An account is changed by its holder, or by an organisation that it acts for, unless it acts for another one too.
PEOPLE = f"""
CREATE FUNCTION people_may_change(account uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT account = {_PERSON} OR (
        EXISTS (SELECT 1 FROM people_membership m WHERE m.person_id = account AND m.organisation_id = {ORGANISATION})
        AND NOT EXISTS (SELECT 1 FROM people_membership m WHERE m.person_id = account AND m.valid_until IS NULL
                        AND m.organisation_id <> {ORGANISATION}))
$$;
ALTER FUNCTION people_may_change OWNER TO atmpxb_ledger;
GRANT SELECT ON people_membership TO atmpxb_ledger;
CREATE POLICY accounts ON people_membership FOR SELECT TO atmpxb_ledger USING (true);

ALTER TABLE people_person ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_person FORCE ROW LEVEL SECURITY;
CREATE POLICY readable ON people_person FOR SELECT TO atmpxb_app USING (true);
CREATE POLICY opened ON people_person FOR INSERT TO atmpxb_app WITH CHECK (true);
CREATE POLICY changed ON people_person FOR UPDATE TO atmpxb_app USING (true) WITH CHECK (people_may_change(id));
CREATE POLICY migrating ON people_person TO atmpxb_owner
    USING (current_setting('app.migrating') = 'on') WITH CHECK (current_setting('app.migrating') = 'on');
REVOKE DELETE, TRUNCATE ON people_person FROM atmpxb_app;
{recorded_sql("people_person")};
"""

#: The database stamps the time, and a line speaks of another organisation's record only in the name of who acts.
ACCESS_LOG = f"""
ALTER TABLE people_access ALTER COLUMN at SET DEFAULT clock_timestamp();
ALTER TABLE people_access ENABLE ROW LEVEL SECURITY;
ALTER TABLE people_access FORCE ROW LEVEL SECURITY;
CREATE POLICY append ON people_access FOR INSERT TO atmpxb_app WITH CHECK (
    CASE WHEN organisation_id IS NULL THEN owner_id IS NULL
    ELSE organisation_id = {ORGANISATION} AND person_id = {_PERSON} END);
CREATE POLICY own ON people_access FOR SELECT TO atmpxb_app
    USING (owner_id = {ORGANISATION} OR organisation_id = {ORGANISATION});
CREATE POLICY migrating ON people_access TO atmpxb_owner USING (current_setting('app.migrating') = 'on');
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON people_access FROM atmpxb_app;
GRANT INSERT (person_id, organisation_id, owner_id, event, subject, address) ON people_access TO atmpxb_app;
"""

#: A second factor is kept by the sign-in library; that it changed can't be kept from the access log.
FACTORS = """
CREATE FUNCTION people_log_factor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO people_access (person_id, event, subject, address)
        VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.user_id ELSE NEW.user_id END, 'factor.' || lower(TG_OP),
                CASE TG_OP WHEN 'DELETE' THEN OLD.type ELSE NEW.type END, '');
    RETURN NULL;
END $$;
CREATE TRIGGER people_factor_logged AFTER INSERT OR DELETE OR UPDATE OF user_id, type, data ON mfa_authenticator
    FOR EACH ROW EXECUTE FUNCTION people_log_factor();
REVOKE UPDATE ON mfa_authenticator FROM atmpxb_app;
GRANT UPDATE (user_id, type, data, created_at, last_used_at) ON mfa_authenticator TO atmpxb_app;
"""

#: Nothing of the program writes these.
UNUSED = """
REVOKE ALL ON django_migrations FROM atmpxb_app;
REVOKE INSERT, UPDATE, DELETE ON django_content_type, auth_permission, auth_group, auth_group_permissions
    FROM atmpxb_app;
REVOKE INSERT, UPDATE, DELETE ON account_emailaddress, account_emailconfirmation FROM atmpxb_app;
"""

OUTSIDE_ORGANISATIONS = PEOPLE + ACCESS_LOG + FACTORS + UNUSED

#: The tables above are made by these.
LIBRARIES = [
    ("contenttypes", "0002_remove_content_type_name"),
    ("auth", "0012_alter_user_first_name_max_length"),
    ("account", "0009_emailaddress_unique_primary_email"),
    ("mfa", "0003_authenticator_type_uniq"),
]
