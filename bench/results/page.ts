/** `<!-- NAME -->` and `<!-- end -->` around what is generated. */
const marked = /(<!-- ([a-z][a-z0-9.-]*) -->\n)[\s\S]*?(<!-- end -->)/g;

/** The names between whose marks a page has generated text. */
export function markedParts(page: string): string[] {
  return [...page.matchAll(marked)].map((match) => match[2]!);
}

/**
 * A page with every generated part made new; the prose around is left as it is.
 * @throws Error for marks of a part that nobody makes
 */
export function fillPage(page: string, part: (name: string) => string | undefined): string {
  return page.replace(marked, (_, open: string, name: string, close: string) => {
    const text = part(name);
    if (text === undefined) throw new Error(`nothing is called "${name}" that a results page can have`);
    return `${open}\n${text.trim()}\n\n${close}`;
  });
}
