/** Speak to the API: requests, its refusals, and event streams that survive a lost connection. */

const LONGEST_PAUSE_MS = 8000;
const TRIES = 8;
const PASSING = ["RATE_LIMITED", "UNAVAILABLE", "GATEWAY_TIMEOUT", "DATABASE_ERROR", "INTERNAL_ERROR"];

/** The shop said no, in words for the customer. */
export class Refusal extends Error {
  constructor({ error, code, details }) {
    super(error);
    this.code = code;
    this.details = Array.isArray(details) ? details : [];
  }

  get isPassing() {
    return PASSING.includes(this.code);
  }
}

/** No answer came at all. */
export class Unreachable extends Error {
  constructor() {
    super("The shop can't be reached just now. Check your connection.");
  }
}

/** Resolves to the API's envelope, or to the open response when an event stream was asked for. */
export async function request(path, { method = "GET", body, headers = {}, token, accept = "application/json" } = {}) {
  const asked = { Accept: accept, ...headers };
  if (token) asked.Authorization = `Bearer ${token}`;
  if (body) asked["Content-Type"] = "application/json";
  const response = await reached(path, { method, headers: asked, body: body && JSON.stringify(body), cache: "no-store" });
  if (response.ok && isStream(response)) return response;
  const envelope = await response.json().catch(() => null);
  if (response.ok && envelope) return envelope;
  throw envelope?.code ? new Refusal(envelope) : new Unreachable();
}

/** The events of a turn until `done`, over as many connections as it takes.
 *
 * open: makes the first connection.
 * again: makes a later one, given the id of the last event seen; null while there is nothing to come back to.
 * onTrouble: told `true` when the connection is lost and `false` when it is back.
 */
export async function* turnEvents(open, again, onTrouble) {
  let seen = null;
  let failures = 0;
  for (;;) {
    try {
      for await (const event of events(await open())) {
        if (failures) onTrouble(false);
        failures = 0;
        seen = event.id ?? seen;
        yield event;
        if (event.kind === "done") return;
      }
    } catch (error) {
      const isLost = error instanceof Unreachable || (error instanceof Refusal && error.isPassing);
      if (!isLost || again(seen) === null || failures === TRIES) throw error;
    }
    if (failures === TRIES) throw new Unreachable();
    failures += 1;
    onTrouble(true);
    await connected(Math.min(250 * 2 ** failures, LONGEST_PAUSE_MS));
    open = again(seen);
  }
}

async function reached(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Unreachable();
  }
}

function isStream(response) {
  return response.headers.get("Content-Type")?.startsWith("text/event-stream");
}

/** Waits that long, or until the browser is online again if that is sooner. */
function connected(milliseconds) {
  return new Promise((resolve) => {
    const ready = () => {
      clearTimeout(timer);
      removeEventListener("online", ready);
      resolve();
    };
    const timer = setTimeout(ready, milliseconds);
    addEventListener("online", ready);
  });
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const next = () => reader.read().catch(() => Promise.reject(new Unreachable()));
  try {
    let rest = "";
    for (let part = await next(); !part.done; part = await next()) {
      const frames = (rest + part.value).split("\n\n");
      rest = frames.pop();
      yield* frames.map(parsed).filter(Boolean);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** `{id, kind, data}`, or null for a comment that only keeps the line open. */
function parsed(frame) {
  const fields = {};
  for (const line of frame.split("\n")) {
    const [, name, value] = line.match(/^(\w+): ?(.*)$/) ?? [];
    if (name) fields[name] = value;
  }
  return "data" in fields ? { id: fields.id ?? null, kind: fields.event, data: JSON.parse(fields.data) } : null;
}
