from django.db import migrations

from atmpxb.records.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial"), ("people", "0002_tenancy")]
    operations = [
        TenantTable("documents_document"),
        TenantTable("documents_documentversion", references={"document_id": "documents_document"}),
    ]
