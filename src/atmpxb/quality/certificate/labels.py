"""Every fixed text of the printed certificate in English and Dutch."""

_BOTH: dict[str, tuple[str, str]] = {
    "title": ("Certificate of analysis", "Analysecertificaat"),
    "interim_title": ("INTERIM certificate of analysis", "INTERIM analysecertificaat (voorlopig)"),
    "interim_text": (
        "This is not a final certificate. It reports the results known so far and can't serve as the certificate of"
        " the batch.",
        "Dit is geen definitief certificaat. Het meldt de resultaten die nu bekend zijn en kan niet dienen als"
        " certificaat van de batch.",
    ),
    "interim_pending": (
        "test(s) pending; see the times by which they are due.",
        "test(en) nog niet bekend; zie de tijden waarop zij verwacht worden.",
    ),
    "illustrative": (
        "DEMO: illustrative data of a demonstration, not of a real batch.",
        "DEMO: illustratieve gegevens van een demonstratie, niet van een echte batch.",
    ),
    "version": ("version", "versie"),
    "issued": ("issued", "uitgegeven"),
    "batch": ("Batch", "Batch"),
    "page": ("page", "pagina"),
    "of": ("of", "van"),
    "qr": ("QR code to the verification page:", "QR-code naar de controlepagina:"),
    "verify": ("Scan to verify", "Scan en controleer"),
    "verify_at": (
        "Whether this certificate is current, superseded or withdrawn:",
        "Of dit certificaat geldig, vervangen of ingetrokken is:",
    ),
    "replaces": ("This certificate replaces", "Dit certificaat vervangt"),
    "reason": ("Reason", "Reden"),
    "none": ("None", "Geen"),
    "product_and_batch": ("Product and batch", "Product en batch"),
    "product": ("Product", "Product"),
    "dosage_form": ("Dosage form", "Toedieningsvorm"),
    "manufacturer": ("Manufacturer", "Fabrikant"),
    "manufactured": ("Manufactured", "Vervaardigd"),
    "expires": ("Expires", "Vervalt"),
    "specification": ("Specification", "Specificatie"),
    "requested_by": ("Requested by", "Aangevraagd door"),
    "results": ("Results", "Resultaten"),
    "test": ("Test", "Test"),
    "method": ("Method", "Methode"),
    "limit": ("Limit", "Limiet"),
    "result": ("Result", "Resultaat"),
    "unit": ("Unit", "Eenheid"),
    "verdict": ("Verdict", "Oordeel"),
    "due": ("due", "verwacht"),
    "sample": ("Sample", "Monster"),
    "subcontracted_mark": ("subcontracted", "uitbesteed"),
    "not_recomputable_mark": ("not recomputable", "niet herberekenbaar"),
    "subcontracted_note": (
        "Subcontracted tests were performed by the laboratory named below.",
        "Uitbestede tests zijn uitgevoerd door het hieronder genoemde laboratorium.",
    ),
    "not_recomputable_note": (
        "Tests without instrument file (observations, transcribed certificates) can't be recomputed; a second person"
        " checked them.",
        "Tests zonder instrumentbestand (waarnemingen, overgenomen certificaten) zijn niet herberekenbaar; een tweede"
        " persoon controleerde ze.",
    ),
    "rounding_note": (
        "Results are rounded once, by the rule of the specification, when they are compared with the limit.",
        "Resultaten worden één keer afgerond, volgens de regel van de specificatie, bij vergelijking met de limiet.",
    ),
    "not_tested_note": (
        "A test that was not done leaves compliance with the specification undetermined.",
        "Een test die niet is uitgevoerd, laat onbepaald of aan de specificatie is voldaan.",
    ),
    "conclusion": ("Conclusion", "Conclusie"),
    "samples": ("Samples", "Monsters"),
    "received": ("Received", "Ontvangen"),
    "condition": ("Condition", "Toestand"),
    "temperature_volume": ("Temperature on arrival, volume", "Temperatuur bij aankomst, volume"),
    "dates": ("Dates of the tests", "Datums van de tests"),
    "measured": ("Measured", "Gemeten"),
    "analysed": ("Calculated", "Berekend"),
    "performed_by": ("Performed by", "Uitgevoerd door"),
    "pending": ("Pending", "Nog niet bekend"),
    "subcontracted": ("Subcontracted tests", "Uitbestede tests"),
    "laboratory": ("Laboratory", "Laboratorium"),
    "tests": ("Tests", "Tests"),
    "certificate": ("Its certificate", "Zijn certificaat"),
    "deviations": ("Deviations and remarks", "Afwijkingen en opmerkingen"),
    "when": ("When", "Wanneer"),
    "what_happened": ("What happened", "Wat er gebeurde"),
    "details": ("Details and reason", "Bijzonderheden en reden"),
    "on_file": (
        "Further remarks without influence on what is reported, kept in the laboratory's file",
        "Verdere opmerkingen zonder invloed op wat gemeld wordt, bewaard in het dossier van het laboratorium",
    ),
    "signatures": ("Signatures", "Handtekeningen"),
    "in_part": (
        "This certificate may be reproduced in full only.",
        "Dit certificaat mag alleen volledig worden gereproduceerd.",
    ),
    "relates": (
        "The results relate only to the samples tested.",
        "De resultaten gelden alleen voor de onderzochte monsters.",
    ),
    "annex": ("Annex: analyses", "Bijlage: analyses"),
    "annex_text": (
        "Pictures, checks and raw files of each analysis. The method documents and the machine-readable record are"
        " attached to this file.",
        "Afbeeldingen, controles en ruwe bestanden van elke analyse. De methoden en het machineleesbare record zijn"
        " aan dit bestand gehecht.",
    ),
    "recomputable": (
        "Recomputable from the raw files below.",
        "Herberekenbaar uit de ruwe bestanden hieronder.",
    ),
    "not_recomputable": ("Not recomputable.", "Niet herberekenbaar."),
    "engine": ("Engine:", "Rekenprogramma:"),
    "figure": ("Figure", "Figuur"),
    "file": ("File", "Bestand"),
    "figures": ("Figures in numbers", "Figuren in getallen"),
    "checks": ("System suitability and checks", "Systeemgeschiktheid en controles"),
    "check": ("Check", "Controle"),
    "criterion": ("Criterion", "Criterium"),
    "observed": ("Observed", "Waargenomen"),
    "outcome": ("Outcome", "Uitkomst"),
    "passed": ("Passed", "Voldaan"),
    "failed": ("Failed", "Niet voldaan"),
    "not_judged": ("Could not be judged", "Niet te beoordelen"),
    "remarks": ("Exclusions, repairs, warnings", "Uitsluitingen, herstel, waarschuwingen"),
    "kind": ("Kind", "Soort"),
    "where": ("Where", "Waar"),
    "what": ("What", "Wat"),
    "exclusion": ("Exclusion", "Uitsluiting"),
    "repair": ("Repair", "Herstel"),
    "warning": ("Warning", "Waarschuwing"),
    "proof": ("Proof", "Bewijs"),
    "proof_text": (
        "Whoever holds the raw files can recompute every result offline: atmpxb verify CERTIFICATE.pdf --raw FOLDER"
        " --trust LIST. Digests are SHA-256.",
        "Wie de ruwe bestanden heeft, kan elk resultaat zonder netwerk herberekenen: atmpxb verify CERTIFICAAT.pdf"
        " --raw MAP --trust LIJST. Controlegetallen zijn SHA-256.",
    ),
    "record": ("Machine-readable record", "Machineleesbaar record"),
    "specification_bytes": ("Specification document", "Specificatiedocument"),
    "entry": ("Ledger entry of the approval", "Registerregel van de goedkeuring"),
    "checkpoint": ("Root of the signed checkpoint", "Wortel van het ondertekende ijkpunt"),
}

#: Language → code → text.
LABELS = {
    language: {code: texts[place] for code, texts in _BOTH.items()} for place, language in enumerate(("en", "nl"))
}
