"""Row-level security of people's tables, and the rule that only the owner of a row can share it."""

from django.db import migrations

from atmpxb.records.people.migrations._access import LIBRARIES, OUTSIDE_ORGANISATIONS
from atmpxb.records.tenancy import ORGANISATION, TenantTable

GRANTS = f"""
CREATE POLICY received ON people_grant FOR SELECT TO atmpxb_app USING (to_organisation_id = {ORGANISATION});
CREATE POLICY chains ON people_grant FOR SELECT TO atmpxb_ledger USING (true);

CREATE FUNCTION people_grantor_owns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owned boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE id = $1 AND organisation_id = $2)', NEW.subject_table)
        INTO owned USING NEW.subject_id, NEW.organisation_id;
    IF NOT owned THEN
        RAISE EXCEPTION 'only the organisation that owns a record can share it'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_grant_owned BEFORE INSERT OR UPDATE ON people_grant
    FOR EACH ROW EXECUTE FUNCTION people_grantor_owns();
REVOKE UPDATE ON people_grant FROM atmpxb_app;
GRANT UPDATE (valid_until, revoked_at) ON people_grant TO atmpxb_app;
"""

MEMBERSHIPS = """
CREATE POLICY mine ON people_membership FOR SELECT TO atmpxb_app
    USING (person_id = current_setting('app.person')::uuid);
CREATE POLICY chains ON people_organisation FOR SELECT TO atmpxb_ledger USING (true);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("ledger", "0001_ledger"), *LIBRARIES]
    operations = [
        TenantTable("people_organisation", column="id", read="true"),
        TenantTable("people_site", read="true"),
        TenantTable("people_membership", shared=False),
        TenantTable("people_grant", shared=False),
        migrations.RunSQL(GRANTS + MEMBERSHIPS + OUTSIDE_ORGANISATIONS, reverse_sql=migrations.RunSQL.noop),
    ]
