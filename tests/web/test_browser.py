"""The pages as a person meets them: a real Chromium on a real server on loopback.

Each page is opened in both languages, its picture kept under build/screenshots,
and must leave nothing in the browser's console.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from mediaserver import events as ev
from mediaserver.cti.sync import SyncCtiClient
from mediaserver.db import queries
from mediaserver.db.models import StoryRow
from tests.web.conftest import HASTE
from tests.web.daemon import LONG, Daemon
from tests.web.scene import Teller
from tests.web.world import PASSWORD, World, make_world
from web.app import create_app
from web.gateway import Gateway

CHROMIUM = Path("/usr/bin/chromium")
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_MS = 30_000  # an upper bound for a busy machine, never waited for when all is well

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="/usr/bin/chromium is not installed"),
]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def own_daemon(own_world: World) -> Iterator[Daemon]:
    running = Daemon(own_world.settings.cti.socket)
    running.start()
    running.publish(Teller().events())
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(own_world: World, own_daemon: Daemon) -> Iterator[BaseWSGIServer]:
    gateway = Gateway(SyncCtiClient(own_world.settings.cti.socket, patience=HASTE))
    app = create_app(own_world.settings, gateway)
    app.config["HEARTBEAT_S"] = 0.5
    made = make_server("127.0.0.1", 0, app, threaded=True)
    made.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    gateway.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        made = running.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield made
        made.close()


@pytest.fixture(scope="module")
def states() -> dict[str, Any]:
    """The cookies of those who have signed in."""
    return {}


@pytest.fixture
def visit(browser: Any, server: BaseWSGIServer, states: dict[str, Any]) -> Iterator[Open]:
    """`visit(path, language, …)`: a signed-in page whose console must stay silent."""
    contexts = []
    trouble: list[str] = []
    base = f"http://127.0.0.1:{server.port}"

    def open_page(path: str, language: str = "en", login: str = "sue", **options: Any) -> Any:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        locale = {"en": "en-GB", "zh": "zh-CN"}[language]
        known = states.get(login)
        context = browser.new_context(locale=locale, base_url=base, storage_state=known, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning")
                and trouble.append(f"{page.url}: {message.text}")
            ),
        )
        page.trouble = trouble
        if login and not known:
            page.goto("/login")
            page.fill("[name=login]", login)
            page.fill("[name=password]", PASSWORD)
            page.click("button[type=submit].btn-primary")
            page.wait_for_url("**/board")
            states[login] = {"cookies": context.cookies(), "origins": []}
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []


def live(page: Any) -> None:
    page.wait_for_selector("#livedot[data-state=up]")


def eventually(locator: Any) -> Any:
    """What holds of an element soon, without asking the page to evaluate code (its policy)."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE_MS)
    return expect(locator)


