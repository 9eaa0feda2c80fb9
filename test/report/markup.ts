/** A strict reader of the HTML and SVG that a report is made of: everything must be closed, in order, once an id. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  /** Text of its own and of its descendants, entities resolved. */
  text: string;
}

const empty = new Set(['meta', 'input', 'img', 'br', 'link', 'hr']);
const raw = new Set(['style', 'script']);
const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

export function unescapeHtml(text: string): string {
  return text.replace(/&[a-z]+;|&#\d+;/g, (entity) => {
    const found = entities[entity];
    if (found === undefined) throw new Error(`unknown entity ${entity}`);
    return found;
  });
}

/** @throws Error at the first thing that is not well-formed */
export function parseMarkup(source: string): Element {
  const root: Element = { name: '#root', attributes: {}, children: [], text: '' };
  const open = [root];
  let at = 0;
  const fail = (why: string): never => {
    throw new Error(`${why} near: ${source.slice(Math.max(0, at - 80), at + 120)}`);
  };
  while (at < source.length) {
    const next = source.indexOf('<', at);
    const text = source.slice(at, next < 0 ? undefined : next);
    if (text.includes('>')) fail('a bare >');
    const resolved = unescapeHtml(text);
    for (const element of open) element.text += resolved;
    if (next < 0) break;
    at = next;
    const tag =
      /^<!doctype html>|^<\/([a-zA-Z][\w-]*)>|^<([a-zA-Z][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/.exec(
        source.slice(at, at + 2_000_000),
      );
    if (!tag) return fail('no tag');
    at += tag[0].length;
    if (tag[1] !== undefined) {
      if (open.pop()!.name !== tag[1]) fail(`</${tag[1]}> closes something else`);
    } else if (tag[2] !== undefined) {
      const element: Element = { name: tag[2], attributes: {}, children: [], text: '' };
      for (const [, name, value] of (tag[3] ?? '').matchAll(/([\w:-]+)(?:="([^"]*)")?/g)) {
        if (Object.hasOwn(element.attributes, name!)) fail(`attribute ${name} twice`);
        element.attributes[name!] = unescapeHtml(value ?? '');
      }
      open.at(-1)!.children.push(element);
      if (raw.has(element.name)) {
        const end = source.indexOf(`</${element.name}>`, at);
        if (end < 0) fail(`${element.name} never ends`);
        element.text = source.slice(at, end);
        at = end + element.name.length + 3;
      } else if (!tag[4] && !empty.has(element.name)) open.push(element);
    }
  }
  if (open.length > 1) fail(`<${open.at(-1)!.name}> is never closed`);
  return root;
}

export function* descendants(element: Element): Generator<Element> {
  for (const child of element.children) {
    yield child;
    yield* descendants(child);
  }
}

export const all = (root: Element, name: string): Element[] =>
  [...descendants(root)].filter((element) => element.name === name);

export const byId = (root: Element, id: string): Element | undefined =>
  [...descendants(root)].find((element) => element.attributes['id'] === id);
