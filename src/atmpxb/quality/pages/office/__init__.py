"""Pages around the bench: batches, requests, review, approval, certificates, people, keys, public verification."""

from django.urls import URLPattern, path

from atmpxb.quality.pages.office import certificates, clients, ledger, organisation, people, public, releases, reviews

HERE = "o/<slug:organisation>"
REVIEW = f"{HERE}/reviews/<uuid:run>"
PERSON = f"{HERE}/people/<uuid:person>"
CERTIFICATE = f"{HERE}/certificates/<uuid:certificate>"

urls: list[URLPattern] = [
    path(f"{HERE}/batches", clients.batches, name="batches"),
    path(f"{HERE}/batches/new", clients.batch_new, name="batch_new"),
    path(f"{HERE}/batches/register", clients.batch_register, name="batch_register"),
    path(f"{HERE}/batches/<uuid:batch>", clients.batch, name="batch"),
    path(f"{HERE}/products", clients.products, name="products"),
    path(f"{HERE}/products/new", clients.product_new, name="product_new"),
    path(f"{HERE}/products/register", clients.product_register, name="product_register"),
    path(f"{HERE}/products/<uuid:product>", clients.product, name="product"),
    path(f"{HERE}/specifications/draft", clients.specification_draft, name="specification_draft"),
    path(f"{HERE}/specifications/<uuid:version>", clients.specification, name="specification"),
    path(
        f"{HERE}/specifications/<uuid:version>/approve",
        clients.specification_approve,
        name="specification_approve",
    ),
    path(f"{HERE}/requests", clients.requests, name="requests"),
    path(f"{HERE}/requests/new", clients.request_new, name="request_new"),
    path(f"{HERE}/requests/submit", clients.request_submit, name="request_submit"),
    path(f"{HERE}/requests/<uuid:request_id>", clients.request_page, name="request"),
    path(f"{HERE}/requests/<uuid:request_id>/withdraw", clients.request_withdraw, name="request_withdraw"),
    path(f"{HERE}/reviews", reviews.reviews, name="reviews"),
    path(REVIEW, reviews.review, name="review"),
    path(f"{REVIEW}/dispose", reviews.dispose, name="review_dispose"),
    path(f"{REVIEW}/sign", reviews.sign, name="review_sign"),
    path(f"{REVIEW}/return", reviews.give_back, name="review_return"),
    path(f"{REVIEW}/invalidate", reviews.invalidate, name="review_invalidate"),
    path(f"{HERE}/holds/<uuid:sample>/lift", reviews.lift_hold, name="hold_lift"),
    path(f"{HERE}/people", people.people, name="people"),
    path(f"{HERE}/people/new", people.person_new, name="person_new"),
    path(f"{HERE}/people/admit", people.admit, name="person_admit"),
    path(PERSON, people.person, name="person"),
    path(f"{PERSON}/grant", people.grant, name="role_grant"),
    path(f"{PERSON}/roles/<uuid:membership>/end", people.end, name="role_end"),
    path(f"{PERSON}/verify", people.verify, name="person_verify"),
    path(f"{PERSON}/close", people.close, name="person_close"),
    path(f"{PERSON}/reopen", people.reopen, name="person_reopen"),
    path(f"{PERSON}/password", people.reset, name="person_password"),
    path(f"{PERSON}/unlock", people.unlock, name="person_unlock"),
    path(f"{HERE}/organisation", organisation.organisation, name="organisation"),
    path(f"{HERE}/organisation/sites", organisation.open_site, name="site_open"),
    path(f"{HERE}/organisation/keys/publish", organisation.publish, name="keys_publish"),
    path(f"{HERE}/organisation/keys/rotate", organisation.rotate, name="keys_rotate"),
    path(f"{HERE}/board", releases.board, name="board"),
    path(f"{HERE}/releases", releases.releases, name="releases"),
    path(f"{HERE}/releases/<uuid:order>", releases.release, name="release"),
    path(f"{HERE}/releases/<uuid:order>/approve", releases.approve, name="release_approve"),
    path(f"{HERE}/certificates", certificates.certificates, name="certificates"),
    path(CERTIFICATE, certificates.certificate, name="certificate"),
    path(f"{CERTIFICATE}/progress", certificates.progress, name="certificate_progress"),
    path(f"{CERTIFICATE}/certificate.pdf", certificates.pdf, name="certificate_pdf"),
    path(f"{CERTIFICATE}/record.json", certificates.record, name="certificate_record"),
    path(f"{CERTIFICATE}/raw.zip", certificates.raw, name="certificate_raw"),
    path(f"{CERTIFICATE}/pages/<int:page>.png", certificates.picture, name="certificate_picture"),
    path(f"{HERE}/find", ledger.find, name="find"),
    path(f"{HERE}/ledger", ledger.ledger, name="ledger"),
    path(f"{HERE}/ledger/checkpoints", ledger.checkpoints, name="checkpoints"),
    path(f"{HERE}/ledger/export.jsonl", ledger.export, name="ledger_export"),
    path(f"{HERE}/ledger/<int:seq>", ledger.entry, name="ledger_entry"),
    path("verify/<slug:token>", public.verification, name="verification"),
    path("trust.json", public.trust_list, name="trust_list"),
]
