/** A conversation: what was said, what is being answered, and what still has to reach the shop. */

import { Answer } from "./answer.js";
import { ConfirmationBox } from "./confirmation.js";
import { randomId } from "./dom.js";
import { filledForm, form } from "./forms.js";
import { Refusal, turnEvents } from "./wire.js";

const ANSWERED = "No longer waiting for an answer.";
const LATE = "The connection was lost. Trying again…";
/** Words with a birthday or a long number in them: not to be shown, or said, a second time. */
const PRIVATE = /\d{4}|\d+[/.-]\d+/;

export class Conversation {
  /** log: where it is shown; session: whose it is; startOver: begins another one. */
  constructor(log, session, { startOver }) {
    this.log = log;
    this.session = session;
    this.startOver = startOver;
    this.answers = new Map();
    this.boxes = new Map();
    this.followed = new Set();
    this.wish = "";
  }

  /** Send the customer's words; the answer follows. */
  say(text) {
    const body = { message: text, messageId: randomId("msg"), threadId: this.#thread() };
    const waiting = { key: body.messageId, path: "/api/chat", body, turnId: null };
    this.#remember(waiting);
    this.#note(text);
    return this.#run(waiting, this.log.said(text));
  }

  /** Show what was said before, and take up what has no answer yet. */
  async resume() {
    const { waiting } = this.session.conversation;
    for (const each of waiting) await this.#deliver(each);
    const messages = await this.#history();
    messages.forEach((message, index) => this.#showPast(message, index === messages.length - 1));
    const answered = new Set(messages.filter(({ role }) => role === "assistant").map((each) => each.turnId));
    const known = new Set(messages.map((each) => each.turnId));
    this.session.keep({ waiting: waiting.filter((each) => !answered.has(each.turnId)) });
    for (const each of this.session.conversation.waiting) {
      const isShown = known.has(each.turnId) || !each.body.message;
      this.#run(each, isShown ? null : this.log.said(each.body.message));
    }
  }

  /** Have it accepted, if it is not: the page may have been left before the shop could say so. */
  async #deliver(waiting) {
    if (waiting.turnId) return;
    try {
      for await (const { kind, data } of this.#events(waiting, () => {})) {
        if (kind === "accepted") return this.#accept(waiting, data, null);
      }
    } catch {
      // It is sent once more below, where a failure is shown.
    }
  }

  /** What to ask again once a form is filled in. */
  #note(text) {
    if (!PRIVATE.test(text)) this.wish = text;
  }

  #thread() {
    const thread = this.session.conversation.thread ?? randomId("thr");
    this.session.keep({ thread });
    return thread;
  }

  async #history() {
    const { thread } = this.session.conversation;
    if (!thread) return [];
    try {
      return (await this.session.call(`/api/chat/threads/${encodeURIComponent(thread)}`)).messages;
    } catch (error) {
      if (error instanceof Refusal && error.code === "NOT_FOUND") return [];
      throw error;
    }
  }

  #showPast(message, isLast) {
    if (message.role === "customer") {
      this.#note(message.text);
      this.log.said(message.text);
      return;
    }
    const answer = this.#answer(message.turnId);
    answer.show(message, { isLast });
    this.log.add(answer.node);
  }

  /** Send it unless it was accepted before, and follow its turn. Sent again, it still counts once.
   *
   * sent: shows how the sending goes; null when that is shown already.
   */
  async #run(waiting, sent) {
    const again = { label: "Try again", press: () => this.#run(waiting, sent) };
    sent?.sending();
    let answer = waiting.turnId ? this.#begin(waiting.turnId) : null;
    try {
      for await (const event of this.#events(waiting, (words) => answer?.late(words))) {
        if (event.kind !== "accepted") {
          this.#take(event, answer);
          continue;
        }
        this.#accept(waiting, event.data, sent);
        if (this.followed.has(waiting.turnId)) return this.#merge(waiting);
        answer = this.#begin(waiting.turnId);
      }
      this.#forget(waiting);
    } catch (error) {
      if (error instanceof Refusal && !error.isPassing) this.#forget(waiting);
      this.#explain(error, answer ?? sent, again);
    } finally {
      if (answer) this.followed.delete(waiting.turnId);
    }
  }

  #take(event, answer) {
    this.log.grow(() => answer.take(event));
    if (event.kind === "done" && !event.data.failed) this.#settleAllBut(event.data.confirmation?.actionId);
  }

  #events(waiting, onLate) {
    const { path, body } = waiting;
    const resumed = (seen) => () => this.#resumed(waiting.turnId, seen);
    const send = () => this.session.stream(path, { method: "POST", body });
    const open = waiting.turnId ? resumed(null) : send;
    const again = (seen) => (waiting.turnId ? resumed(seen) : null);
    return turnEvents(open, again, (isLost) => onLate(isLost ? LATE : null));
  }

  #resumed(turnId, seen) {
    const headers = seen ? { "Last-Event-ID": seen } : {};
    return this.session.stream(`/api/chat/turns/${encodeURIComponent(turnId)}/events`, { headers });
  }

  #accept(waiting, { turnId }, sent) {
    waiting.turnId = turnId;
    this.#remember(waiting);
    sent?.accepted();
  }

  #begin(turnId) {
    this.followed.add(turnId);
    const answer = this.#answer(turnId);
    answer.begin();
    this.log.add(answer.node);
    return answer;
  }

  /** This message joined a turn that is being followed already: one answer stands below them all. */
  #merge(waiting) {
    this.#forget(waiting);
    this.log.add(this.#answer(waiting.turnId).node);
  }

  #answer(turnId) {
    const known = this.answers.get(turnId);
    const answer = known ?? new Answer(this.#can());
    this.answers.set(turnId, answer);
    return answer;
  }

  #can() {
    return {
      ask: (words) => this.say(words),
      confirmation: (asked) => this.#box(asked),
      form: (name, turnId) => this.#form(name, turnId),
    };
  }

  /** The one box of an action: an answer that asks again takes it over. */
  #box(asked) {
    const { actionId: id } = asked;
    const path = `/api/chat/actions/${encodeURIComponent(id)}`;
    const decide = (decision, box) => this.#run({ key: id, path, body: { decision }, turnId: null }, box);
    const box = this.boxes.get(id) ?? new ConfirmationBox(asked, decide);
    this.boxes.set(id, box);
    return box;
  }

  /** What the thread no longer waits for was answered in words, or replaced by a newer question. */
  #settleAllBut(actionId) {
    for (const [id, box] of this.boxes) if (id !== actionId) box.settle(ANSWERED);
  }

  #form(name, turnId) {
    if (this.session.conversation.filled.includes(turnId)) return filledForm();
    const words = this.wish;
    return form(name, this.session, () => {
      this.session.keep({ filled: [...this.session.conversation.filled, turnId] });
      return words ? { label: `Ask again: “${words}”`, press: () => this.say(words) } : null;
    });
  }

  #explain(error, shown, again) {
    const isOver = error instanceof Refusal && ["UNAUTHORIZED", "NOT_FOUND"].includes(error.code);
    const next = isOver ? { label: "Start over", press: this.startOver } : again;
    this.log.grow(() => shown?.fail(error.message, next));
  }

  #remember(waiting) {
    const others = this.session.conversation.waiting.filter(({ key }) => key !== waiting.key);
    this.session.keep({ waiting: [...others, waiting] });
  }

  #forget({ key }) {
    this.session.keep({ waiting: this.session.conversation.waiting.filter((each) => each.key !== key) });
  }
}
