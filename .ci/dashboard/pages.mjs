// The pages that are looked at: each of the navigation, with data and without, customers of every kind, and problems.
import { HOSTILE } from "./hostile.mjs";

/** Customers of every kind that has a page of its own look, by what the API says of them. */
const KINDS = {
  warned: (one) => one.episode && one.contactable,
  held_out: (one) => !one.contactable,
  calm: (one) => one.band === "low",
  newcomer: (one) => one.purchases === 1,
  lost: (one) => one.recency_days > 120,
};

/** The pages of a service with a shop and of one without data; `tell`: what the shop lacks. */
export async function pagesOf(full, empty, tell) {
  const customer = (id) => `${full}/customers/${encodeURIComponent(id)}`;
  const { customers } = await (await fetch(`${full}/v1/customers?limit=200`)).json();
  const known = customers.filter((one) => !HOSTILE.includes(one.customer_id));
  const found = Object.entries(KINDS).map(([kind, fits]) => [kind, known.find(fits)?.customer_id]);
  found.filter(([, id]) => !id).forEach(([kind]) => tell(`the shop has no ${kind} customer`));
  const [[, warned]] = found;
  return [
    { name: "today", url: `${full}/` },
    { name: "customers", url: `${full}/customers` },
    { name: "filtered", url: `${full}/customers?band=watch&tier=low&order=score` },
    { name: "everybody", url: `${full}/customers?warned=any` },
    { name: "nobody", url: `${full}/customers?segment=nobody` },
    { name: "effect", url: `${full}/effect` },
    { name: "model", url: `${full}/model` },
    { name: "health", url: `${full}/health` },
    ...found.filter(([, id]) => id).map(([kind, id]) => ({ name: `customer-${kind}`, url: customer(id) })),
    { name: "customer-longest", url: customer(HOSTILE.find((id) => id.length === 128)) },
    { name: "customer-markup", url: customer(HOSTILE[0]) },
    { name: "what-if", url: `${customer(warned)}?amount=250.50` },
    { name: "what-if-nonsense", url: `${customer(warned)}?amount=much` },
    { name: "problem-customer", url: customer("nobody"), status: 404 },
    { name: "problem-page", url: `${full}/nowhere`, status: 404 },
    { name: "problem-filter", url: `${full}/customers?band=nonsense`, status: 400 },
    ...["today", "customers", "effect", "model", "health"].map((name) => {
      return { name: `empty-${name}`, url: `${empty}/${name === "today" ? "" : name}` };
    }),
  ];
}
