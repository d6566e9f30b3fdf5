/** The page where staff see how notices look and their status, and send dead letters again. */

import { button, element } from "./dom.js";
import { Session } from "./session.js";

const pile = document.getElementById("pile");
const letter = document.getElementById("letter");
const state = document.getElementById("state");
const session = new Session();
const filling = inTurn();
const showing = inTurn();

/** Asked when something begins; what it gives says later whether nothing of the kind has begun since. */
function inTurn() {
  let last = 0;
  return () => {
    const mine = (last += 1);
    return () => mine === last;
  };
}

function words(name) {
  return name.replaceAll("_", " ");
}

function time(iso) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

/** A line of the pile; `show` is given the letter when it is pressed. */
function line(title, hint, show) {
  const made = element("button", { type: "button" }, element("span", {}, title), element("span", { class: "small" }, hint));
  made.addEventListener("click", async () => {
    pile.querySelector("[aria-current]")?.removeAttribute("aria-current");
    made.setAttribute("aria-current", "true");
    await attempt(show);
  });
  return element("li", {}, made);
}

function facts(notice) {
  const rows = [
    ["State", words(notice.status)],
    ["Why", notice.reason],
    ["Tries", String(notice.attempts)],
    ["Customer", notice.customerId],
    ["About", notice.about],
    ["Written", time(notice.createdAt)],
    ["Sent", notice.sentAt && time(notice.sentAt)],
  ];
  const shown = rows.filter(([, value]) => value);
  return element("dl", { class: "facts" }, ...shown.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

/** The HTML in a frame that runs nothing and belongs to nobody, the text beside it. */
function sheets(written) {
  const frame = written.html && element("iframe", { sandbox: true, srcdoc: written.html, title: "The letter as HTML" });
  const text = element("pre", { tabindex: "0", "aria-label": "The letter as text" }, written.text);
  return element("div", { class: "sheets" }, frame || null, text);
}

function show(title, ...parts) {
  letter.replaceChildren(element("h1", {}, title), ...parts.filter(Boolean));
}

function showSample({ template, content: written }) {
  showing();
  show(written.subject || words(template), element("p", { class: "small" }, `A sample of “${words(template)}”, with made-up details.`), sheets(written));
}

async function showNotice(id) {
  const isLatest = showing();
  const notice = await session.call(`/api/notices/${encodeURIComponent(id)}`);
  if (!isLatest()) return;
  const again = async () => {
    await session.call(`/api/notices/${encodeURIComponent(id)}/resend`, { method: "POST" });
    await showNotice(id);
  };
  show(
    notice.content?.subject || words(notice.template),
    facts(notice),
    notice.status === "dead_letter" && button("Send again", () => attempt(again)),
    notice.content ? sheets(notice.content) : element("p", { class: "small" }, "Nothing was sent."),
  );
}

async function fill(which) {
  const isLatest = filling();
  pile.replaceChildren();
  letter.replaceChildren();
  const lines = which === "templates" ? await sampleLines() : await noticeLines(which);
  if (!isLatest()) return;
  pile.replaceChildren(...lines);
  state.textContent = lines.length ? "" : `No notice is ${words(which)}.`;
  pile.querySelector("button")?.click();
}

async function sampleLines() {
  const samples = await session.call("/api/notices/templates");
  return samples.map((sample) => line(words(sample.template), sample.content.subject || "A text message", () => showSample(sample)));
}

/** A page of notices, and a button for the next one where there is one. */
async function noticeLines(status, cursor = null) {
  const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
  const { data, nextCursor } = await session.page(`/api/notices?status=${status}&limit=100${after}`);
  const lines = data.map((each) => line(words(each.template), time(each.sentAt ?? each.createdAt), () => showNotice(each.id)));
  return nextCursor ? [...lines, more(status, nextCursor)] : lines;
}

function more(status, cursor) {
  const press = () => attempt(async () => {
    const lines = await noticeLines(status, cursor);
    if (item.isConnected) item.replaceWith(...lines);
  });
  const item = element("li", {}, button("Show more", press, { look: "quiet" }));
  return item;
}

async function attempt(what) {
  try {
    await what();
  } catch (error) {
    const signIn = error.code === "UNAUTHORIZED" || error.code === "FORBIDDEN";
    state.textContent = signIn ? "This page is for staff. Please open it with your own link." : error.message;
  }
}

session.adoptFromAddress();
for (const choice of document.getElementsByName("which")) {
  choice.addEventListener("change", () => attempt(() => fill(choice.value)));
}
attempt(() => fill(document.querySelector("[name=which]:checked").value));
