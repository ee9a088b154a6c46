"""The signatures of people under a certificate: each manifest, sealed with a key of the laboratory, says who signed
what, with which meaning and when; and what was signed must be what the certificate says.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from atmpxb.notes import Note, Noted, note
from atmpxb.quality.certificate.attachments import manifest_name
from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, SignatureRecord, draft_sha256
from atmpxb.quality.certificate.wording import MEANINGS
from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.signatures.signing import manifest_signed_by
from atmpxb.records.signatures.trust import Trusted
from atmpxb.records.signatures.withheld import is_withheld


class _Unreadable(Noted, ValueError):
    """Why a manifest can't be read."""


_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def manifest_file(manifest: bytes, key_id: str, seal: bytes) -> bytes:
    """``signatures/<sha256>.json``: a manifest (canonical JSON) and the Ed25519 signature over it."""
    return canonical({"manifest": manifest.decode(), "key_id": key_id, "seal": base64.b64encode(seal).decode()})


def judge(certificate: Certificate, files: Mapping[str, bytes], issuer: Trusted | None) -> Iterator[Line]:
    """Whether every printed signature was given, over what this certificate holds."""
    problems: list[Note] = []
    approved, bound, hidden = False, 0, 0
    for signature in certificate.signatures:
        try:
            said = _read(signature, files)
            problems += _seal(signature, said, certificate, issuer)
            problems += _same(signature, said["manifest"])
            problems += _bound(signature, said["manifest"], certificate)
            approved |= said["manifest"]["meaning"] == "approved"
            bound += 1
            hidden += sum(is_withheld(value) for value in said["manifest"]["content"].values())
        except _UNREADABLE as error:
            problems.append(
                note(
                    "manifest.unreadable",
                    "the manifest of {name} ({at}) can't be read: {error}",
                    name=signature.name,
                    at=signature.at,
                    error=error.note if isinstance(error, _Unreadable) else error,
                )
            )
    if not approved:
        problems.append(note("manifest.no_approver", "nobody signed as approver"))
    if problems:
        yield Line("signatures", False, tuple(problems[:5]))
    elif issuer is None:
        yield Line(
            "signatures",
            None,
            note(
                "manifest.not_judged",
                "{bound} bind this certificate; without a known issuer their keys are not judged",
                bound=bound,
            ),
        )
    else:
        yield Line(
            "signatures",
            True,
            note(
                "manifest.bound",
                "{bound} signature(s) bind this certificate, under keys of {name}",
                bound=bound,
                name=issuer.name,
            ),
        )
    if hidden:
        yield Line(
            "remarks",
            None,
            note(
                "manifest.withheld",
                "{count} signature(s) also bind remarks that stay in the laboratory: their digests are signed, their"
                " words are not here to be judged",
                count=hidden,
            ),
        )


def binding(certificate: Certificate, files: Mapping[str, bytes], issuer: Trusted | None) -> list[Mapping[str, Any]]:
    """The manifests that bind this certificate; one that does not hold counts for nothing."""
    found = []
    for signature in certificate.signatures:
        try:
            said = _read(signature, files)
            manifest = said["manifest"]
            wrong = [
                *_seal(signature, said, certificate, issuer),
                *_same(signature, manifest),
                *_bound(signature, manifest, certificate),
            ]
        except _UNREADABLE:
            continue
        if not wrong:
            found.append(manifest)
    return found


def _read(signature: SignatureRecord, files: Mapping[str, bytes]) -> dict[str, Any]:
    content = files.get(manifest_name(signature.manifest_sha256))
    if content is None:
        raise _Unreadable("manifest.absent", "it is not attached")
    fields = json.loads(content)
    source = fields["manifest"].encode()
    if sha256(source).hexdigest() != signature.manifest_sha256:
        raise _Unreadable("manifest.other", "it is not the one that the record names")
    manifest = json.loads(source)
    if canonical(manifest) != source:
        raise _Unreadable("manifest.not_canonical", "it is not in its one canonical form")
    seal = base64.b64decode(fields["seal"], validate=True)
    return {"source": source, "manifest": manifest, "key_id": fields["key_id"], "seal": seal}


