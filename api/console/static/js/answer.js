/** One answer of the shop, as it grows from the events of its turn. */

import { cards } from "./cards.js";
import { button, element, icon } from "./dom.js";
import { prose } from "./prose.js";

const UNKNOWN_FORM = "Something more is needed that this page cannot ask. Please ask for a person.";

export class Answer {
  /** can: `{ask, confirmation, form}`, what the things inside an answer set off. */
  constructor(can) {
    this.can = can;
    this.words = element("div", { class: "words" });
    this.body = element("div", { class: "body" });
    const mark = element("span", { class: "mark", "aria-hidden": "true" }, icon("leaf"));
    this.node = element("article", { class: "answer", "aria-label": "The shop" }, mark, this.body);
    this.begin();
  }

  /** Empty, with the next attempt under way. */
  begin() {
    this.text = "";
    this.words.replaceChildren();
    this.body.replaceChildren(this.words);
    this.node.setAttribute("aria-busy", "true");
    this.#doing("", "Thinking");
  }

  /** Show what an event of the turn says; kinds this page does not know are left out. */
  take({ kind, data }) {
    const shown = {
      token: () => this.#say(this.text + data.text),
      tool_started: () => this.#doing(data.callId, data.label),
      tool_finished: () => this.#finished(data),
      confirm: () => this.#confirm(data),
      handoff: () => this.#handOver(data.summary),
      restart: () => this.begin(),
      done: () => this.show(data),
    };
    shown[kind]?.();
  }

  /** Show a finished answer, as it is stored; a form only under the newest one. */
  show(reply, { isLast = true } = {}) {
    const summary = this.summary;
    this.begin();
    this.#settle();
    this.#say(reply.text);
    if (reply.cards?.length) this.body.append(cards(reply.cards, this.can.ask));
    if (reply.confirmation) this.#confirm(reply.confirmation);
    if (reply.form && isLast) this.body.append(this.#form(reply));
    if (reply.handedOver) this.#handOver(summary);
    if (reply.notice) this.body.append(element("p", { class: "notice" }, reply.notice));
  }

  /** The answer is late (with what to say about that), or (null) coming again. */
  late(words) {
    this.body.querySelector(".trouble")?.remove();
    if (words) this.body.append(element("p", { class: "trouble" }, words));
  }

  /** The answer did not come. */
  fail(words, { label, press }) {
    this.#settle();
    this.late(words);
    this.body.querySelector(".trouble").append(button(label, press, { look: "quiet" }));
  }

  #settle() {
    this.#done();
    this.node.setAttribute("aria-busy", "false");
  }

  #say(text) {
    if (text) this.#done("");
    this.text = text;
    this.words.replaceChildren(prose(text));
  }

  #doing(callId, label) {
    this.#done("");
    this.body.append(element("p", { class: "doing", "data-call": callId }, `${label}…`));
  }

  #done(callId = null) {
    const which = callId === null ? ".doing" : `.doing[data-call="${CSS.escape(callId)}"]`;
    for (const each of this.body.querySelectorAll(which)) each.remove();
  }

  #finished({ callId, cards: shown }) {
    this.#done(callId);
    if (shown?.length) this.body.append(cards(shown, this.can.ask));
    if (!this.body.querySelector(".doing")) this.#doing("", "Thinking");
  }

  #confirm(asked) {
    this.body.append(this.can.confirmation(asked).node);
  }

  #form({ form, turnId }) {
    return this.can.form(form, turnId) ?? element("p", { class: "notice" }, UNKNOWN_FORM);
  }

  #handOver(summary) {
    this.summary = summary;
    this.body.querySelector(".handover")?.remove();
    const isNew = summary && summary !== this.text;
    const told = isNew ? element("p", { class: "hint" }, `Passed on: ${summary}`) : null;
    const words = element("div", {}, element("h3", {}, "A person from the shop takes it from here"), told);
    this.body.append(element("section", { class: "panel handover" }, icon("person"), words));
  }
}