PAGES = {
    "login": ("/login", "", "form"),
    "board": ("/board", "sue", ".span .slot[data-state=talking]"),
    "calls": ("/calls", "sue", "tbody tr"),
    "story": ("/calls/20260105T000000", "sue", "[data-show=wave] > div"),
    "story-live": ("/calls/20260105T000001", "sue", ".timeline li"),
    "recordings": ("/recordings", "sue", "tbody tr"),
    "nothing-found": ("/recordings?number=999999999", "sue", ".nothing"),
    "system": ("/system", "tech", ".counter"),
    "trace": ("/trace", "tech", ".trace-in"),
    "lines": ("/lines", "tech", "tbody tr"),
    "line": ("/lines/E1-1", "tech", "tbody tr"),
    "line-long": (f"/lines/{LONG}", "tech", "tbody tr"),
    "line-empty": ("/lines/FXS-1", "tech", ".nothing.good"),
    "line-run": ("/lines/checks/1", "tech", "tbody tr"),
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_a_word_in_the_console(name: str, language: str, visit: Open) -> None:
    path, login, sign = PAGES[name]
    page = visit(path, language, login)
    page.wait_for_selector(sign)
    if login:
        live(page)
    SHOTS.mkdir(parents=True, exist_ok=True)
    shot = page.screenshot(path=SHOTS / f"{name}-{language}.png", full_page=True)
    assert len(shot) > 10_000
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


NARROW = ["board", "story", "recordings", "system", "trace", "lines", "line-long", "line-run"]


@pytest.mark.parametrize("name", NARROW)
def test_a_page_fits_a_telephone_in_the_dark(name: str, visit: Open) -> None:
    path, login, sign = PAGES[name]
    small = {"width": 390, "height": 844}
    page = visit(path, "zh", login, viewport=small, color_scheme="dark")
    page.wait_for_selector(sign)
    page.screenshot(path=SHOTS / f"{name}-narrow-dark.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_board_shows_what_the_daemon_says(visit: Open, own_daemon: Daemon) -> None:
    page = visit("/board")
    page.wait_for_selector("#calls tr[data-key='c-0001']")
    assert page.locator("#calls tr").count() == 8
    assert page.locator(".span[data-key='E1-1'] .slot").count() == 32
    assert page.locator("[data-key='E1-1'] .slot[data-state=sync]").inner_text() == "S"
    assert page.locator("[data-key='E1-1'] .slot[data-state=dchan]").inner_text() == "D"
    assert page.locator(".waiting li").count() == 4
    name = page.locator("#calls tr[data-key='c-0008'] .party b").inner_text()
    assert name == "<img src=x onerror=alert(1)>"
    teller = Teller()
    own_daemon.publish(teller.trouble())
    page.wait_for_selector("#alarms .alarm")
    tag = page.wait_for_selector(".span[data-key='E1-2'][data-health=alarm] .alarm-tag")
    assert tag.get_attribute("title") == "red: no signal or no frame is received"
    own_daemon.publish(teller.calm())
    page.wait_for_selector("#alarms", state="hidden")
    page.wait_for_selector(".span[data-key='E1-2'][data-health=good]")


def test_alarms_are_told_in_the_language_of_the_page(visit: Open, own_daemon: Daemon) -> None:
    page, english = visit("/board", language="zh"), visit("/system")
    live(page)
    teller = Teller()
    own_daemon.publish(teller.trouble())
    told = page.locator("#alarms .alarm[data-key=load]")
    eventually(told).to_contain_text("每个节拍用去 90 % 的时间；现已停用：呼叫进程音检测，回声消除")
    full = page.locator("#alarms .alarm[data-key=disk]")
    eventually(full).to_contain_text("录音：No space left on device")
    eventually(english.locator("#sys-alarms")).to_contain_text(
        "a tick takes 90 % of its time; left out now: call progress, echo cancelling"
    )
    own_daemon.publish(teller.calm())
    page.wait_for_selector("#alarms", state="hidden")


def test_a_page_whose_scripts_come_late_misses_no_picture(visit: Open) -> None:
    page = visit("/calls")
    live(page)
    order: list[str] = []

    def late(route: Any) -> None:
        for _ in range(50):  # all the other scripts are there long before
            answer = route.fetch()
        order.append("script")
        route.fulfill(response=answer)

    page.route("**/js/spans.js", late)
    page.on("request", lambda request: "/api/live" in request.url and order.append("stream"))
    page.goto("/board")
    page.wait_for_selector("#calls tr[data-key='c-0001']")
    assert order == ["script", "stream"]


def test_a_trace_is_searched_and_held(visit: Open) -> None:
    page = visit("/trace", login="tech")
    page.wait_for_selector(".trace-in")
    assert page.locator("#trace-rows b").all_inner_texts() == ["RELEASE COMPLETE", "SETUP"]
    page.fill("#trace-find", "10086")
    assert page.locator("#trace-rows b").all_inner_texts() == ["SETUP"]
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    assert page.get_attribute("#trace-hold", "aria-pressed") == "true"
    page.fill("#trace-find", "nothing like it")
    page.wait_for_selector("#trace-none:not([hidden])")
    assert page.get_attribute("#trace-file", "href").endswith("/trace/E1-1.pcap")
    assert page.locator("#trace-span option").all_inner_texts() == ["E1-1", "E1-2", LONG]


def test_a_trace_is_kept_in_the_address(visit: Open) -> None:
    page = visit("/trace?span=E1-2", login="tech")
    live(page)
    eventually(page.locator("#trace-span")).to_have_value("E1-2")
    page.select_option("#trace-span", LONG)
    page.wait_for_url(f"**/trace?span={LONG}")
    page.reload()
    eventually(page.locator("#trace-span")).to_have_value(LONG)


def test_a_trace_that_is_refused_says_why(visit: Open) -> None:
    page = visit("/trace", language="zh", login="tech")
    page.wait_for_selector(".trace-in")
    page.route("**/api/trace?*", lambda route: route.fulfill(status=404, body="没有这条线路"))
    eventually(page.locator("#trace-lost")).to_have_text("非实时: 没有这条线路")
    page.unroute("**/api/trace?*")
    page.wait_for_selector("#trace-lost", state="hidden")
    page.trouble.clear()  # the browser itself reports the refusal


def test_lines_are_kept_fresh_and_go_by_the_keyboard(visit: Open, own_daemon: Daemon) -> None:
    page = visit("/lines", login="tech")
    page.keyboard.press("j")
    page.keyboard.press("j")
    own_daemon.control.slips = 41
    page.wait_for_selector(".findings :text('41: the two ends')")
    chosen = page.locator("tr.selected")  # is chosen still
    assert chosen.get_attribute("data-href") == "/lines/E1-2"
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lines/E1-1")
    page.fill("[name=number]", "10086")
    own_daemon.control.slips = 3
    page.wait_for_selector(".findings :text('3: the two ends')")
    assert page.input_value("[name=number]") == "10086"  # what is typed stays
    eventually(page.locator("#fresh")).to_contain_text("as of ")
    page.click(".page-links a >> text=Trace")
    page.wait_for_url("**/trace?span=E1-1")


def test_a_run_of_checks_is_followed_to_its_end(visit: Open, own_daemon: Daemon) -> None:
    page = visit("/lines/checks/1", login="tech")
    page.wait_for_selector("button:text('Stop')")
    own_daemon.control.running = False
    page.wait_for_selector(".state-run-done")
    assert page.locator("button:text('Stop')").count() == 0
    assert page.get_attribute("#fresh", "data-every") == ""
    own_daemon.control.running = True


def test_waiting_times_go_on_counting(visit: Open) -> None:
    page = visit("/board")
    wait = page.locator(".waiting li .wait").last
    eventually(wait).not_to_have_text(wait.inner_text())


def test_a_call_is_hung_up_after_a_question(visit: Open, own_daemon: Daemon) -> None:
    page = visit("/board")
    own_daemon.control.done.clear()
    row = page.locator("#calls tr[data-key='c-0002']")
    row.locator("button").click()
    page.click("#confirm button[value='']")
    assert not own_daemon.control.done
    row.locator("button").click()
    page.click("#confirm-yes")
    page.wait_for_selector(".toast-note.ok")
    assert own_daemon.control.done == [("hangup", "c-0002", "sue")]


def test_a_refusal_of_the_daemon_is_shown(visit: Open, own_daemon: Daemon) -> None:
    page = visit("/calls/20260105T000001")
    live(page)
    own_daemon.control.done.clear()
    page.click("[data-hangup]")
    page.click("#confirm-yes")
    page.wait_for_selector(".toast-note.bad")  # the daemon does not know this old call
    assert not own_daemon.control.done
    page.trouble.clear()  # the browser itself reports the refusal


def test_a_story_follows_a_call_that_goes_on(
    visit: Open, own_world: World, own_daemon: Daemon
) -> None:
    page = visit(f"/calls/{own_world.running}")
    live(page)
    teller = Teller()
    news = {"prompt": "fresh news", "outcome": "done"}
    with queries.session(own_world.settings.database.url) as session:
        row = StoryRow(call_id=own_world.running, seq=99, kind="PromptPlayed", data=news)
        row.media_ms, row.utc = 905_000, teller.now
        session.add(row)
    event = ev.PromptPlayed(**teller.at(0), call_id=own_world.running, **news)
    own_daemon.publish([event])
    eventually(page.locator(".timeline li").last).to_contain_text("fresh news")


def test_an_agent_may_change_only_their_own_state(visit: Open, own_daemon: Daemon) -> None:
    page = visit("/board", login="bob")
    page.wait_for_selector("#agents li[data-key=bob] button")
    assert page.locator("#agents button").count() == 1
    assert page.locator("#calls button").count() == 0
    own_daemon.control.done.clear()
    page.click("#agents li[data-key=bob] button")
    page.wait_for_selector(".toast-note.ok")
    assert own_daemon.control.done == [("agent", "bob", "away", "console")]


def test_the_keyboard_leads_everywhere(visit: Open) -> None:
    page = visit("/board")
    live(page)
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/recordings")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/calls")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "number"
    page.keyboard.type("gb13800130006")  # letters typed into a field lead nowhere
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator("tr.selected").get_attribute("data-href") == "/calls/20260105T000000"
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/20260105T000000")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/board")


