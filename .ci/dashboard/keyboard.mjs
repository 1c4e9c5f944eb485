// Goes through a page by the Tab key alone, as somebody without a mouse does. Faults are sentences.
import { focused, reachable } from "./rules.mjs";
import { LANGUAGES, listening } from "./visit.mjs";

/** Tab reaches everything in the order of the page, first the link that skips the navigation, and is always seen. */
export async function tabs(browser, { name, url }, viewport, faults) {
  const context = await browser.newContext({ locale: LANGUAGES.en, viewport });
  const tell = (sentence) => faults.add(`${name} by keyboard`, sentence);
  const page = await listening(context, tell);
  await page.goto(url);
  const wanted = new Set(await page.evaluate(reachable));
  const stops = [];
  // One more than there is to reach: then the focus leaves the page.
  for (let count = 0; count <= wanted.size; count += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(focused);
    if (!stop) break;
    stops.push(stop);
  }
  for (const { at, name: what, marked, seen } of stops) {
    wanted.delete(at);
    if (!marked) tell(`the focus is not marked: ${what}`);
    if (!seen) tell(`what has the focus is out of sight: ${what}`);
  }
  if (wanted.size > 0) tell(`Tab does not reach ${wanted.size} of ${wanted.size + stops.length}`);
  if (stops.some(({ at }, index) => index > 0 && at < stops[index - 1].at)) tell("Tab goes back and forth");
  const skip = stops[0]?.href;
  if (!skip?.startsWith("#")) {
    tell("the first Tab is no link that skips the navigation");
  } else {
    await page.goto(url);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    const behind = await page.evaluate((id) => document.getElementById(id)?.contains(document.activeElement), skip.slice(1));
    if (!behind && stops.length > 1) tell(`after ${skip} the next Tab is not in the content`);
  }
  await context.close();
}

/** A filter is chosen and sent by keyboard; the page then shows what was chosen. */
export async function filters(browser, url, faults) {
  const context = await browser.newContext({ locale: LANGUAGES.en });
  const tell = (sentence) => faults.add("filters by keyboard", sentence);
  const page = await listening(context, tell);
  await page.goto(url);
  const chosen = await page.evaluate(() => {
    const select = document.querySelector("main form select");
    return select && { name: select.name, value: select.options[1]?.value };
  });
  if (!chosen) return tell("there is no filter to choose from");
  const isThere = () => page.evaluate((name) => document.activeElement?.name === name, chosen.name);
  for (let count = 0; count < 60 && !(await isThere()); count += 1) await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  for (let count = 0; count < 20; count += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => ["BUTTON", "INPUT"].includes(document.activeElement?.tagName) && document.activeElement.type === "submit")) break;
  }
  await Promise.all([page.waitForURL((to) => to.searchParams.get(chosen.name) === chosen.value, { timeout: 5000 }), page.keyboard.press("Enter")])
    .catch(() => tell(`${chosen.name}=${chosen.value} did not arrive: ${page.url()}`));
  const kept = await page.evaluate((name) => document.querySelector(`main form select[name="${name}"]`)?.value, chosen.name);
  if (kept !== chosen.value) tell(`the form forgot ${chosen.name}=${chosen.value}`);
  await context.close();
}