def _seal(
    signature: SignatureRecord, said: Mapping[str, Any], certificate: Certificate, issuer: Trusted | None
) -> Iterator[Note]:
    if said["manifest"]["organisation"] != certificate.issued_by.id:
        yield note("manifest.organisation", "the manifest of {name} is of another organisation", name=signature.name)
    if issuer is None:
        return
    key = issuer.checkpoint_key(said["key_id"], datetime.fromisoformat(signature.at))
    if key is None:
        yield note(
            "manifest.no_key",
            "{issuer} had no key {key} when {name} signed at {at}",
            issuer=issuer.name,
            key=said["key_id"],
            name=signature.name,
            at=signature.at,
        )
    elif not manifest_signed_by(key.public, said["source"], said["seal"]):
        yield note(
            "manifest.not_signed",
            "the manifest of {name} ({at}) is not signed by the key {key}",
            name=signature.name,
            at=signature.at,
            key=key.id,
        )


def _same(signature: SignatureRecord, manifest: Mapping[str, Any]) -> Iterator[Note]:
    """Name, function, meaning and time are printed as they were signed."""
    signer = manifest["signer"]
    signed = (signer["name"], signer["function"], MEANINGS.get(manifest["meaning"]), manifest["at"])
    if signed != (signature.name, signature.function, dict(signature.meaning), signature.at):
        yield note(
            "manifest.signed_otherwise",
            "{name} ({at}) signed otherwise: {meaning}, {as_name}, {signed_at}",
            name=signature.name,
            at=signature.at,
            meaning=manifest["meaning"],
            as_name=signed[0],
            signed_at=signed[3],
        )
    if sha256(canonical(manifest["content"])).hexdigest() != manifest["content_sha256"]:
        yield note(
            "manifest.other_digest",
            "the manifest of {name} holds other content than its digest says",
            name=signature.name,
        )


def _bound(signature: SignatureRecord, manifest: Mapping[str, Any], certificate: Certificate) -> Iterator[Note]:
    """What was signed is what the certificate says: the draft as approved, or the run with its results."""
    content, name = manifest["content"], manifest["signer"]["name"]
    if manifest["meaning"] == "approved":
        if content["draft"] != draft_sha256(certificate):
            yield note("manifest.other_draft", "{name} approved another draft than this certificate", name=name)
        if signature.about:
            yield note(
                "manifest.approved_more", "{name} approved all of it, and the certificate says only {about}",
                name=name, about=signature.about,
            )  # fmt: skip
        return
    analysis = next((one for one in certificate.analyses if one.id == content["run"]), None)
    if analysis is None:
        yield note(
            "manifest.other_run",
            "{name} signed for {run}, which is not on this certificate",
            name=name,
            run=content["run"],
        )
        return
    if signature.about != content["run"]:
        yield note(
            "manifest.other_about", "{name} signed for {run}, and the certificate says for {about}",
            name=name, run=content["run"], about=signature.about or note("manifest.all", "all of it"),
        )  # fmt: skip
    if content["method"]["sha256"] != analysis.method.sha256 or content["engine"] != analysis.engine:
        yield note(
            "manifest.other_method",
            "{name} signed {run} with another method or engine",
            name=name,
            run=analysis.id,
        )
    signed_files = [tuple(file[key] for key in _FILE) for file in content["inputs"]["files"]]
    if sorted(signed_files) != sorted((f.sha256, f.name, f.role, f.sample) for f in analysis.files):
        yield note("manifest.other_files", "{name} signed {run} with other raw files", name=name, run=analysis.id)
    if content["inputs"]["bench"] != dict(analysis.bench):
        yield note("manifest.other_worksheet", "{name} signed {run} with another worksheet", name=name, run=analysis.id)
    signed = {_result(row) for row in content["results"]}
    missing = [what for what in _reported(certificate, analysis) if what not in signed]
    if missing:
        yield note(
            "manifest.other_results",
            "{name} signed other results of {run} than {missing} here",
            name=name,
            run=analysis.id,
            missing=", ".join(what[0] for what in missing),
        )


_FILE = ("sha256", "name", "role", "sample")


def _result(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("line", "sample", "value", "reported", "unit", "verdict"))


def _reported(certificate: Certificate, analysis: AnalysisRecord) -> Iterator[tuple[Any, ...]]:
    for line in certificate.tests:
        for result in line.results if line.analysis == analysis.id else ():
            yield line.code, result.sample, result.value, result.reported or "", result.unit, result.verdict
