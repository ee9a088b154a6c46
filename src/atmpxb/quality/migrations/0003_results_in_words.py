"""Reasons of results in every language; the file that a picture of a series is about."""

from django.db import migrations, models

IN_WORDS = """
ALTER TABLE quality_result ALTER COLUMN why TYPE jsonb
    USING CASE WHEN why = '' THEN '{}'::jsonb ELSE jsonb_build_object('en', why, 'nl', why) END;
"""
IN_ENGLISH = "ALTER TABLE quality_result ALTER COLUMN why TYPE text USING coalesce(why->>'en', '');"


class Migration(migrations.Migration):
    dependencies = [("quality", "0002_tenancy")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(IN_WORDS, IN_ENGLISH)],
            state_operations=[
                migrations.AlterField("result", "why", models.JSONField(default=dict)),
            ],
        ),
        migrations.AddField("plot", "series", models.CharField(blank=True, default="", max_length=255)),
    ]
