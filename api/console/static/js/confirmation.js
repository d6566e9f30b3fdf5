/** A question that waits for a yes: the exact sentence, and two buttons. */

import { button, element } from "./dom.js";

const SAID = { confirm: "You said yes.", cancel: "You said no." };

export class ConfirmationBox {
  /** decide: takes "confirm" or "cancel", and this box, which it tells how that went. */
  constructor({ actionId, sentence }, decide) {
    this.isOpen = true;
    this.yes = button("Yes, go ahead", () => this.#press("confirm", decide));
    this.no = button("No, leave it", () => this.#press("cancel", decide), { look: "button second" });
    this.outcome = element("p", { class: "outcome", role: "status", tabindex: "-1", hidden: true });
    this.node = element(
      "section",
      { class: "panel confirm", "aria-label": "Please confirm", "data-action": actionId },
      element("p", { class: "sentence" }, sentence),
      element("div", { class: "choices" }, this.yes, this.no),
      this.outcome,
    );
  }

  settle(words) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#enable(false);
    this.node.classList.add("settled");
    this.#tell(words);
  }

  sending() {
    this.#enable(false);
    this.#tell("One moment…");
    this.outcome.focus();
  }

  accepted() {
    this.settle(SAID[this.decision]);
  }

  fail(words) {
    this.#enable(true);
    this.#tell(words, { isBad: true });
  }

  #press(decision, decide) {
    if (this.yes.disabled) return;
    this.decision = decision;
    decide(decision, this);
  }

  #enable(isEnabled) {
    this.yes.disabled = this.no.disabled = !isEnabled;
  }

  #tell(words, { isBad = false } = {}) {
    this.outcome.hidden = false;
    this.outcome.textContent = words;
    this.outcome.classList.toggle("bad", isBad);
  }
}
