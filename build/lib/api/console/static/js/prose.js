/** Turn the assistant's words into paragraphs and lists, as text and nothing else. */

import { element } from "./dom.js";

const NUMBERED = /^\s*(\d{1,3})[.)]\s+(.*)$/;
const BULLET = /^\s*[-*•]\s+(.*)$/;

/** A fragment for the words so far; safe on half-written text. */
export function prose(text) {
  const fragment = document.createDocumentFragment();
  let block = null;
  for (const line of text.split("\n")) {
    block = line.trim() ? placed(line, block, fragment) : null;
  }
  return fragment;
}

function placed(line, block, fragment) {
  const numbered = line.match(NUMBERED);
  const bullet = numbered ? null : line.match(BULLET);
  if (numbered) return listed(numbered[2], "OL", block, fragment, { value: numbered[1] });
  if (bullet) return listed(bullet[1], "UL", block, fragment, {});
  if (block?.tagName === "P") {
    block.append(element("br"), ...inline(line.trim()));
    return block;
  }
  return added(element("p", {}, ...inline(line.trim())), fragment);
}

function listed(words, tag, block, fragment, attributes) {
  const list = block?.tagName === tag ? block : added(element(tag), fragment);
  list.append(element("li", attributes, ...inline(words)));
  return list;
}

function added(block, fragment) {
  fragment.append(block);
  return block;
}

function inline(words) {
  return words.split(/\*\*(.+?)\*\*/).map((part, index) => (index % 2 ? element("strong", {}, part) : part));
}
