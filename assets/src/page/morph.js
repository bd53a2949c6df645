// Makes one element look like another in place, so that focus, scroll positions, selections and open
// <details> stay where they are. Elements with an id are found again by it, others by their position.

/**
 * @param {Element} from  in the page; changed
 * @param {Element} to    the wanted state, from another document; unchanged
 */
export function morph(from, to) {
  copyAttributes(from, to);
  // What somebody is typing is theirs.
  if (from instanceof HTMLTextAreaElement || from.matches(":focus:is(input, select)")) return;

  let cursor = from.firstChild;
  for (const wanted of to.childNodes) {
    const match = find(cursor, wanted);
    if (!match) {
      from.insertBefore(document.importNode(wanted, true), cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else from.insertBefore(match, cursor);
    if (wanted.nodeType === Node.ELEMENT_NODE) morph(match, wanted);
    else if (match.data !== wanted.data) match.data = wanted.data;
  }
  while (cursor) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

/** The node among `cursor` and what follows it that is to become `wanted`. */
function find(cursor, wanted) {
  if (wanted.id) {
    for (let node = cursor; node; node = node.nextSibling) {
      if (node.id === wanted.id && node.nodeName === wanted.nodeName) return node;
    }
    return null;
  }
  return cursor && !cursor.id && cursor.nodeName === wanted.nodeName ? cursor : null;
}

function copyAttributes(from, to) {
  // Whether it is open is up to who reads the page.
  const kept = from.matches("details, dialog") ? "open" : null;
  for (const { name } of [...from.attributes]) {
    if (name !== kept && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (name !== kept && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}
