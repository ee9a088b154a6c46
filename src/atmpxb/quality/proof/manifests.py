"""The signatures of people under a certificate: each manifest, sealed with a key of the laboratory, says who signed
what, with which meaning and when; and what was signed must be what the certificate says.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from atmpxb.quality.certificate.attachments import manifest_name
from atmpxb.quality.certificate.record import AnalysisRecord, Certificate, SignatureRecord, draft_sha256
from atmpxb.quality.certificate.wording import MEANINGS
from atmpxb.quality.proof.line import Line
from atmpxb.records.ledger.canonical import canonical
from atmpxb.records.signatures.signing import manifest_signed_by
from atmpxb.records.signatures.trust import Trusted
from atmpxb.records.signatures.withheld import is_withheld


def manifest_file(manifest: bytes, key_id: str, seal: bytes) -> bytes:
    """``signatures/<sha256>.json``: a manifest (canonical JSON) and the Ed25519 signature over it."""
    return canonical(
        {"manifest": manifest.decode(), "key_id": key_id, "seal": base64.b64encode(seal).decode()}
    )


def judge(certificate: Certificate, files: Mapping[str, bytes], issuer: Trusted | None) -> Iterator[Line]:
    """Whether every printed signature was given, over what this certificate holds."""
    problems: list[str] = []
    approved, bound, hidden = False, 0, 0
    for signature in certificate.signatures:
        try:
            said = _read(signature, files)
            problems += _seal(signature, said, certificate, issuer)
            problems += _same(signature, said["manifest"])
            problems += _bound(said["manifest"], certificate)
            approved |= said["manifest"]["meaning"] == "approved"
            bound += 1
            hidden += sum(is_withheld(value) for value in said["manifest"]["content"].values())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            problems.append(f"the manifest of {signature.name} ({signature.at}) can't be read: {error}")
    if not approved:
        problems.append("nobody signed as approver")
    if problems:
        yield Line("signatures", False, "; ".join(problems[:5]))
    elif issuer is None:
        yield Line(
            "signatures",
            None,
            f"{bound} bind this certificate; without a known issuer their keys are not judged",
        )
    else:
        yield Line(
            "signatures", True, f"{bound} signature(s) bind this certificate, under keys of {issuer.name}"
        )
    if hidden:
        yield Line(
            "remarks",
            None,
            f"{hidden} signature(s) also bind remarks that stay in the laboratory: their digests are signed, their"
            " words are not here to be judged",
        )


def _read(signature: SignatureRecord, files: Mapping[str, bytes]) -> dict[str, Any]:
    content = files.get(manifest_name(signature.manifest_sha256))
    if content is None:
        raise ValueError("it is not attached")
    fields = json.loads(content)
    source = fields["manifest"].encode()
    if sha256(source).hexdigest() != signature.manifest_sha256:
        raise ValueError("it is not the one that the record names")
    manifest = json.loads(source)
    if canonical(manifest) != source:
        raise ValueError("it is not in its one canonical form")
    seal = base64.b64decode(fields["seal"], validate=True)
    return {"source": source, "manifest": manifest, "key_id": fields["key_id"], "seal": seal}


def _seal(
    signature: SignatureRecord, said: Mapping[str, Any], certificate: Certificate, issuer: Trusted | None
) -> Iterator[str]:
    if said["manifest"]["organisation"] != certificate.issued_by.id:
        yield f"the manifest of {signature.name} is of another organisation"
    if issuer is None:
        return
    key = issuer.checkpoint_key(said["key_id"], datetime.fromisoformat(signature.at))
    if key is None:
        yield f"{issuer.name} had no key {said['key_id']} when {signature.name} signed at {signature.at}"
    elif not manifest_signed_by(key.public, said["source"], said["seal"]):
        yield f"the manifest of {signature.name} ({signature.at}) is not signed by the key {key.id}"


def _same(signature: SignatureRecord, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Name, function, meaning and time are printed as they were signed."""
    signer = manifest["signer"]
    signed = (signer["name"], signer["function"], MEANINGS.get(manifest["meaning"]), manifest["at"])
    if signed != (signature.name, signature.function, dict(signature.meaning), signature.at):
        yield f"{signature.name} ({signature.at}) signed otherwise: {manifest['meaning']}, {signed[0]}, {signed[3]}"
    if sha256(canonical(manifest["content"])).hexdigest() != manifest["content_sha256"]:
        yield f"the manifest of {signature.name} holds other content than its digest says"


def _bound(manifest: Mapping[str, Any], certificate: Certificate) -> Iterator[str]:
    """What was signed is what the certificate says: the draft as approved, or the run with its results."""
    content, name = manifest["content"], manifest["signer"]["name"]
    if manifest["meaning"] == "approved":
        if content["draft"] != draft_sha256(certificate):
            yield f"{name} approved another draft than this certificate"
        return
    analysis = next((one for one in certificate.analyses if one.id == content["run"]), None)
    if analysis is None:
        yield f"{name} signed for {content['run']}, which is not on this certificate"
        return
    if content["method"]["sha256"] != analysis.method.sha256 or content["engine"] != analysis.engine:
        yield f"{name} signed {analysis.id} with another method or engine"
    if {file["sha256"] for file in content["inputs"]["files"]} != {file.sha256 for file in analysis.files}:
        yield f"{name} signed {analysis.id} with other raw files"
    signed = {_result(row) for row in content["results"]}
    missing = [what for what in _reported(certificate, analysis) if what not in signed]
    if missing:
        yield f"{name} signed other results of {analysis.id} than {', '.join(what[0] for what in missing)} here"


def _result(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("line", "sample", "value", "reported", "unit", "verdict"))


def _reported(certificate: Certificate, analysis: AnalysisRecord) -> Iterator[tuple[Any, ...]]:
    for line in certificate.tests:
        for result in line.results if line.analysis == analysis.id else ():
            yield line.code, result.sample, result.value, result.reported or "", result.unit, result.verdict
