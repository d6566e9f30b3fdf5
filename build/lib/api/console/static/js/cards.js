/** Products, tiers and raffles as cards. */

import { button, element, icon } from "./dom.js";

const FAMILIES = ["flower", "vape", "edible", "tincture", "topical", "accessory"];
const MOTIFS = { membership_tier: "seal", membership: "seal", raffle: "ticket", ticket: "ticket", raffle_ticket: "ticket" };

/** ask: takes the words that a card's button says for the customer. */
export function cards(shown, ask) {
  return element("ul", { class: "cards", "aria-label": "Shown with this answer" }, ...shown.map((each) => card(each, ask)));
}

function card({ kind, id, title, subtitle, price, badges }, ask) {
  const words = element("div", { class: "what" }, element("h3", {}, title));
  if (subtitle) words.append(element("p", { class: "subtitle" }, subtitle));
  if (badges.length) words.append(element("ul", { class: "badges" }, ...badges.map((badge) => element("li", {}, badge))));
  const question = button("Ask about this", () => ask(`Tell me more about ${title}`), {
    look: "quiet",
    name: `Ask about ${title}`,
  });
  const shape = motif(kind, subtitle, badges);
  const cost = price === null ? null : element("span", { class: "price" }, dollars(price));
  return element(
    "li",
    { class: "card", "data-kind": kind, "data-id": id },
    element("div", { class: `motif ${shape}` }, icon(shape)),
    words,
    element("div", { class: "foot" }, cost, question),
  );
}

function motif(kind, subtitle, badges) {
  const words = `${subtitle} ${badges.join(" ")}`.toLowerCase();
  return MOTIFS[kind] ?? FAMILIES.find((family) => words.includes(family)) ?? "leaf";
}

function dollars(price) {
  return price.startsWith("$") ? price : `$${price}`;
}
