"""Compiling every page template of the program, so that a broken one is found before a reader finds it."""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]


def check() -> list[str]:
    """One line for each template of ours that does not compile: unknown tag, unclosed block.

    Missing parent.
    """
    import django
    from django.template import TemplateDoesNotExist, TemplateSyntaxError
    from django.template.loader import get_template

    django.setup()
    problems = []
    for folder in sorted(SOURCE.rglob("templates")):
        for path in sorted(found for found in folder.rglob("*") if found.is_file()):
            name = path.relative_to(folder).as_posix()
            try:
                get_template(name)
            except (TemplateSyntaxError, TemplateDoesNotExist, UnicodeDecodeError) as error:
                problems.append(f"{path.relative_to(SOURCE)}: {error}")
    return problems


if __name__ == "__main__":
    found = check()
    print("\n".join(found))
    sys.exit(bool(found))
