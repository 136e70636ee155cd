"""Opens our pages in headless Chromium and uses them: links, buttons, filters, cells, dialogs.

Usage: pages.py PAGE... [--screenshots DIR] [--text TEXT]...

Each page is opened at 360, 800, 1280 and 1600 pixels, light and dark. A check fails on a console message, a
request, a page wider than the window, a link without target, a control without name, text whose contrast
is below 4.5, markup from a stranger's text, a TEXT that is not shown as it is, a button that does nothing, or
a control that the Tab key does not come to or that does not show the focus.
Needs `playwright` (PyPI) and Chromium (Debian: chromium).
"""
import argparse
import pathlib
import shutil
import sys

from playwright.sync_api import sync_playwright

# Text that is drawn, its colour and the first opaque colour behind it; WCAG 2.2, 1.4.3.
CONTRAST = """() => {
  const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const color = rgba(getComputedStyle(element).backgroundColor);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255, 255];
  };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility?.() || element.closest("script, noscript, option, title")) continue;
    const style = getComputedStyle(element);
    const front = rgba(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [luminance(front), luminance(background(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...new Set(bad)].slice(0, 10);
}"""

UNNAMED = """() => [...document.querySelectorAll("button, a, input, select, svg[role=img], [role=img], [role=region], dialog")]
  .filter((each) => !(each.getAttribute("aria-label") || each.textContent.trim()))
  .map((each) => each.outerHTML.slice(0, 80))"""

BROKEN_LINKS = """() => [...document.querySelectorAll("a")].map((each) => each.getAttribute("href"))
  .filter((target) => !target.startsWith("#") || !document.getElementById(target.slice(1)))"""

STRANGE = """() => [...document.querySelectorAll("main script, main img:not([src^='data:']), main b, main iframe, main form, header b, [onclick], [onerror]")]
  .map((each) => each.outerHTML.slice(0, 80))"""


# Texts of one length are not the same text.
SEEN = "() => `${window.scrollY} ${document.body.innerText}`"

# Numbers what Tab should come to, in the order of the document.
CONTROLS = """() => {
  window.controls = [...document.querySelectorAll("a[href], button, select, input, summary, [tabindex='0']")]
    .filter((each) => each.checkVisibility() && each.tabIndex >= 0);
  return window.controls.length;
}"""

# The one that has the focus, and whether that can be seen.
FOCUSED = """() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const ring = element.closest("svg")?.querySelector(".ring:not([display])");
  return { index: window.controls.indexOf(element), name: element.outerHTML.slice(0, 80),
    seen: Boolean(ring) || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) };
}"""


def tab_through(page, width, problems):
    """Presses Tab as often as there are controls; each is to come once, and to show it."""
    count, reached = page.evaluate(CONTROLS), set()
    for _ in range(count):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        reached.add(focused["index"])
        if not focused["seen"]:
            problems.append(f"{width}: focus cannot be seen: {focused['name']}")
    if len(reached - {-1}) < count:
        problems.append(f"{width}: Tab comes to {len(reached - {-1})} of {count} controls")


def use_map(page, problems):
    """Goes through the map of clips with the keyboard; returns how many keys were pressed."""
    if not page.locator(".map").count():
        return 0
    status = page.locator("#map [role=status]")
    page.locator(".map .point[tabindex='0']").focus()
    names = {status.inner_text()}
    keys = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "PageDown", "PageDown", "PageUp"]
    for key in keys:
        page.keyboard.press(key)
        names.add(status.inner_text())
    if len(names) < 3:
        problems.append(f"arrow keys do not leave the first point of the map: {names}")
    page.keyboard.press("Enter")
    if not page.locator("dialog[open] article").count():
        problems.append("Enter does not open a point of the map")
    page.keyboard.press("Escape")
    legend = page.locator("#map .bar button").first
    legend.click()
    if page.locator(".map .faded").count() == 0 and page.locator("#map .bar button").count() > 1:
        problems.append("a class of the legend does not stand out")
    legend.click()
    if page.locator(".map .faded").count():
        problems.append("a class of the legend cannot be left")
    return len(keys) + 3


def check_once(page, width, problems):
    """What can be wrong with a page that nobody has touched."""
    overflow = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    if overflow > 0:
        problems.append(f"{width}: {overflow} pixels wider than the window")
    for name, script in [("contrast", CONTRAST), ("no name", UNNAMED), ("broken link", BROKEN_LINKS), ("markup", STRANGE)]:
        problems += [f"{width}: {name}: {each}" for each in page.evaluate(script)]
    order = page.evaluate("() => [...document.querySelectorAll('[tabindex]')].filter((each) => each.tabIndex > 0).length")
    if order:
        problems.append(f"{width}: {order} elements change the tab order")


def use(page, problems):
    """Presses everything that can be pressed; returns how many controls there were."""
    used = 0
    for link in page.locator("nav a").all():
        if link.is_visible():
            link.click()
            used += 1
    for summary in page.locator("summary").all():
        summary.click()
        used += 1
    for select in page.locator("select").all():
        values = select.evaluate("(each) => [...each.options].map((option) => option.value)")
        for value in values[:6]:
            select.select_option(value)
            used += 1
        select.select_option(values[0])
    for field in page.locator("input[type=search]").all():
        field.fill("zzzz-nothing-is-called-so")
        if page.locator("#gallery article").count():
            problems.append("a search for nothing finds clips")
        field.fill("")
        used += 1
    for button in page.locator(".bar button").all():
        if button.is_visible():
            button.click()
            used += 1
    cells = page.locator(".matrix button, td button")
    for index in range(min(cells.count(), 40)):
        cell = cells.nth(index)
        if not cell.is_visible():
            continue
        before = page.evaluate(SEEN)
        cell.focus()
        page.keyboard.press("Enter")
        used += 1
        dialog = page.locator("dialog[open]")
        if dialog.count():
            page.keyboard.press("Escape")
            if page.locator("dialog[open]").count():
                problems.append("Escape does not close a dialog")
        elif page.evaluate(SEEN) == before:
            problems.append(f"a cell does nothing: {cell.evaluate('(each) => each.outerHTML')[:100]}")
    for head in page.locator("th button").all()[:12]:
        head.click()
        used += 1
    return used


def check(browser, path, screenshots, texts):
    problems, used = [], 0
    for width in [360, 800, 1280, 1600]:
        for scheme in ["light", "dark"]:
            context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme)
            page = context.new_page()
            page.on("console", lambda message: problems.append(f"console: {message.text}"))
            page.on("pageerror", lambda error: problems.append(f"error: {error}"))
            page.on("request", lambda request: None if request.url.startswith(("file:", "data:"))
                    else problems.append(f"request: {request.url}"))
            page.goto(path.resolve().as_uri())
            check_once(page, f"{width} {scheme}", problems)
            shown = page.evaluate("() => document.querySelector('main').textContent")
            problems += [f"not shown: {text}" for text in texts if text not in shown]
            if screenshots:
                page.screenshot(path=screenshots / f"{path.stem}-{width}-{scheme}.png")
            if scheme == "light":
                tab_through(page, width, problems)
            used += use_map(page, problems) + use(page, problems)
            context.close()
    return problems, used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--text", action="append", default=[])
    arguments = parser.parse_args()
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    failed = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for path in arguments.pages:
            problems, used = check(browser, path, arguments.screenshots, arguments.text)
            failed = failed or bool(problems)
            print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {used} controls used, {len(problems)} problems")
            for problem in sorted(set(problems))[:40]:
                print(f"  {problem}")
        browser.close()
    sys.exit(failed)


if __name__ == "__main__":
    main()
