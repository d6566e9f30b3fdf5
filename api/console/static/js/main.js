/** The chat page: wires the composer, the conversation and who is signed in. */

import { Conversation } from "./conversation.js";
import { Log } from "./log.js";
import { Session } from "./session.js";

const byId = (id) => document.getElementById(id);
const message = byId("message");
const session = new Session({ onSignedIn: greet });
const log = new Log(byId("log"), byId("welcome"));
let conversation = null;

async function begin() {
  session.adoptFromAddress();
  log.clear();
  conversation = new Conversation(log, session, { startOver });
  try {
    await greet();
    await conversation.resume();
    tell(null);
  } catch (error) {
    tell(`${error.message} This page tries again when you are back online.`);
  }
}

async function greet() {
  byId("who").textContent = described(await session.open());
}

function startOver() {
  session.forgetConversation();
  message.focus();
  return begin();
}

function described({ id, role, name }) {
  return role === "guest" ? "Browsing as a guest" : `Signed in as ${name ?? id}`;
}

function tell(words) {
  byId("state").hidden = !words;
  byId("state").textContent = words ?? "";
}

function send() {
  const text = message.value.trim();
  if (!text) return;
  message.value = "";
  conversation.say(text);
  message.focus();
}

byId("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});

byId("welcome").addEventListener("click", (event) => {
  const words = event.target.closest("[data-say]")?.dataset.say;
  if (!words) return;
  conversation.say(words);
  message.focus();
});

byId("anew").addEventListener("click", startOver);
byId("log").addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => location.hash.includes("token=") && begin());
addEventListener("offline", () => tell("You are offline. What you write is sent when you try again."));
addEventListener("online", () => (byId("who").textContent ? tell(null) : begin()));

begin();
