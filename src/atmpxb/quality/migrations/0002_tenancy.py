"""Row-level security and composite references of the competence centre's tables."""

from django.db import migrations

from atmpxb.records.tenancy import Telling, TenantTable

#: An order, or the decline of one, refers to a request of another organisation, and only the laboratory that was asked
#: may answer it: else any other could take its place, since a request has one order.
ACROSS = """
ALTER TABLE quality_request ADD CONSTRAINT quality_request_asked UNIQUE (organisation_id, id, laboratory_id);
ALTER TABLE quality_order ADD CONSTRAINT quality_order_request_own FOREIGN KEY (client_id, request_id, organisation_id)
    REFERENCES quality_request (organisation_id, id, laboratory_id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE quality_decline ADD CONSTRAINT quality_decline_request_own
    FOREIGN KEY (client_id, request_id, organisation_id)
    REFERENCES quality_request (organisation_id, id, laboratory_id) DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("quality", "0001_initial"),
        ("people", "0002_tenancy"),
        ("vault", "0002_tenancy"),
        ("documents", "0002_tenancy"),
        ("signatures", "0002_tenancy"),
    ]
    operations = [
        TenantTable("quality_product"),
        TenantTable("quality_batch", references={"product_id": "quality_product"}),
        TenantTable(
            "quality_request",
            references={"batch_id": "quality_batch", "specification_id": "documents_documentversion"},
        ),
        TenantTable("quality_order"),
        TenantTable("quality_decline"),
        TenantTable("quality_sample", references={"order_id": "quality_order"}),
        TenantTable("quality_equipment"),
        TenantTable("quality_run", references={"method_id": "documents_documentversion"}),
        TenantTable(
            "quality_test",
            references={
                "order_id": "quality_order",
                "sample_id": "quality_sample",
                "run_id": "quality_run",
                "method_id": "documents_documentversion",
                "retest_of_id": "quality_test",
            },
        ),
        TenantTable(
            "quality_runfile",
            references={
                "run_id": "quality_run",
                "file_id": "vault_storedfile",
                "sample_id": "quality_sample",
                "equipment_id": "quality_equipment",
            },
        ),
        TenantTable(
            "quality_worksheetentry",
            references={
                "run_id": "quality_run",
                "sample_id": "quality_sample",
                "replaced_by_id": "quality_worksheetentry",
            },
        ),
        TenantTable("quality_analysis", references={"run_id": "quality_run"}),
        TenantTable("quality_plot", references={"analysis_id": "quality_analysis"}),
        TenantTable("quality_result", references={"test_id": "quality_test", "analysis_id": "quality_analysis"}),
        TenantTable("quality_disposition", references={"run_id": "quality_run"}),
        TenantTable(
            "quality_certificate",
            references={
                "order_id": "quality_order",
                "signature_id": "signatures_signature",
                "replaces_id": "quality_certificate",
                "withdrawal_id": "signatures_signature",
            },
        ),
        TenantTable("quality_publication", read="true"),
        TenantTable("quality_failedjob", shared=False),
        Telling(
            "quality_request",
            owner=("request.arrived", "request.withdrawn_by_client"),
            reader=("request.accepted", "request.declined"),
        ),
        Telling("quality_certificate", owner=("certificate.arrived", "certificate.recalled")),
        migrations.RunSQL(ACROSS, reverse_sql=migrations.RunSQL.noop),
    ]
