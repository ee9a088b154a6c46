"""Line icons of the shell on a 24-unit grid, each beside its word and hidden from screen readers."""

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

#: Path data per name; drawn with a round stroke in the colour of the text around it.
ICONS = {
    "today": "M12 7v5l3 2M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18",
    "receive": "M12 3v10m0 0 4-4m-4 4L8 9M3 14v5a2 2 0 0 0 2 2h14a2 2 0 0 0 2-2v-5h-5l-2 3h-4l-2-3z",
    "runs": "M10 3v6l-5 9a2 2 0 0 0 2 3h10a2 2 0 0 0 2-3l-5-9V3M8 3h8M7 15h10",
    "samples": "M9 3v15a3 3 0 0 0 6 0V3M7 3h10M9 11h6",
    "instruments": "M3 17a9 9 0 1 1 18 0zM12 17l4-6",
    "review": "M9 11l3 3 8-9M20 13v5a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h8",
    "cases": "M5 21V4h13l-3 4 3 4H5",
    "trends": "M3 3v18h18M7 15l4-5 4 3 5-7",
    "board": "M4 4h16v16H4zM10 4v16M15 4v16",
    "release": "M12 3a6 6 0 1 1 0 12 6 6 0 0 1 0-12M9 14l-1 7 4-2 4 2-1-7M10 9l2 2 3-4",
    "recall": "M4 5v6h6M5 10a8 8 0 1 1 1 7",
    "batches": "M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5",
    "requests": "M21 3 3 10l7 3 3 7zM10 13l5-5",
    "find": "M10.5 3a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15M16 16l5 5",
    "certificates": "M6 3h9l4 4v14H6zM14 3v5h5M9 12h6M9 16h4",
    "vouchers": "M3 7h18v3a2 2 0 0 0 0 4v3H3v-3a2 2 0 0 0 0-4zM14 7v10",
    "learning": "M2 9l10-5 10 5-10 5zM6 11v5c3 3 9 3 12 0v-5M22 9v6",
    "catalogue": "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
    "credentials": "M3 5h18v14H3zM8 9a2 2 0 1 1 0 4 2 2 0 0 1 0-4M5 17c1-2 5-2 6 0M14 10h4M14 14h4",
    "calls": "M4 10v4h3l8 4V6l-8 4zM18 9a4 4 0 0 1 0 6",
    "applications": "M5 3h14v18H5zM9 8h6M9 12h6M9 16h3",
    "claims": "M17 6a6 6 0 1 0 0 12M5 10h9M5 14h9",
    "indicators": "M4 20V10M10 20V4M16 20v-8M22 20H2",
    "room": "M4 21V4h12v17M2 21h20M12 12v1M16 8h3v13",
    "products": "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
    "specifications": "M4 5h16M4 10h16M4 15h10M4 20h7M17 16l2 2 3-4",
    "methods": "M6 3h12v18l-6-3-6 3zM10 8h4M10 12h4",
    "ledger": "M9 8l-3 3a3 3 0 0 0 4 4l3-3M15 16l3-3a3 3 0 0 0-4-4l-3 3",
    "people": "M9 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M3 20c0-7 12-7 12 0M16 5a3 3 0 0 1 0 6M18 14c2 1 3 3 3 6",
    "person": "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4 21c0-8 16-8 16 0",
    "settings": "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
    "keys": "M3 6h18v12H3zM7 10h.01M12 10h.01M17 10h.01M8 14h8",
    "scan": "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 8v8M12 8v8M16 8v8",
    "file": "M6 3h8l4 4v14H6zM14 3v4h4",
    "upload": "M12 16V4m0 0L8 8m4-4 4 4M4 16v4h16v-4",
    "download": "M12 4v12m0 0 4-4m-4 4-4-4M4 20h16",
    "back": "M15 5l-7 7 7 7",
    "next": "M9 5l7 7-7 7",
    "close": "M6 6l12 12M18 6 6 18",
    "reload": "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
    "plus": "M12 5v14M5 12h14",
    "lock": "M6 11h12v10H6zM8 11V8a4 4 0 0 1 8 0v3",
    "failed": "M12 3l10 18H2zM12 10v5M12 18v.5",
    "done": "M5 13l4 4L19 7",
}


def icon(name: str, size: int = 20) -> SafeString:
    """Draw an icon. Raises KeyError for a name that does not exist, so that a typing error shows in tests."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="{0}" height="{0}" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" '
        'focusable="false"><path d="{1}"/></svg>',
        size,
        ICONS[name],
    )


#: The forms of a verdict. Marks are holes (even-odd): they keep their shape in one ink and in grey print.
_FORMS = {
    "complies": '<circle cx="10" cy="10" r="8" fill="none" stroke="currentColor" stroke-width="2"/>'
    '<path d="M6 10.5l3 3 5.5-6.5" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round"/>',
    "does_not_comply": '<path fill="currentColor" fill-rule="evenodd" d="M6.3 1h7.4L19 6.3v7.4L13.7 19'
    "H6.3L1 13.7V6.3zM7.4 5.6 5.6 7.4 8.2 10l-2.6 2.6 1.8 1.8 2.6-2.6 2.6 2.6 1.8-1.8"
    'L11.8 10l2.6-2.6-1.8-1.8L10 8.2z"/>',
    "attention": '<path fill="currentColor" fill-rule="evenodd" d="M10 1 19.5 18.5H.5zM8.9 7h2.2v6H8.9z'
    'M8.9 14.4h2.2v2.2H8.9z"/>',
    "undetermined": '<path d="M2 6V2h4m3 0h3m3 0h3v4m0 3v3m0 3v3h-3m-3 0H9m-3 0H2v-3m0-3V9" fill="none" '
    'stroke="currentColor" stroke-width="1.7"/>'
    '<path d="M7.7 8a2.3 2.3 0 1 1 3.3 2.1c-.7.3-1 .7-1 1.4m0 2.6v.1" '
    'fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/>',
}


def verdict_form(code: str, size: int = 16) -> SafeString:
    """Draw the form of a verdict: circle, octagon, triangle or dashed square."""
    return format_html(
        '<svg class="form" viewBox="0 0 20 20" width="{0}" height="{0}" aria-hidden="true" focusable="false">{1}</svg>',
        size,
        mark_safe(_FORMS[code]),
    )
