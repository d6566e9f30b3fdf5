/** Who is talking, and which conversation this tab is in. Kept for the tab's life only. */

import { Refusal, request } from "./wire.js";

const TOKEN = "livhana.token";
const CONVERSATION = "livhana.conversation";

export class Session {
  /** onSignedIn: called when a guest has become a customer, in the same conversation. */
  constructor({ store = sessionStorage, onSignedIn = () => {} } = {}) {
    this.store = store;
    this.onSignedIn = onSignedIn;
  }

  get token() {
    return this.store.getItem(TOKEN);
  }

  /** `{thread, waiting, filled}`: its id, the messages without an answer, the turns whose form was sent. */
  get conversation() {
    const kept = this.store.getItem(CONVERSATION);
    return kept ? JSON.parse(kept) : { thread: null, waiting: [], filled: [] };
  }

  keep(changes) {
    this.store.setItem(CONVERSATION, JSON.stringify({ ...this.conversation, ...changes }));
  }

  forgetConversation() {
    this.store.removeItem(CONVERSATION);
  }

  /** Take a `#token=…` out of the address, where it would be seen and shared. */
  adoptFromAddress() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (!given) return false;
    history.replaceState(null, "", location.pathname + location.search);
    if (given !== this.token) this.forgetConversation();
    this.store.setItem(TOKEN, given);
    return true;
  }

  /** Resolves to whose token this is; a stranger becomes a guest. */
  async open() {
    if (!this.token) await this.#becomeGuest();
    try {
      return await this.call("/api/auth/me");
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "UNAUTHORIZED") throw error;
      this.forgetConversation();
      await this.#becomeGuest();
      return await this.call("/api/auth/me");
    }
  }

  /** With `{email, code}` or `{email, password}`; what the guest said comes along. */
  async signIn(credentials) {
    const { token } = await this.call("/api/auth/sign-in", { method: "POST", body: credentials });
    this.store.setItem(TOKEN, token);
    await this.onSignedIn();
  }

  async call(path, options = {}) {
    return (await this.page(path, options)).data;
  }

  /** Resolves to the whole envelope: `data`, and `nextCursor` of a list. */
  page(path, options = {}) {
    return request(path, { ...options, token: this.token });
  }

  stream(path, options = {}) {
    return request(path, { ...options, token: this.token, accept: "text/event-stream" });
  }

  async #becomeGuest() {
    const { data } = await request("/api/auth/guest", { method: "POST" });
    this.store.setItem(TOKEN, data.token);
  }
}
