"""Views that people keep: each reads and writes their own."""

import django.db.models.deletion
from django.db import migrations, models

OWN = """
ALTER TABLE web_keptview ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_keptview FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON web_keptview TO atmpxb_app
    USING (person_id = current_setting('app.person')::uuid)
    WITH CHECK (person_id = current_setting('app.person')::uuid);
CREATE POLICY migrating ON web_keptview TO atmpxb_owner USING (current_setting('app.migrating') = 'on');
REVOKE DELETE, TRUNCATE ON web_keptview FROM atmpxb_app;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = [("people", "0002_tenancy")]
    operations = [
        migrations.CreateModel(
            name="KeptView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.CharField(max_length=80)),
                ("query", models.CharField(max_length=300)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="people.person"
                    ),
                ),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("person", "place"), name="one_view_a_place")]},
        ),
        migrations.RunSQL(OWN, reverse_sql=migrations.RunSQL.noop),
    ]
