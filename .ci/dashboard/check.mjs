// Opens the dashboard in a real browser, in every language and appearance, and ends with 1 where a person would stumble:
// check.mjs FULL EMPTY GUARDED FOLDER, three addresses of services (one with a shop, one without data, one that wants the
// token in TOKEN) and where screenshots go.
import { chromium } from "playwright-core";
import { mkdirSync } from "node:fs";
import { HOSTILE } from "./hostile.mjs";
import { filters, tabs } from "./keyboard.mjs";
import { Faults, LANGUAGES, listening, visit } from "./visit.mjs";

/** Pages that are looked at side by side. */
const AT_ONCE = 4;
/** Most links that are followed. */
const MOST_LINKS = 400;
const DESK = { width: 1280, height: 900 };

const [full, empty, guarded, folder] = process.argv.slice(2);
const customerUrl = (id) => `${full}/customers/${encodeURIComponent(id)}`;
const faults = new Faults();
const tell = (sentence) => faults.add("dashboard", sentence);

/** What must be found on faulty.html: a rule that finds nothing there would find nothing anywhere. */
const PROOF = [
  "console: logged", "console: Loading the image", "not loaded: ", "a script failed: thrown", "a dialog opened: ", "its language is ",
  "at 320 px the page is too wide: ", "the page is too wide: ", "there is a script", "cut off at the side: ", "a field is too narrow",
  "25 px outside its chart: ", "texts over one another: ", "only 3.0 px high: ", "contrast 1.6 of 4.5", "color-contrast: ", "image-alt: ",
  "a line goes through ", "an axis says the same twice: ", "moves sideways by ", "English on a Chinese page: ", "its content security policy ",
  "it has no title, or no sentence", "the focus is not marked: ", "Tab does not reach 1 of ", "after #field the next Tab",
];

async function prove(browser) {
  const [page, found] = [{ name: "faulty", url: new URL("faulty.html", import.meta.url).href }, new Faults()];
  await visit(browser, page, "zh", null, found);
  await tabs(browser, page, DESK, found);
  for (const start of PROOF) if (!found.sentences.some((sentence) => sentence.startsWith(start))) tell(`the check is blind: ${start}`);
}

/** Some customer of every kind that has a page of its own look. */
async function kinds() {
  const answer = await fetch(`${full}/v1/customers?limit=200`);
  const { customers } = await answer.json();
  const first = (fits) => customers.find((one) => !HOSTILE.includes(one.customer_id) && fits(one))?.customer_id;
  const found = {
    warned: first((one) => one.episode && one.contactable),
    held_out: first((one) => !one.contactable),
    calm: first((one) => one.band === "low"),
    newcomer: first((one) => one.purchases === 1),
    lost: first((one) => one.recency_days > 120),
  };
  for (const [kind, id] of Object.entries(found)) if (!id) tell(`the shop has no ${kind} customer: look at shop.mjs`);
  return Object.entries(found).filter(([, id]) => id);
}

async function wanted() {
  const pages = [
    { name: "today", url: `${full}/` },
    { name: "customers", url: `${full}/customers` },
    { name: "filtered", url: `${full}/customers?band=watch&tier=low&order=score` },
    { name: "warned-list", url: `${full}/customers?warned=on` },
    { name: "nobody", url: `${full}/customers?segment=nobody` },
    { name: "effect", url: `${full}/effect` },
    { name: "model", url: `${full}/model` },
    { name: "health", url: `${full}/health` },
    { name: "unknown-customer", url: customerUrl("nobody"), status: 404 },
    { name: "unknown-page", url: `${full}/nowhere`, status: 404 },
    { name: "bad-filter", url: `${full}/customers?band=nonsense`, status: 400 },
    { name: "longest-id", url: customerUrl(HOSTILE.find((id) => id.length === 128)) },
    { name: "markup-id", url: customerUrl(HOSTILE[0]) },
  ];
  for (const [kind, id] of await kinds()) {
    pages.push({ name: `customer-${kind}`, url: customerUrl(id) });
    if (kind === "warned") {
      pages.push({ name: "what-if", url: `${customerUrl(id)}?amount=250.50` });
      pages.push({ name: "bad-amount", url: `${customerUrl(id)}?amount=much` });
    }
  }
  for (const path of ["", "customers", "effect", "model", "health"]) pages.push({ name: `empty-${path || "today"}`, url: `${empty}/${path}` });
  return pages;
}