def test_a_recording_plays_and_jumps(visit: Open) -> None:
    page = visit("/calls/20260105T000000")
    page.wait_for_selector("[data-show=wave] > div")
    page.keyboard.press(" ")
    page.wait_for_selector(".player.playing")
    eventually(page.locator("[data-show=now]")).not_to_have_text("0:00")
    page.keyboard.press(" ")
    page.wait_for_selector(".player:not(.playing)")
    page.click(".timeline li[data-at-ms='6410'] [data-seek]")
    eventually(page.locator("[data-show=now]")).to_have_text("0:06")


def test_the_space_bar_plays_the_selected_recording(visit: Open) -> None:
    page = visit("/recordings")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.wait_for_selector("tr.selected.playing")
    eventually(page.locator("[data-show=now]")).not_to_have_text("0:00")
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "recordings-playing.png")
    page.keyboard.press(" ")
    page.wait_for_selector("tr.selected:not(.playing)")


def test_dark_is_remembered(visit: Open) -> None:
    page = visit("/calls", color_scheme="light")
    page.keyboard.press("t")
    page.goto("/recordings")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_language_is_one_click_away(visit: Open) -> None:
    page = visit("/calls", login="root")
    page.click("button.language")
    page.wait_for_selector("html[lang=zh-CN]")
    assert page.locator("h1").inner_text() == "通话"
    page.click("button.language")
    page.wait_for_selector("html[lang=en]")


