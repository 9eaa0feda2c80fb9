/**
 * Text that came from outside (sweep names, parameters, error messages) made safe and short for people to read.
 */

/** Controls, escape sequences' first byte, and the marks that reverse or hide what follows them. */
const invisible =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Letters, signs and Greek that take one column each and never join: no need to look for graphemes, and nothing in them to clean. */
const plain =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u03ff\u2010-\u2027\u2030-\u205e\u2070-\u209c\u2190-\u21ff\u2200-\u22ff\u2500-\u259f]*$/;

/** One line of well-formed Unicode without control or direction characters (they become spaces). */
export function cleanLine(text: string): string {
  if (plain.test(text) && !/^ | {2}| $/.test(text)) return text;
  // Encoding and decoding replaces lone surrogates, which no file can hold.
  return Buffer.from(text, 'utf8').toString('utf8').replace(invisible, ' ').replace(/\s+/g, ' ').trim();
}

/** The same, but for the ends of lines and tabs. */
const invisibleInLines = new RegExp(
  invisible.source.replace('\\u0000-\\u001f', '\\u0000-\\u0008\\u000b-\\u001f'),
  'g',
);

/** Lines that a terminal may show: they keep their spacing, and nothing in them steers the terminal or hides what follows. */
export function cleanText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replace(/\r\n/g, '\n').replace(invisibleInLines, ' ');
}

/** A value as JSON on one line, which says the same whoever reads it; what would steer a terminal or hide in it is escaped. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    invisible,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isWide(codePoint: number): boolean {
  return (
    (codePoint >= 0x1100 && codePoint <= 0x115f) ||
    (codePoint >= 0x2e80 && codePoint <= 0x303e) ||
    (codePoint >= 0x3041 && codePoint <= 0xa4cf) ||
    (codePoint >= 0xac00 && codePoint <= 0xd7a3) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0xfe30 && codePoint <= 0xfe6f) ||
    (codePoint >= 0xff00 && codePoint <= 0xff60) ||
    (codePoint >= 0xffe0 && codePoint <= 0xffe6) ||
    (codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff) ||
    (codePoint >= 0x1f300 && codePoint <= 0x1faff) ||
    (codePoint >= 0x20000 && codePoint <= 0x3fffd)
  );
}

function graphemeWidth(grapheme: string): number {
  if (/^\p{Mark}+$/u.test(grapheme)) return 0;
  // A variation selector 16 asks for the picture form of a character.
  return isWide(grapheme.codePointAt(0)!) || grapheme.includes('\ufe0f') ? 2 : 1;
}

/** Columns a terminal uses for a line: East Asian wide characters and pictures take two, combining marks none. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** At most `width` columns of a cleaned line, ending in `…` where something was left off. */
export function fitLine(text: string, width: number): string {
  // Segmenting is slow: no more characters than could ever fit. Sixteen leave room for combined pictures.
  const line = cleanLine(text.length > width * 16 + 64 ? text.slice(0, width * 16 + 64) : text);
  if (displayWidth(line) <= width) return line;
  if (width <= 0) return '';
  let used = 0;
  let kept = '';
  for (const { segment } of graphemes.segment(line)) {
    const next = graphemeWidth(segment);
    if (used + next > width - 1) break;
    used += next;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** Fills a line with spaces up to `width` columns. */
export function padLine(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'left' ? text + space : space + text;
}

/** Text inside HTML elements and double- or single-quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}

/** A name or message in an HTML page: cleaned, shortened and escaped. */
export function htmlText(text: string, width = 160): string {
  return escapeHtml(fitLine(text, width));
}

/** A name or message in a Markdown document, tables included: cleaned, shortened and escaped. */
export function markdownText(text: string, width = 160): string {
  return (
    fitLine(text, width)
      .replace(/[\\`*_{}[\]()#+!|~$^-]/g, '\\$&')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      // Autolinks need no brackets in some readers.
      .replace(/:\/\//g, ':&#47;&#47;')
  );
}
