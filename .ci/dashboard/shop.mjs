// Puts customers whose ids are attacks, and records that can't be used, among those of a generated shop: shop.mjs FROM TO.
import { readFileSync, writeFileSync } from "node:fs";
import { HOSTILE } from "./hostile.mjs";

/** Fewest days that somebody was silent whose history a hostile customer gets: most of them are warned about. */
const SILENT_DAYS = [40, 85];

function main([from, to]) {
  const events = readFileSync(from, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  const end = Date.parse(events.at(-1).time);
  const purchases = new Map();
  for (const { type, customer_id: customer, time } of events) {
    if (type === "purchase") purchases.set(customer, [...(purchases.get(customer) ?? []), Date.parse(time)]);
  }
  const silent = [...purchases].filter(([, times]) => {
    const days = (end - times.at(-1)) / 86_400_000;
    return times.length > 3 && days > SILENT_DAYS[0] && days < SILENT_DAYS[1];
  });
  if (silent.length < HOSTILE.length) throw new Error(`only ${silent.length} customers are silent: make a larger shop`);
  const twins = new Map(HOSTILE.map((id, index) => [silent[index][0], id]));
  const lines = events.flatMap((event) => {
    const twin = twins.get(event.customer_id);
    return twin === undefined || event.type === "contacted" ? [event] : [event, changed(event, twin)];
  });
  const unusable = { ...events.at(-1), id: "unusable", type: "<script>alert(2)</script>" };
  writeFileSync(to, [...lines, unusable].map((event) => `${JSON.stringify(event)}\n`).join(""));
}

/** The same event of a hostile customer, who buys in places and of kinds that are attacks too; long ids buy for much more. */
function changed(event, id) {
  const twin = { ...event, id: `${event.id}-${HOSTILE.indexOf(id)}`, customer_id: id };
  if (event.type !== "purchase") return twin;
  const items = event.items.map((item) => ({ ...item, category: id, brand: id }));
  const amount = id.length > 100 ? `${event.amount.replace(".", "")}00.00` : event.amount;
  return { ...twin, amount, channel: id, items };
}

main(process.argv.slice(2));
