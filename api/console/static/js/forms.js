/** Forms inside the conversation, for what must never be typed into it. */

import { button, element, randomId } from "./dom.js";
import { Refusal } from "./wire.js";

const STATES = (
  "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO " +
  "MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"
).split(" ");
const TEST_CARDS = [
  ["tok_approve", "Visa ending 1111", "every payment is approved"],
  ["tok_decline", "Visa ending 0002", "every payment is declined"],
  ["tok_error", "Mastercard ending 0119", "the processor reports an error"],
  ["tok_hold", "Amex ending 0005", "payments are held for review"],
  ["tok_timeout", "Discover ending 1117", "the processor answers too late"],
];

/** The panel for a form's name, or null for one this page does not know.
 *
 * session: sends it.
 * onFilled: called once it was accepted; gives `{label, press}`, how to go on from here, or null.
 */
export function form(name, session, onFilled) {
  return { age_verification: ageForm, card: cardForm, sign_in: signInForm }[name]?.(session, onFilled) ?? null;
}

/** What stands where a form was sent before. */
export function filledForm() {
  return settled("Done, thank you.", null);
}

function ageForm(session, onFilled) {
  const state = element("select", { name: "state", required: true }, element("option", { value: "" }, "Choose…"));
  state.append(...STATES.map((each) => element("option", { value: each }, each)));
  return panel({
    title: "Show that you are 21 or over",
    hint: "Checked once and valid for a year. Your birthday is not kept, and none of this enters the conversation.",
    fields: [
      field("fullName", "Full name", { autocomplete: "name", required: true, maxlength: 120 }),
      element(
        "div",
        { class: "row" },
        field("dateOfBirth", "Date of birth", { type: "date", autocomplete: "bday", required: true }),
        labelled("state", "State of the ID", state),
        field("idNumberLast4", "ID number, last four", { inputmode: "numeric", maxlength: 4, minlength: 4, required: true }),
      ),
    ],
    submit: "Verify my age",
    send: (values) => session.call("/api/age-verification/verify", { method: "POST", body: values }),
    thanks: "Thank you, your age is verified.",
    onFilled,
  });
}

function cardForm(session, onFilled) {
  const options = TEST_CARDS.map(([token, card, meaning], index) =>
    element(
      "label",
      { class: "option" },
      element("input", { type: "radio", name: "nonce", value: token, required: true, checked: index === 0 }),
      element("span", {}, card, element("span", { class: "hint" }, ` — ${meaning}`)),
    ),
  );
  return panel({
    title: "Add a card",
    hint: "This shop runs on test cards: no real money moves.",
    fields: [element("fieldset", {}, element("legend", { class: "unseen" }, "Test card"), ...options, wrong("nonce"))],
    submit: "Keep this card",
    send: ({ nonce }) =>
      session.call("/api/payments/profiles", { method: "POST", body: { nonce: `${nonce}.${randomId("once")}` } }),
    thanks: "Thank you, your card is saved.",
    onFilled,
  });
}

function signInForm(session, onFilled) {
  return panel({
    title: "This needs your account",
    hint: "We send a code to your e-mail address. If you are new here, add your name and an account is opened for you.",
    fields: [
      field("email", "E-mail address", { type: "email", autocomplete: "email", required: true, maxlength: 254 }),
      field("name", "Your name, if you are new", { autocomplete: "name", maxlength: 100 }),
    ],
    submit: "Send me a code",
    other: { label: "Use my password", show: () => passwordForm(session, onFilled) },
    send: ({ email, name }) =>
      name.trim()
        ? session.call("/api/auth/register", { method: "POST", body: { email, name } })
        : session.call("/api/auth/code", { method: "POST", body: { email } }),
    next: ({ email }) => codeForm(email, session, onFilled),
  });
}

function codeForm(email, session, onFilled) {
  const digits = { inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxlength: 6, required: true };
  return panel({
    title: "Enter your code",
    hint: `If ${email} is right, six digits are on their way there. They are good for ten minutes.`,
    fields: [field("code", "Code", digits)],
    submit: "Sign in",
    other: { label: "Start again", show: () => signInForm(session, onFilled) },
    send: ({ code }) => session.signIn({ email, code }),
    thanks: "You are signed in.",
    onFilled,
  });
}

function passwordForm(session, onFilled) {
  return panel({
    title: "Sign in with your password",
    hint: "None of this enters the conversation.",
    fields: [
      field("email", "E-mail address", { type: "email", autocomplete: "username", required: true, maxlength: 254 }),
      field("password", "Password", { type: "password", autocomplete: "current-password", required: true, maxlength: 128 }),
    ],
    submit: "Sign in",
    other: { label: "Use a code instead", show: () => signInForm(session, onFilled) },
    send: (values) => session.signIn(values),
    thanks: "You are signed in.",
    onFilled,
  });
}

/** send: what the button does; next: the panel that follows, else `thanks` settles it; other: another way. */
function panel({ title, hint, fields, submit, send, thanks, onFilled, next, other }) {
  const press = element("button", { class: "button", type: "submit" }, submit);
  const outcome = element("p", { class: "wrong", role: "alert" });
  const made = element(
    "form",
    { class: "panel", "aria-label": title, novalidate: true },
    element("h3", {}, title),
    element("p", { class: "hint" }, hint),
    ...fields,
    outcome,
    element("div", { class: "choices" }, press, other ? otherWay(other) : null),
  );
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    clear(made, outcome);
    if (!isComplete(made)) return;
    press.disabled = true;
    try {
      const values = Object.fromEntries(new FormData(made));
      await send(values);
      replace(made, next ? next(values) : settled(thanks, onFilled()));
    } catch (error) {
      press.disabled = false;
      refused(made, outcome, error);
    }
  });
  return made;
}

function otherWay({ label, show }) {
  return button(label, ({ target }) => replace(target.closest("form"), show()), { look: "button second" });
}

function settled(words, goOn) {
  const panelled = element("section", { class: "panel settled" }, element("p", { class: "outcome", role: "status" }, words));
  if (goOn) panelled.append(element("div", { class: "choices" }, button(goOn.label, goOn.press, { look: "button second" })));
  return panelled;
}

function replace(made, done) {
  made.replaceWith(done);
  (done.querySelector("input") ?? done.querySelector("button"))?.focus();
}

function field(name, label, attributes) {
  return labelled(name, label, element("input", { name, ...attributes }));
}

function labelled(name, label, input) {
  return element("label", {}, label, input, wrong(name));
}

function wrong(name) {
  return element("span", { class: "wrong", "data-wrong": name });
}

function clear(made, outcome) {
  outcome.textContent = "";
  for (const each of made.querySelectorAll("[data-wrong]")) each.textContent = "";
  for (const each of made.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
}

function isComplete(made) {
  const missing = [...made.elements].filter((each) => each.willValidate && !each.validity.valid);
  for (const each of missing) mark(made, each.name, each.validationMessage);
  missing[0]?.focus();
  return missing.length === 0;
}

function mark(made, name, words) {
  const place = made.querySelector(`[data-wrong="${CSS.escape(name)}"]`);
  if (!place) return false;
  place.textContent = words;
  made.elements.namedItem(name)?.setAttribute?.("aria-invalid", "true");
  return true;
}

function refused(made, outcome, error) {
  const details = error instanceof Refusal ? error.details : [];
  const placed = details.filter(({ field: name, message }) => mark(made, name, message));
  if (placed.length) made.elements.namedItem(placed[0].field)?.focus?.();
  else outcome.textContent = error.message;
}
