/** Products, tiers, raffles, what is in the cart and orders as cards. */

import { button, element, icon } from "./dom.js";

const FAMILIES = ["flower", "vape", "edible", "tincture", "topical", "accessory"];
const MOTIFS = { membership_tier: "seal", membership: "seal", raffle: "ticket", ticket: "ticket", raffle_ticket: "ticket" };

const ACTIONS = {
  product: ["Add to cart", (title) => `Add ${title} to my cart`],
  cart_line: ["Remove", (title) => `Remove ${title} from my cart`],
};

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
    element("div", { class: "foot" }, cost, action({ kind, title, badges }, ask), kind === "order" ? null : question),
  );
}

/** What a press on the card does at once; nothing for what is sold out. */
function action({ kind, title, badges }, ask) {
  if (!(kind in ACTIONS) || badges.includes("out of stock")) return null;
  const [label, words] = ACTIONS[kind];
  return button(label, () => ask(words(title)), { look: "quiet", name: `${label}: ${title}` });
}

function motif(kind, subtitle, badges) {
  const words = `${subtitle} ${badges.join(" ")}`.toLowerCase();
  return MOTIFS[kind] ?? FAMILIES.find((family) => words.includes(family)) ?? "leaf";
}

/** Such as `$28.00`. */
function dollars({ amount, currency }) {
  return new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount);
}
