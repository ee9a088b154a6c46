"""What a name and a birth date look like in the fields of instruments and in what people type."""

import re

_UP, _LOW = "A-ZÀ-ÖØ-ÞĀ-Ž", "a-zß-öø-ÿĀ-ž"
_LETTER = _UP + _LOW
_WORD = rf"(?:Mc|Mac|De|Van|O['’]|D['’])?[{_UP}][{_LOW}]+(?:['’-][{_LETTER}]+)*"
_PARTICLE = r"(?:(?:van|de|der|den|von|le|la|el|al|di|da|do|dos|du|ten|ter|te|het|'t|d')[ _.]*)*"
_GAP = r"(?:, ?|[ _.]{1,2}|\^)"
_START, _END = rf"(?<![{_LETTER}0-9])", rf"(?![{_LETTER}0-9])"

#: Two capitalised words, a name in either order, or an initial with a surname.
PAIR = re.compile(rf"{_START}({_WORD}{_GAP}{_PARTICLE}{_WORD})(?![{_LETTER}])")
INITIAL = re.compile(rf"{_START}((?:[{_UP}]\. ?)+{_PARTICLE}{_WORD}|{_WORD},? [{_UP}]\.)(?![{_LETTER}])")
COMMA = re.compile(rf"{_START}((?:{_WORD} )?{_PARTICLE}{_WORD}, ?(?:{_WORD}|[{_UP}]\.?)){_END}", re.ASCII)
#: Whole text in capitals, two or three words.
CAPITALS = re.compile(rf"[{_UP}]{{3,}}(?:['’-][{_UP}]+)*(?:{_GAP}[{_UP}]{{2,}}(?:['’-][{_UP}]+)*){{1,2}}")
LONE = re.compile(rf"{_PARTICLE}{_WORD}|[{_UP}]{{4,}}", re.ASCII)
#: Family name and given name as DICOM writes them.
CARET = re.compile(rf"{_START}[{_LETTER}][{_LETTER}'’ -]+\^+[{_LETTER}][{_LETTER}'’ -]*")
#: Words after which a name follows.
CALLED = re.compile(
    r"\b(?:patient|patiënt|patiente|subject|donor name|name|naam|voornaam|surname|achternaam|familienaam|"
    r"mr|mrs|ms|mme|mevrouw|mevr|mw|dhr|de heer|meneer)\b[.:=]? *"
    rf"((?-i:{_PARTICLE}{_WORD}(?:,? {_PARTICLE}{_WORD})?))",
    re.IGNORECASE,
)
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}")

_MONTH_NAME = r"(?:jan|feb|mar|maa|mrt|apr|may|mei|jun|jul|aug|sep|oct|okt|nov|dec)[a-z]{0,7}\.?"
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
#: A day with a year of four digits; the group that matched is the year.
DATE = re.compile(
    rf"(?<![\d.])(?:{_DAY}[./ -](?:{_MONTH}|{_MONTH_NAME})[./ -](?P<last>\d{{4}})"
    rf"|(?P<first>\d{{4}})[./-](?:{_MONTH}|{_MONTH_NAME})[./-]{_DAY})(?![\d])",
    re.IGNORECASE,
)
#: Any way to write a day, for fields that are about a person.
ANY_DATE = re.compile(
    rf"(?<![\dA-Za-z])(?:{_DAY}[./ -](?:{_MONTH}|{_MONTH_NAME})[./ -](?:\d{{2}}|\d{{4}})"
    rf"|{_MONTH}[./-]{_DAY}[./-](?:\d{{2}}|\d{{4}})|\d{{4}}[./-](?:{_MONTH}|{_MONTH_NAME})[./-]{_DAY}"
    rf"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|(?:[0-2]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d)(?![\dA-Za-z])",
    re.IGNORECASE,
)
BIRTH_WORD = re.compile(
    r"\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born|geboren|geboortedatum|geb)\b[^\d]{0,20}\d",
    re.IGNORECASE,
)

#: Words of laboratories, not of families. A pair that holds one is no name.
_WORDS = (
    "a acquisition additive administrator alexa all amp analysis analyst and anoniem anonymous apc apheresis "
    "april aqua aria assay attune august autologous bacterial baseline batch bead beads before bio blank bloed "
    "blood blue bone book brilliant buffer bv calibration calibrator calibur canto car cart cell cellen cells "
    "clinical colour comp compensation complete control controle controls cord core count counts culture curve cy "
    "cyan cytometer cytometry data day dead debris december default demo detector dilution dna document donatie "
    "donor drug dye each early end engineering example experiment extraction facs fam fast february fetal file "
    "files final fitc flow fluor fluorescence fmo fortessa fresh friday frozen gate gated genome genomic ghost "
    "good green group height hex high hospital human id index instrument isotype january july june kit kweek lab "
    "laboratory late leukapheresis level live log lot low lymph lymphocytes lymphoid mammalian march marrow "
    "material matrix may medium meting mix mock monday mononuclear monster mouse naive name national negative new "
    "no none normal not november number october off on onbekend ongekleurd only operator own pacific panel "
    "passage patient patiënt pe percp peripheral pi plaat plasma plate pool positive post pre probe product proef "
    "project protocol pseudonym quality rainbow rat reagent red reference release replicate report result rna rox "
    "run sample samples saturday scatter screen sensitivity september series serum set setup simulated single "
    "site sort sorted specimen spike spleen staal stained staining standaard standard start stem step stimulated "
    "study subject subset sunday suspension system sytox tamra target template test texas thawed the thursday "
    "time timepoint tissue titration total transduced tube tuesday university unknown unstained unstim untitled "
    "vector verdunning viability viable vial vic violet volume wash water wednesday well wells white whole with "
    "without yellow "
)
_LABORATORY = frozenset(_WORDS.split())


def of_laboratories(words: str) -> bool:
    """Whether a text that could be a name holds a word of laboratories."""
    found = [word for word in re.split(r"[\W\d_]+", words.casefold()) if word]
    return any(word in _LABORATORY or word.removesuffix("s") in _LABORATORY for word in found)
