// Looks at one page in every appearance: both languages, light and dark, a phone and a desk. Faults are sentences.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The languages of the pages, and what a browser asks for. */
export const LANGUAGES = { en: "en-GB", zh: "zh-CN" };
export const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };
/** The narrowest page that must do without moving sideways (WCAG 1.4.10). */
const NARROWEST = { width: 320, height: 640 };
const RULES = fileURLToPath(new URL("rules.js", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** Rules of axe whose answer hangs on the size of the window, or on the colours. */
const OF_APPEARANCE = ["color-contrast", "scrollable-region-focusable", "target-size"];

/** What went wrong, and in which views. */
export class Faults {
  #views = new Map();

  add(view, sentence) {
    this.#views.set(sentence, [...(this.#views.get(sentence) ?? []), view]);
  }

  get sentences() {
    return [...this.#views.keys()];
  }

  print() {
    for (const [sentence, views] of this.#views) {
      const more = views.length > 4 ? ` and ${views.length - 4} more` : "";
      console.error(`- ${sentence}\n  ${views.slice(0, 4).join(" | ")}${more}`);
    }
  }
}

/** A page that tells of everything that it logs, throws, is refused or asks. `expected`: the status of its document. */
export async function listening(context, tell, expected = 200) {
  const page = await context.newPage();
  await page.addInitScript({ path: RULES });
  page.on("console", (message) => {
    // A document with the status that it should have is logged as an error too.
    const isDocument = message.location().url === page.url() && message.text().includes(` ${expected} `);
    if (message.type() === "error" && !(expected >= 400 && isDocument)) tell(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => tell(`a script failed: ${error.message}`));
  page.on("requestfailed", (request) => tell(`not loaded: ${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    const isDocument = response.request().isNavigationRequest();
    // One leads to the customer who was looked for; what the browser has already is not sent again.
    const allowed = isDocument ? [expected, 303] : [200, 304];
    if (!allowed.includes(response.status())) tell(`status ${response.status()}: ${response.url()}`);
  });
  page.on("dialog", async (dialog) => {
    tell(`a dialog opened: ${dialog.message()}`);
    await dialog.dismiss();
  });
  return page;
}

/** Looks at `url` in one language and leaves pictures in `folder`, if any; gives the links of the page. */
export async function visit(browser, { name, url, status, http }, language, folder, faults) {
  const context = await browser.newContext({ locale: LANGUAGES[language], httpCredentials: http });
  let view = `${name} ${language}`;
  const tell = (sentence) => faults.add(view, sentence);
  const page = await listening(context, tell, status);
  const answer = await page.goto(url);
  read(answer, await page.evaluate(said), language).forEach(tell);
  if (language === "zh") (await page.evaluate(() => rules.english())).forEach(tell);
  await page.setViewportSize(NARROWEST);
  (await page.evaluate(() => rules.overflow())).forEach((fault) => tell(`at ${NARROWEST.width} px ${fault}`));
  await page.evaluate(AXE);
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      view = `${name} ${language} ${size} ${colorScheme}`;
      await page.emulateMedia({ colorScheme });
      const isPhone = size === "phone";
      const isLight = colorScheme === "light";
      (await judged(page, isPhone && isLight ? STANDARDS : OF_APPEARANCE)).forEach(tell);
      if (isLight) (await page.evaluate(() => [...rules.overflow(), ...rules.texts(), ...rules.charts()])).forEach(tell);
      if (!isPhone) (await page.evaluate(() => rules.contrasts())).forEach(tell);
      await page.evaluate(() => scrollTo(0, 0));
      const file = `${name}-${language}-${size}-${colorScheme}.png`;
      if (folder) await page.screenshot({ path: join(folder, file), fullPage: true });
    }
  }
  const links = await page.evaluate(() => [...document.links].map((link) => link.href));
  await context.close();
  return links;
}

function said() {
  const { title, documentElement } = document;
  return { title, spoken: documentElement.lang, text: document.querySelector("main")?.innerText ?? "" };
}

/** What a page lacks that every page says. */
function read(answer, { title, spoken, text }, language) {
  const faults = [];
  const policy = answer.headers()["content-security-policy"] ?? "";
  const isStrict = policy.includes("default-src 'none'") && !policy.includes("unsafe");
  if (!isStrict) faults.push(`its content security policy is "${policy}"`);
  if (!spoken.startsWith(language)) faults.push(`its language is "${spoken}"`);
  const sentence = language === "zh" ? /[\u4e00-\u9fff].{5,}[。：]/ : /[A-Za-z].{8,}[.:]/;
  if (!title.trim() || !sentence.test(text)) faults.push("it has no title, or no sentence");
  return faults;
}

/** What axe finds that shuts somebody out. */
async function judged(page, runOnly) {
  const options = { resultTypes: ["violations"], preload: false, runOnly };
  const found = await page.evaluate((wanted) => axe.run(document, wanted), options);
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html.slice(0, 160)}`);
}
