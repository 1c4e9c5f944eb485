// Opens the dashboard in a real browser, in every language and appearance, and ends with 1 where a person would stumble:
// check.mjs FULL EMPTY GUARDED FOLDER, three addresses of services (one with a shop, one without data, one that wants the
// token in TOKEN) and where pictures go.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { HOSTILE } from "./hostile.mjs";
import { filters, tabs } from "./keyboard.mjs";
import { pagesOf } from "./pages.mjs";
import { Faults, LANGUAGES, listening, visit } from "./visit.mjs";

/** Pages that are looked at side by side. */
const AT_ONCE = 4;
/** Most links that are followed. */
const MOST_LINKS = 400;
/** What must be found on faulty.html: a rule that finds nothing there would find nothing anywhere. */
const PROOF = [
  "console: logged", "console: Loading the image", "not loaded: ", "a script failed: thrown", "a dialog opened: ",
  "its content security policy ", "its language is ", "it has no title, or no sentence", "English on a Chinese page: ",
  "at 320 px the page is too wide: ", "the page is too wide: ", "there is a script", "cut off at the side: ", "cut off below: ",
  "moves sideways by ", "a field is too narrow", "25 px outside its chart: ", "texts over one another: ",
  "a line goes through ", "an axis says the same twice: ", "only 3.0 px high: ", "contrast 1.6 of 4.5", "color-contrast: ",
  "image-alt: ", "the focus is not marked: ", "Tab does not reach 1 of ", "the first Tab is no link",
];

const [full, empty, guarded, folder] = process.argv.slice(2);
const faults = new Faults();
const tell = (sentence) => faults.add("all", sentence);

/** Shows that the rules find what they are for. */
async function prove(browser) {
  const [page, found] = [{ name: "faulty", url: new URL("faulty.html", import.meta.url).href }, new Faults()];
  await visit(browser, page, "zh", null, found);
  await tabs(browser, page, found);
  const isFound = (start) => found.sentences.some((sentence) => sentence.startsWith(start));
  PROOF.filter((start) => !isFound(start)).forEach((start) => tell(`the check is blind: ${start}`));
}

/** Every hostile id is the text that it is, in the list and on its own page. */
async function attacks(browser) {
  const context = await browser.newContext();
  let view = "list";
  const page = await listening(context, (sentence) => faults.add(view, sentence));
  const listed = new Map();
  for (let next = `${full}/customers?churned=any&warned=any`; next; ) {
    await page.goto(next);
    const links = await page.evaluate(() => {
      return [...document.querySelectorAll("main table a")].map(({ textContent, href }) => [textContent, href]);
    });
    links.forEach(([id, href]) => listed.set(id, href));
    next = await page.evaluate(() => document.querySelector("main a[rel=next]")?.href);
  }
  const { count } = await (await fetch(`${full}/v1/customers`)).json();
  if (listed.size !== count) tell(`the pages of the list show ${listed.size} customers of ${count}`);
  for (const id of HOSTILE) {
    view = `customer ${JSON.stringify(id.slice(0, 40))}`;
    if (!listed.has(id)) faults.add(view, "it is not in the list as text");
    for (const url of [listed.get(id), `${full}/customers?id=${encodeURIComponent(id)}`].filter(Boolean)) {
      await page.goto(url);
      const shown = await page.evaluate(() => document.querySelector("h1")?.textContent);
      if (shown !== id) faults.add(view, `its page is not headed by it: ${url}`);
    }
  }
  await context.close();
}

/** No link leads nowhere, and a language that was chosen stays. */
async function follow(browser, links) {
  const context = await browser.newContext({ locale: LANGUAGES.en });
  const own = [...new Set(links.map((link) => link.split("#")[0]))].filter((link) => link.startsWith(`${full}/`));
  await several(own.slice(0, MOST_LINKS), async (url) => {
    const answer = await context.request.get(url, { headers: { accept: "text/html" } });
    if (answer.status() !== 200) faults.add(url, `a link leads to ${answer.status()}`);
  });
  const page = await listening(context, tell);
  await page.goto(`${full}/?lang=zh`);
  for (const path of ["/customers", "/effect"]) {
    await page.click(`nav a[href^="${path}"]`);
    const language = await page.evaluate(() => document.documentElement.lang);
    if (language !== "zh-CN") tell(`?lang=zh is forgotten on the way to ${page.url()}`);
  }
  await context.close();
}

/** Without the token nothing is shown; a browser that sends it as a password is let in. */
async function token(browser) {
  const password = process.env.TOKEN;
  for (const path of ["/", "/customers", "/customers/c0000001", "/effect", "/model", "/health", "/nowhere"]) {
    const answer = await fetch(guarded + path, { headers: { accept: "text/html" } });
    const asks = answer.headers.get("www-authenticate") ?? "";
    if (answer.status !== 401 || !/basic/i.test(asks)) tell(`without the token ${path} says ${answer.status} ${asks}`);
    if (/<table|CNY/.test(await answer.text())) tell(`without the token ${path} shows something`);
  }
  for (const [secret, expected] of [[password, 200], [`${password}x`, 401], ["", 401]]) {
    const authorization = `Basic ${Buffer.from(`somebody:${secret}`).toString("base64")}`;
    const answer = await fetch(`${guarded}/`, { headers: { authorization, accept: "text/html" } });
    if (answer.status !== expected) tell(`a password is answered by ${answer.status} instead of ${expected}`);
  }
  const page = { name: "guarded", url: `${guarded}/`, http: { username: "somebody", password } };
  await visit(browser, page, "en", folder, faults);
}

/** Does all tasks, some at once. */
async function several(items, task) {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      const failed = ({ message }) => faults.add(JSON.stringify(item).slice(0, 120), `it can't be looked at: ${message}`);
      await task(item).catch(failed);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  // It asks for nothing but these pages.
  args: ["gpu", "quic", "background-networking", "component-update", "sync"].map((what) => `--disable-${what}`),
});
try {
  await prove(browser);
  const pages = await pagesOf(full, empty, tell);
  const links = [];
  const views = pages.flatMap((page) => Object.keys(LANGUAGES).map((language) => [page, language]));
  await several(views, async ([page, language]) => {
    const found = await visit(browser, page, language, folder, faults);
    // A page that tells a problem leads to itself, in another language.
    if (!page.status) links.push(...found);
  });
  await several(pages.filter(({ status }) => !status), (page) => tabs(browser, page, faults));
  await filters(browser, `${full}/customers`, faults);
  await attacks(browser);
  await follow(browser, links);
  await token(browser);
  const followed = new Set(links).size;
  console.log(`${pages.length} pages, ${followed} links, ${HOSTILE.length} hostile ids; faults: ${faults.sentences.length}`);
} finally {
  await browser.close();
}
console.log(`pictures: ${join(folder, "*.png")}`);
faults.print();
process.exitCode = faults.sentences.length > 0 ? 1 : 0;
