/** What the customer sees of a conversation: their messages, the answers, always the newest in view. */

import { button, element } from "./dom.js";

const MARGIN_PX = 16;
const MOVED_PX = 80;

export class Log {
  constructor(node, welcome) {
    this.node = node;
    this.welcome = welcome;
    this.clear();
  }

  said(text) {
    const said = new Said(text);
    this.add(said.node);
    return said;
  }

  /** Put it at the end, also when it is already somewhere above. */
  add(node) {
    this.welcome.hidden = true;
    this.node.append(node);
    const before = node.previousElementSibling;
    this.newest = before.classList.contains("said") ? before : node;
    this.#show();
  }

  clear() {
    this.node.replaceChildren(this.welcome);
    this.welcome.hidden = false;
    this.newest = this.welcome;
    this.#show();
  }

  /** Keep the end in view while it grows, unless the customer is reading elsewhere. */
  grow(change) {
    const isThere = Math.abs(this.node.scrollTop - this.shown) < MOVED_PX;
    change();
    if (isThere) this.#show();
  }

  /** As far down as the newest question stays in view with its answer. */
  #show() {
    this.node.scrollTop = Math.max(0, this.newest.offsetTop - MARGIN_PX);
    this.shown = this.node.scrollTop;
  }
}

/** A message of the customer; unsent until the shop has it. */
class Said {
  constructor(text) {
    this.node = element("article", { class: "said", "aria-label": "You" }, element("div", { class: "words" }, text));
  }

  sending() {
    this.node.classList.add("unsent");
    this.node.querySelector(".trouble")?.remove();
  }

  accepted() {
    this.node.classList.remove("unsent");
  }

  fail(words, { label, press }) {
    const trouble = element("p", { class: "trouble", role: "alert" }, `Not sent. ${words}`);
    trouble.append(button(label, press, { look: "quiet" }));
    this.node.append(trouble);
  }
}
