/** Making and changing elements without ever parsing text as markup: every text becomes a text node or an attribute. */

export type Child = Node | string | null | undefined | false;
type Value = string | number | boolean | undefined | ((event: Event) => void);

/** An element with attributes (functions listen to the event of that name, true and false set and leave out) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Value> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The element of the shell with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** By what a reader would know an element again after it was made anew. */
const identityOf = (element: Element): string =>
  element.getAttribute('href') ??
  element.getAttribute('aria-label') ??
  element.getAttribute('data-action') ??
  (element.localName === 'summary' ? '' : element.textContent);

/**
 * Changes what is in an element without taking focus from whoever uses it by keyboard: an element that was moved, or made anew, has it
 * again. What was opened stays open.
 */
export function keepFocus(within: Element, change: () => void): void {
  const at = document.activeElement;
  const held = at && within.contains(at) ? at : undefined;
  const opened = [...within.querySelectorAll('details')].map(({ open }) => open);
  change();
  for (const [index, details] of within.querySelectorAll('details').entries())
    if (opened[index]) details.open = true;
  if (!held || document.activeElement === held) return;
  const again = within.contains(held)
    ? held
    : [...within.querySelectorAll(held.localName)].find((one) => identityOf(one) === identityOf(held));
  if (again instanceof HTMLElement) again.focus({ preventScroll: true });
}

/** Fills an element from a value, but only when the value changed: what nobody changed keeps its selection, and focus stays where it is. */
export function createPart<T>(
  element: HTMLElement,
  render: (value: T) => readonly Child[],
): (value: T) => void {
  let before: string | undefined;
  element.hidden = true;
  return (value) => {
    const now = JSON.stringify(value);
    if (now === before) return;
    before = now;
    const children = render(value);
    keepFocus(element, () => {
      element.replaceChildren(
        ...children.filter((child) => child !== null && child !== undefined && child !== false),
      );
      element.hidden = element.childNodes.length === 0;
    });
  };
}

/** A coloured dot with what it stands for. */
export function dot(color: string): HTMLElement {
  const element = el('span', { class: 'dot', 'aria-hidden': 'true' });
  element.style.setProperty('--dot', `var(--${color})`);
  return element;
}

/** A word in the colour of its state. */
export function badge(state: string): HTMLElement {
  return el('span', { class: 'badge', 'data-state': state.split(':')[0] ?? state }, state);
}

/** Tells those who listen; nothing is shown. */
export function announce(text: string): void {
  const region = byId('announce');
  if (region.textContent !== text) region.textContent = text;
}

/**
 * Asks a question in a dialog of the page. Resolves to undefined where it was not answered with yes, else to the text in its
 * field, which is there when a text to begin with is.
 */
export function ask(question: string, yes: string, text?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const field =
      text === undefined ? undefined : el('textarea', { 'aria-label': question, spellcheck: 'false' });
    if (field) {
      field.value = text ?? '';
      field.rows = Math.min(18, Math.max(4, field.value.split('\n').length + 1));
    }
    const answer = (value: boolean) => () => {
      dialog.close();
      dialog.remove();
      resolve(value ? (field?.value ?? '') : undefined);
    };
    const dialog = el(
      'dialog',
      { 'aria-label': question, cancel: answer(false) },
      el('p', {}, question),
      field,
      el(
        'div',
        { class: 'buttons' },
        el('button', { type: 'button', class: 'strong', click: answer(true) }, yes),
        el('button', { type: 'button', autofocus: true, click: answer(false) }, 'Cancel'),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
