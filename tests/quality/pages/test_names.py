"""Who hears a page instead of seeing it tells its parts by their names."""

import re
from collections import Counter
from collections.abc import Callable

from atmpxb.platform.demo import files, story
from atmpxb.quality.models import Run
from quality.pages.conftest import LABELS, SignIn
from quality.pages.test_bench import put, shown


def test_failed_controls_stand_in_a_table_of_another_name_than_all_of_them(
    cast: story.Cast, opened: dict[str, Run], sign_in: SignIn, work: Callable[[], None]
) -> None:
    analyst, run = sign_in("analyst", "sure"), opened["qpcr"]
    assert put(analyst, run, *files.plate({LABELS["dna"]: 1.8}, 5, faults=("contaminated_ntc",))).status_code == 201
    work()
    page = shown(analyst, f"/o/sure/runs/{run.pk}")
    names = re.findall(r'<caption id="[^"]+"[^>]*>([^<]+)</caption>', page)
    assert {"Controls", "Controls that need attention"} <= set(names)
    twice = [name for name, count in Counter(names).items() if count > 1]
    assert not twice, "each table that is a landmark has a name of its own"
    assert not re.search(r"<th[^>]*></th>", page), "no header is empty"
