// Goes through a page by the Tab key alone, as somebody without a mouse does. Faults are sentences.
import { LANGUAGES, SIZES, listening } from "./visit.mjs";

/** Most keys that are pressed on the way to a field. */
const MOST_KEYS = 80;

/** Tab reaches everything in the order of the page, first the link that skips the navigation, and is always seen. */
export async function tabs(browser, { name, url }, faults) {
  const context = await browser.newContext({ locale: LANGUAGES.en, viewport: SIZES.desk });
  const tell = (sentence) => faults.add(`${name} by keyboard`, sentence);
  const page = await listening(context, tell);
  await page.goto(url);
  const left = new Set(await page.evaluate(() => rules.reachable()));
  const many = left.size;
  const stops = [];
  for (let stop = await next(page); stop && stops.length < many; stop = await next(page)) {
    stops.push(stop);
    left.delete(stop.at);
    if (!stop.isMarked) tell(`the focus is not marked: ${stop.name}`);
    if (!stop.isSeen) tell(`what has the focus is out of sight: ${stop.name}`);
  }
  if (left.size > 0) tell(`Tab does not reach ${left.size} of ${many}`);
  if (stops.some(({ at }, index) => index > 0 && at < stops[index - 1].at)) tell("Tab goes back and forth");
  const holdsHeading = (href) => href?.startsWith("#") && document.querySelector(href)?.matches(":has(h1)");
  const leads = await page.evaluate(holdsHeading, stops[0]?.href);
  if (!leads) tell("the first Tab is no link to the content");
  await context.close();
}

async function next(page) {
  await page.keyboard.press("Tab");
  return page.evaluate(() => rules.focused());
}

/** A filter is chosen and sent by keyboard; the page then shows what was chosen. */
export async function filters(browser, url, faults) {
  const context = await browser.newContext({ locale: LANGUAGES.en });
  const tell = (sentence) => faults.add("filters by keyboard", sentence);
  const page = await listening(context, tell);
  await page.goto(url);
  const { name, value } = await page.evaluate(() => {
    const select = document.querySelector("main form select");
    return { name: select.name, value: select.options[1].value };
  });
  const reach = async (what) => {
    const isThere = () => page.evaluate((wanted) => document.activeElement.matches(wanted), what);
    for (let count = 0; count < MOST_KEYS && !(await isThere()); count += 1) await page.keyboard.press("Tab");
  };
  await reach(`select[name="${name}"]`);
  await page.keyboard.press("ArrowDown");
  await reach("button");
  const arrival = page.waitForURL((to) => to.searchParams.get(name) === value, { timeout: 5000 });
  await Promise.all([arrival, page.keyboard.press("Enter")]).catch(() => tell(`${name}=${value} did not arrive: ${page.url()}`));
  const kept = await page.evaluate((field) => document.querySelector(`main form select[name="${field}"]`)?.value, name);
  if (kept !== value) tell(`the form forgot ${name}=${value}`);
  await context.close();
}
