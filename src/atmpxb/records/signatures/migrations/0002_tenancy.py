from django.db import migrations

from atmpxb.records.tenancy import TenantTable

UNCHANGEABLE = """
CREATE FUNCTION signatures_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a signature never changes' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER signatures_signature_final BEFORE UPDATE OR DELETE ON signatures_signature
    FOR EACH ROW EXECUTE FUNCTION signatures_never_change();
ALTER TABLE signatures_signature ENABLE ALWAYS TRIGGER signatures_signature_final;
"""


CHECKPOINTS = """
GRANT SELECT ON signatures_signingkey TO atmpxb_ledger;
CREATE POLICY checkpoints ON signatures_signingkey FOR SELECT TO atmpxb_ledger USING (true);
"""

#: A person's failed attempts count wherever they were made.
ATTEMPTS = """
CREATE POLICY mine ON signatures_refusal FOR SELECT TO atmpxb_app
    USING (person_id = current_setting('app.person')::uuid);
"""


class Migration(migrations.Migration):
    dependencies = [("signatures", "0001_initial"), ("people", "0002_tenancy")]
    operations = [
        TenantTable("signatures_signature"),
        TenantTable("signatures_signingkey", read="true"),
        TenantTable("signatures_refusal", shared=False),
        migrations.RunSQL(UNCHANGEABLE + CHECKPOINTS + ATTEMPTS, reverse_sql=migrations.RunSQL.noop),
    ]
