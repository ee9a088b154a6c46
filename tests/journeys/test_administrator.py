"""An administrator admits a person, who chooses a password and gets to work; the same pages in both languages."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from journeys.visitor import Visitor

pytestmark = pytest.mark.journey

ADMINISTRATOR = "administrator@sure.example"


def test_a_new_analyst_is_handed_a_password_and_replaces_it(enter: Callable[..., Visitor]) -> None:
    office = enter(ADMINISTRATOR)
    address = f"analyst-{uuid4().hex[:8]}@sure.example"
    page = office.go("/o/sure/people/new")
    page.locator("[name=email]").fill(address)
    page.locator("[name=name]").fill("New analyst")
    page.locator("[name=function]").fill("Analyst")
    for role in ("administrator", "analyst"):
        page.locator(f"[name=roles][value={role}]").check()
    page.get_by_role("button", name="Register person").click()
    expect(page.locator("#refusal-table")).to_contain_text("Give the roles to two persons")
    office.look()
    page.locator("[name=roles][value=administrator]").uncheck()
    page.get_by_role("button", name="Register person").click()
    expect(page.locator(".receipt")).to_be_visible()
    expect(page.locator("#refusal-table")).to_have_count(0)
    password = page.locator(".one-time").inner_text()
    office.look()
    page.get_by_role("link", name="I have handed it over").click()
    expect(page.get_by_role("heading", name="New analyst")).to_be_visible()
    assert password not in page.content()

    newcomer = enter()
    page = newcomer.go("/account/login/")
    page.locator("[name=login]").fill(address)
    page.locator("[name=password]").fill(password)
    page.locator("main form button.primary").click()
    newcomer.go("/o/sure/today")
    expect(page).to_have_url(f"{newcomer.installation.address}/account/password/change/")
    newcomer.look()
    page.locator("[name=oldpassword]").fill(password)
    for field in ("password1", "password2"):
        page.locator(f"[name={field}]").fill("twelve white horses")
    page.locator("main form button.primary").click()
    expect(page.locator("nav.rail")).to_be_visible()
    newcomer.context.clear_cookies()


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("people", "people"),
        ("person", "people > reviewer@sure.example"),
        ("", "people/new"),
        ("organisation", "organisation"),
    ],
)
def test_the_administrators_pages_keep_the_guide(
    enter: Callable[..., Visitor], language: str, name: str, path: str
) -> None:
    office = enter(ADMINISTRATOR, language)
    start, *person = path.split(" > ")
    page = office.go(f"/o/sure/{start}")
    if person:
        page.locator("main tbody tr").filter(has_text=person[0]).get_by_role("link").first.click()
        page.wait_for_url("**/people/*-*")
    expect(page.locator("html")).to_have_attribute("lang", language)
    office.look(name)
    for one in page.locator("main details").all():
        one.locator("summary").click()
    office.look()