/** Every hostile id is text on its own page, and a link to it in the list. */
async function attacks(browser) {
  const context = await browser.newContext();
  let view = "attacks";
  const page = await listening(context, (sentence) => faults.add(view, sentence));
  const listed = new Map();
  for (let next = `${full}/customers`; next && listed.size < 1000; ) {
    await page.goto(next);
    const links = await page.evaluate(() => [...document.querySelectorAll("main table a")].map((link) => [link.textContent, link.href]));
    links.forEach(([id, href]) => listed.set(id.trim(), href));
    next = await page.evaluate(() => document.querySelector("main a[href*='after=']")?.href);
  }
  const { count } = await (await fetch(`${full}/v1/customers`)).json();
  if (listed.size !== count) tell(`the pages of the list show ${listed.size} customers of ${count}`);
  for (const id of HOSTILE) {
    view = `customer ${JSON.stringify(id.slice(0, 40))}`;
    const href = listed.get(id.trim());
    if (!href) faults.add(view, "is not in the list as text");
    for (const url of new Set([href ?? customerUrl(id), `${full}/customers?id=${encodeURIComponent(id)}`])) {
      await page.goto(url);
      const shown = await page.evaluate(() => document.querySelector("h1")?.textContent ?? "");
      if (!shown.includes(id.trim())) faults.add(view, `its page is not headed by its id: ${url}`);
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
    if (answer.status() >= 400) faults.add(url, `a link leads to ${answer.status()}`);
  });
  const page = await listening(context, tell);
  await page.goto(`${full}/?lang=zh`);
  for (const path of ["/customers", "/effect"]) {
    await page.click(`nav a[href^="${path}"]`, { timeout: 2000 }).catch(() => tell(`no link in the navigation leads to ${path}`));
    const language = await page.evaluate(() => document.documentElement.lang);
    if (!language.startsWith("zh")) tell(`?lang=zh is forgotten on the way to ${page.url()}`);
  }
  await context.close();
}

/** Without the token nothing is shown; a browser that sends it as a password is let in. */
async function token(browser) {
  const password = process.env.TOKEN;
  for (const path of ["/", "/customers", "/effect", "/model", "/health", "/nowhere"]) {
    const answer = await fetch(guarded + path, { headers: { accept: "text/html" } });
    const asks = answer.headers.get("www-authenticate") ?? "";
    if (answer.status !== 401 || !/basic/i.test(asks)) tell(`without the token ${path} says ${answer.status} ${asks}`);
    if ((await answer.text()).includes("c0000")) tell(`without the token ${path} shows something`);
  }
  for (const [secret, expected] of [[password, 200], [`${password}x`, 401], ["", 401]]) {
    const authorization = `Basic ${Buffer.from(`somebody:${secret}`).toString("base64")}`;
    const answer = await fetch(`${guarded}/`, { headers: { authorization, accept: "text/html" } });
    if (answer.status !== expected) tell(`a password says ${answer.status} instead of ${expected}`);
  }
  await visit(browser, { name: "guarded", url: `${guarded}/`, http: { username: "somebody", password } }, "en", folder, faults);
}

/** Runs all tasks, some at once. */
async function several(items, task) {
  const left = [...items];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await task(item).catch((error) => faults.add(JSON.stringify(item).slice(0, 120), `it could not be looked at: ${error.message}`));
    }
  }));
}

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  await prove(browser);
  const pages = await wanted();
  const links = [];
  await several(pages.flatMap((page) => Object.keys(LANGUAGES).map((language) => [page, language])), async ([page, language]) => {
    const found = await visit(browser, page, language, folder, faults);
    // A page that tells a problem leads to itself, in another language.
    if (!page.status) links.push(...found);
  });
  const calm = pages.filter(({ status, name }) => !status && !name.startsWith("empty"));
  await several(calm, (page) => tabs(browser, page, DESK, faults));
  await filters(browser, `${full}/customers`, faults);
  await attacks(browser);
  await follow(browser, links);
  await token(browser);
  console.log(`${pages.length} pages in ${Object.keys(LANGUAGES).length} languages, ${new Set(links).size} links, ${HOSTILE.length} hostile ids: ${faults.sentences.length} faults`);
} finally {
  await browser.close();
}
faults.print();
process.exitCode = faults.sentences.length > 0 ? 1 : 0;