# ---- the truth about the links: these stop things, and come last -------------------


def test_the_bar_is_red_while_the_daemon_is_away(visit: Open, own_daemon: Daemon) -> None:
    page = visit("/board")
    live(page)
    assert page.locator("#linkbar").is_hidden()
    own_daemon.stop()
    page.wait_for_selector("#linkbar[data-link=daemon]")
    assert "media server does not answer" in page.locator("#linkbar").inner_text()
    page.screenshot(path=SHOTS / "board-daemon-lost.png")
    own_daemon.start()
    own_daemon.publish(Teller().events())
    page.wait_for_selector("#linkbar", state="hidden")
    live(page)
    page.wait_for_selector("#calls tr[data-key='c-0001']")


def test_lines_tell_the_truth_while_the_daemon_is_away(visit: Open, own_daemon: Daemon) -> None:
    page, other = visit("/lines", login="tech"), visit("/trace", login="tech")
    live(page)
    other.wait_for_selector(".trace-in")
    other.bring_to_front()
    own_daemon.stop()
    eventually(other.locator("#trace-lost")).to_have_text(
        "Not live: The media server does not answer."
    )
    page.bring_to_front()
    eventually(page.locator("#fresh")).to_contain_text("The media server does not answer.")
    assert page.locator("#part-lines tbody tr").count() > 4  # what was known is there, and dim
    assert float(page.evaluate("getComputedStyle(document.querySelector('.parts')).opacity")) < 1
    page.goto("/lines")
    page.wait_for_selector("[data-again]")
    own_daemon.start()
    own_daemon.publish(Teller().events())
    page.wait_for_selector("#part-lines tbody tr")  # comes back by itself
    eventually(page.locator("#fresh")).to_contain_text("as of ")
    eventually(other.locator("#trace-lost")).to_be_hidden()
    page.trouble.clear()  # the browser itself reports what is not there


def test_the_bar_is_red_while_the_console_is_away(visit: Open) -> None:
    page = visit("/board")
    live(page)
    said = page.trouble[:]
    page.context.set_offline(True)
    page.wait_for_selector("#linkbar:has-text('Connection to the console is lost')")
    page.context.set_offline(False)
    page.wait_for_selector("#linkbar", state="hidden")
    live(page)
    page.trouble[:] = said  # the browser itself reports that it is offline


def test_an_ended_session_leads_to_the_login_page(visit: Open) -> None:
    page = visit("/board")
    live(page)
    said = page.trouble[:]
    page.context.clear_cookies()
    page.context.set_offline(True)
    page.wait_for_selector("#linkbar[data-link=console]")
    page.context.set_offline(False)
    page.wait_for_url("**/login**")
    page.trouble[:] = said
