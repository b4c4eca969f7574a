"""The page in a real browser: Chromium and its driver, as Debian has them, and selenium.

CI has no browser. Elsewhere: `apt-get install chromium chromium-driver` and, into .venv,
`pip install selenium`.
"""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from hub.serve.access import Role
from tests.serve.serving import application, on_a_thread, token

_BROWSER, _DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if os.environ.get("CI"):
    pytest.skip("no browser in CI", allow_module_level=True)
if not _BROWSER or not _DRIVER:
    pytest.skip("chromium or chromedriver is missing", allow_module_level=True)
webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is missing")

_SIZES = {"desk": (1280, 900), "telephone": (375, 800)}
_WORST_CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (rgb) => rgb.slice(0, 3)
    .map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
        const found = parse(getComputedStyle(each).backgroundColor);
        if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
};
let worst = [21, ""];
for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [parse(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, element.outerHTML.slice(0, 120)];
}
return worst;
"""


class Visitor:
    """Somebody with a browser."""

    def __init__(self, port: int) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = _BROWSER
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(argument)
        service = webdriver.ChromeService(_DRIVER)
        self.driver = webdriver.Chrome(options=options, service=service)
        self._base = f"http://127.0.0.1:{port}"

    def go(self, address: str) -> None:
        self.driver.get(self._base + address)

    def find(self, selector: str):
        return self.driver.find_element("css selector", selector)

    @property
    def text(self) -> str:
        return str(self.find("main").text)

    @property
    def where(self) -> str:
        return str(self.driver.current_url.removeprefix(self._base))

    def sign_in(self, role: Role) -> None:
        self.go("/")
        self.find("#token").send_keys(token(role, "ada"))
        self.find("main button").click()

    def look_as(self, size: str, scheme: str) -> None:
        """Let the window have a size, and prefer light or dark."""
        width, height = _SIZES[size]
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": size == "telephone",
            },
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )

    def complaints(self) -> list[str]:
        """What the browser has to say: breaches of the policy, what could not be loaded."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def visitor(after_run):
    after_run.run(force=True)  # two bars
    with on_a_thread(application(after_run)) as port:
        somebody = Visitor(port)
        yield somebody
        somebody.driver.quit()


def test_from_the_overview_to_a_letter_and_its_record_and_a_discard(visitor, after_run):
    visitor.sign_in(Role.OPERATOR)
    assert visitor.where == "/"
    assert "Everything" in visitor.text
    cookie = visitor.driver.get_cookie("hub_token")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert "hub_token" not in visitor.driver.execute_script("return document.cookie")

    visitor.driver.find_element("link text", "missing_key").click()
    assert visitor.where == "/page/letters?status=open&reason=missing_key"
    visitor.driver.find_element("link text", "app/events.json:4").click()
    assert "orphan_event" in visitor.text
    visitor.driver.find_element("link text", "10000000004").click()
    assert visitor.where == "/page/why?record=10000000004"
    assert "key is null or blank" in visitor.text
    visitor.driver.back()

    # without a reason the browser itself holds the form back
    visitor.find("button.danger").click()
    assert visitor.where == "/page/letters/10000000004"
    visitor.find("#reason").send_keys("a test event")
    visitor.find("button.danger").click()
    assert visitor.where == "/page/letters/10000000004?done=discarded"
    assert "It is discarded." in visitor.text
    assert after_run.sql("select discarded_by, reason from ops.discards") == [
        ("ada", "a test event")
    ]
    assert visitor.complaints() == []

    visitor.find(".who button").click()
    assert visitor.where == "/sign-in"
    visitor.go("/page/letters")
    assert visitor.where == "/sign-in?next=%2Fpage%2Fletters"


def test_the_page_can_be_read_while_a_run_builds(visitor, after_run):
    visitor.sign_in(Role.READER)
    after_run.drop("app/more.json", [{"key": "k", "name": "n", "value": 1, "ts": "2025-01-16"}])
    build = threading.Thread(target=after_run.run)
    build.start()
    seen, longest = set(), 0.0
    while build.is_alive():
        started = time.monotonic()
        visitor.go("/")
        longest = max(longest, time.monotonic() - started)
        seen.add("at work now" in visitor.text)
        assert "Everything" in visitor.text
        time.sleep(0.1)
    build.join()
    visitor.go("/")
    assert True in seen
    assert longest < 10
    assert "31 of 31 records decided" in visitor.text


def test_the_keyboard_is_enough(visitor):
    keys = webdriver.Keys
    visitor.sign_in(Role.READER)
    visitor.find("body").send_keys(keys.TAB)
    assert visitor.driver.switch_to.active_element.text == "Skip to the content"
    outlines = set()
    for _ in range(60):
        focused = visitor.driver.switch_to.active_element
        if focused.tag_name == "a" and focused.text == "All runs":
            break
        outlines.add(focused.value_of_css_property("outline-style"))
        focused.send_keys(keys.TAB)
    else:
        pytest.fail("the focus never came to the end of the page")
    assert outlines == {"solid"}
    focused.send_keys(keys.ENTER)
    assert visitor.where == "/page/runs"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(_SIZES))
def test_every_page_fits_and_has_contrast(visitor, size, scheme, tmp_path):
    visitor.look_as(size, scheme)
    visitor.sign_in(Role.OPERATOR)
    for address in (
        "/",
        "/page/letters",
        "/page/letters/10000000004",
        "/page/records",
        "/page/runs",
        "/page/sources",
        "/page/reconciliation/orders",
        "/page/why?asked=evt-003",
        "/sign-in",
    ):
        visitor.go(address)
        wide, inner = visitor.driver.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth]"
        )
        assert wide <= inner, address
        ratio, where = visitor.driver.execute_script(_WORST_CONTRAST)
        assert ratio >= 4.5, f"{address}: {ratio:.2f} {where}"
    assert visitor.complaints() == []


def test_the_overview_is_one_screen_and_the_picture_of_it_is_made(visitor):
    visitor.look_as("desk", "light")
    visitor.sign_in(Role.OPERATOR)
    height = visitor.driver.execute_script("return document.documentElement.scrollHeight")
    assert height <= 900
    picture = Path(os.environ.get("HUB_TEST_PICTURE", os.devnull))
    picture.write_bytes(visitor.driver.get_screenshot_as_png())
