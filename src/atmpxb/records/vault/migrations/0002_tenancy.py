from django.db import migrations

from atmpxb.records.tenancy import TenantTable


class Migration(migrations.Migration):
    dependencies = [("vault", "0001_initial"), ("people", "0002_tenancy")]
    operations = [TenantTable("vault_storedfile")]
