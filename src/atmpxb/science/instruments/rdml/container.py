"""From untrusted bytes to an XML tree, within fixed bounds of size, depth and work."""

import io
import zipfile
import zlib

from lxml import etree

from .model import RdmlError

MAXIMUM_FILE = 64 * 2**20  #: bytes of the file as it came
MAXIMUM_XML = 128 * 2**20  #: bytes of XML after decompression
MAXIMUM_RATIO = 250  #: real files compress 5 to 25 times
MAXIMUM_MEMBERS = 1000

PART = "rdml_data.xml"

_AFRESH = "Export the run again as RDML from the cycler software, one run a file, and attach that."


def xml_of(data: bytes) -> tuple[bytes, str, tuple[tuple[str, int], ...]]:
    """The XML inside the file, the name of the archive member it came from, and the other members.

    The member name is empty for a plain XML file. Other members are listed, never decompressed.

    Raises:
        RdmlError: not RDML, damaged, encrypted, or beyond the bounds above.
    """
    if len(data) > MAXIMUM_FILE:
        raise RdmlError(
            "rdml.too_large",
            "The file has {count} bytes, more than the {limit} allowed: export one run a file.",
            count=len(data),
            limit=MAXIMUM_FILE,
        )
    if data[:2] != b"PK":  # Bio-Rad starts with the marker of a split archive, so no more than two bytes
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data, "", ()
        raise RdmlError(
            "rdml.not_rdml",
            "The file is neither a zip archive nor XML: export it again as RDML from the cycler software.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _member(archive)
    except RdmlError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
    ) as problem:
        raise RdmlError(
            "rdml.damaged_archive",
            "The zip archive can't be opened ({problem}): copy or export the file again.",
            problem=problem,
        ) from problem


def _member(archive: zipfile.ZipFile) -> tuple[bytes, str, tuple[tuple[str, int], ...]]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAXIMUM_MEMBERS:
        raise RdmlError(
            "rdml.too_many_parts",
            "The archive has {count} members; an RDML file has a handful: export one run a file.",
            count=len(members),
        )
    chosen = [m for m in members if m.filename == PART] or [
        m for m in members if m.filename.lower().endswith(".xml") and "/" not in m.filename
    ]
    if not chosen or (len(chosen) > 1 and chosen[0].filename != PART):
        raise RdmlError(
            "rdml.no_data_part",
            "The archive has no part {part}: export the run again as RDML (not as a project file).",
            part=PART,
        )
    if len(chosen) > 1:
        raise RdmlError(
            "rdml.two_data_parts",
            "The archive has {count} parts named {part}: export it again.",
            count=len(chosen),
            part=PART,
        )
    member = chosen[0]
    if member.flag_bits & 0x1:
        raise RdmlError("rdml.encrypted", "The archive is protected by a password: export it without one.")
    # The directory may lie about sizes, so what is read is bounded as well.
    bound = min(MAXIMUM_XML, max(MAXIMUM_RATIO * member.compress_size, 2**20))
    if member.file_size > bound:
        raise RdmlError(
            "rdml.bomb",
            "{name} would decompress to {size} bytes: refused. Export the run again as RDML from the cycler software,"
            " one run a file, and attach that.",
            name=member.filename,
            size=member.file_size,
        )
    with archive.open(member) as stream:
        content = stream.read(bound + 1)
    if len(content) > bound:
        raise RdmlError(
            "rdml.bomb",
            "{name} decompresses to more than {bound} bytes: refused. Export the run again as RDML from the cycler"
            " software, one run a file, and attach that.",
            name=member.filename,
            bound=bound,
        )
    others = tuple((m.filename, m.file_size) for m in members if m is not member)
    return content, member.filename, others


def tree_of(xml: bytes) -> etree._Element:
    """Parse without entities, DTD, network or huge nodes.

    Raises:
        RdmlError: not well-formed, carries a document type, or is not RDML.
    """
    refusal = RdmlError(
        "rdml.document_type",
        "The XML declares a document type, which RDML never does: export the file again.",
    )
    if b"<!DOCTYPE" in xml[:65536] or b"<!ENTITY" in xml[:65536]:
        raise refusal
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as problem:
        raise RdmlError(
            "rdml.not_xml", "The XML is not well-formed ({problem}): export the file again.", problem=problem
        ) from problem
    if root is None:
        raise RdmlError("rdml.not_xml", "The XML is empty: export the file again.")
    information = root.getroottree().docinfo
    if str(getattr(information, "doctype", "")) or information.internalDTD is not None:
        raise refusal
    if etree.QName(root).localname != "rdml":
        raise RdmlError(
            "rdml.not_rdml",
            "The XML is <{name}>, not <rdml>: export it as RDML.",
            name=etree.QName(root).localname,
        )
    return root
