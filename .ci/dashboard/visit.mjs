// Looks at one page in every appearance: both languages, light and dark, a phone and a desk. Faults are sentences.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { contrasts, english, looks, overflow } from "./rules.mjs";

export const LANGUAGES = { en: "en-GB", zh: "zh-CN" };
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };
/** The narrowest page that must do without moving sideways (WCAG 1.4.10). */
const NARROWEST = { width: 320, height: 640 };
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** Rules whose answer hangs on the size of the window, or on the colours. */
const OF_SIZE = ["color-contrast", "scrollable-region-focusable", "target-size"];

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
      console.error(`- ${sentence}\n  ${views.slice(0, 4).join(" | ")}${views.length > 4 ? ` and ${views.length - 4} more` : ""}`);
    }
  }
}

/** A page that tells of everything that it logs, throws, is refused or asks. `expected`: the status of the document. */
export async function listening(context, tell, expected = 200) {
  const page = await context.newPage();
  page.on("console", (message) => {
    // A document with the status that it should have is logged as an error too.
    const isDocument = message.location().url === page.url() && message.text().includes(` ${expected} `);
    if (message.type() === "error" && !(expected >= 400 && isDocument)) tell(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => tell(`a script failed: ${error.message}`));
  page.on("requestfailed", (request) => tell(`not loaded: ${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    const isDocument = response.request().isNavigationRequest();
    const isRedirect = isDocument && response.status() === 303;
    if (response.status() !== (isDocument ? expected : 200) && !isRedirect) tell(`status ${response.status()}: ${response.url()}`);
  });
  page.on("dialog", async (dialog) => {
    tell(`a dialog opened: ${dialog.message()}`);
    await dialog.dismiss();
  });
  return page;
}

/** Looks at `url` in one language; gives the links of the page. */
export async function visit(browser, { name, url, status = 200, http }, language, folder, faults) {
  const context = await browser.newContext({ locale: LANGUAGES[language], httpCredentials: http });
  let view = `${name} ${language}`;
  const tell = (sentence) => faults.add(view, sentence);
  const page = await listening(context, tell, status);
  const answer = await page.goto(url);
  const policy = (await answer.allHeaders())["content-security-policy"] ?? "";
  if (!policy.includes("default-src 'none'") || policy.includes("unsafe")) tell(`its content security policy is "${policy}"`);
  const said = await page.evaluate(() => [document.documentElement.lang, document.title, document.querySelector("main")?.innerText ?? ""]);
  if (!said[0].startsWith(language)) tell(`its language is "${said[0]}"`);
  if (!said[1].trim() || !/.{8,}[.。：:]/.test(said[2])) tell("it has no title, or no sentence");
  if (language === "zh") (await page.evaluate(english)).forEach(tell);
  await page.setViewportSize(NARROWEST);
  for (const fault of await page.evaluate(overflow)) tell(`at ${NARROWEST.width} px ${fault}`);
  await page.evaluate(AXE);
  for (const [size, viewport] of Object.entries(SIZES)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      view = `${name} ${language} ${size} ${colorScheme}`;
      await page.emulateMedia({ colorScheme });
      const isPhone = size === "phone";
      const seen = await judged(page, isPhone && colorScheme === "light" ? STANDARDS : OF_SIZE);
      if (colorScheme === "light") seen.push(...(await page.evaluate(overflow)), ...(await page.evaluate(looks)));
      if (!isPhone) seen.push(...(await page.evaluate(contrasts)));
      seen.forEach(tell);
      await page.evaluate(() => scrollTo(0, 0));
      if (folder) await page.screenshot({ path: join(folder, `${name}-${language}-${size}-${colorScheme}.png`), fullPage: true });
    }
  }
  const links = await page.evaluate(() => [...document.links].map((link) => link.href));
  await context.close();
  return links;
}

/** What axe finds that shuts somebody out. */
async function judged(page, rules) {
  const found = await page.evaluate((runOnly) => axe.run(document, { resultTypes: ["violations"], preload: false, runOnly }), rules);
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html.slice(0, 160)}`);
}
