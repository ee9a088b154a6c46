"""Pages at the bench: worklist, receiving, runs, samples, instruments, methods."""

from django.urls import URLPattern, path

from atmpxb.quality.pages import news, uploads
from atmpxb.quality.pages.bench import (
    instruments,
    labels,
    methods,
    receiving,
    results,
    run_files,
    runs,
    samples,
    today,
    trials,
    worksheets,
)

HERE = "o/<slug:organisation>"
RUN = f"{HERE}/runs/<uuid:run>"
FILE = f"{RUN}/files/<uuid:file>"

urls: list[URLPattern] = [
    path(f"{HERE}/news/<slug:name>", news.of_list, name="news"),
    path(f"{HERE}/today", today.worklist, name="worklist"),
    path(f"{HERE}/today/requests/<uuid:request_id>/accept", today.accept, name="request_accept"),
    path(f"{HERE}/today/requests/<uuid:request_id>/decline", today.decline, name="request_decline"),
    path(f"{HERE}/receive", receiving.receive, name="receive"),
    path(f"{HERE}/receive/take", receiving.take, name="receive_take"),
    path(f"{HERE}/receive/<uuid:sample>/missing", receiving.missing, name="receive_missing"),
    path(f"{HERE}/labels", labels.labels, name="labels"),
    path(f"{HERE}/requests/<uuid:request_id>/labels", labels.request_labels, name="request_labels"),
    path(f"{HERE}/samples", samples.samples, name="samples"),
    path(f"{HERE}/samples/<uuid:sample>", samples.sample, name="sample"),
    path(f"{HERE}/samples/<uuid:sample>/lift-hold", samples.lift_hold, name="sample_lift_hold"),
    path(f"{HERE}/runs", runs.runs, name="runs"),
    path(f"{HERE}/runs/new", runs.run_new, name="run_new"),
    path(RUN, runs.run, name="run"),
    path(f"{RUN}/progress", runs.progress, name="run_progress"),
    path(f"{RUN}/pulse", news.of_run, name="run_pulse"),
    path(f"{RUN}/worksheet", runs.worksheet, name="run_worksheet"),
    path(f"{RUN}/analyse", runs.analyse, name="run_analyse"),
    path(f"{RUN}/submit", runs.submit, name="run_submit"),
    path(f"{RUN}/files", uploads.upload, name="upload"),
    path(f"{RUN}/files/list", runs.file_list, name="run_files"),
    path(f"{FILE}/assign", run_files.assign, name="file_assign"),
    path(f"{FILE}/release", run_files.release, name="file_release"),
    path(f"{FILE}/withdraw", run_files.withdraw, name="file_withdraw"),
    path(f"{RUN}/entries", worksheets.write, name="entry_write"),
    path(f"{RUN}/entries/<uuid:entry>", worksheets.entry, name="entry"),
    path(f"{RUN}/entries/<uuid:entry>/check", worksheets.check, name="entry_check"),
    path(f"{RUN}/plate", worksheets.plate, name="run_plate"),
    path(f"{RUN}/plots/<uuid:plot>.svg", run_files.plot, name="plot"),
    path(f"{HERE}/files/<uuid:file>", run_files.download, name="file"),
    path(f"{HERE}/files/<uuid:file>/pages/<int:page>.png", run_files.picture, name="file_picture"),
    path(f"{HERE}/results/<uuid:result>", results.result, name="result"),
    path(f"{HERE}/instruments", instruments.instruments, name="instruments"),
    path(f"{HERE}/instruments/register", instruments.register, name="instrument_register"),
    path(f"{HERE}/methods", methods.methods, name="methods"),
    path(f"{HERE}/methods/draft", methods.draft, name="method_draft"),
    path(f"{HERE}/methods/<uuid:version>", methods.method, name="method"),
    path(f"{HERE}/methods/<uuid:version>/approve", methods.approve, name="method_approve"),
    path(f"{HERE}/methods/<uuid:version>/trials", trials.prepare, name="trial_new"),
    path(f"{HERE}/methods/<uuid:version>/trials/files", trials.upload, name="trial_upload"),
    path(f"{HERE}/methods/<uuid:version>/trials/attempt", trials.attempt, name="trial_attempt"),
    path(f"{HERE}/methods/<uuid:version>/trials/<int:seq>", trials.trial, name="trial"),
    path(f"{HERE}/methods/<uuid:version>/trials/<int:seq>/plots/<int:position>.svg", trials.plot, name="trial_plot"),
]
