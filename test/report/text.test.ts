import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatDuration,
  formatFigure,
  formatNumber,
  formatPlain,
  metricFigure,
} from '../../src/report/figures.js';
import {
  cleanLine,
  cleanText,
  displayWidth,
  escapeHtml,
  fitLine,
  htmlText,
  jsonText,
  markdownText,
  padLine,
} from '../../src/report/text.js';
import { unescapeHtml } from './markup.js';

describe('widths', () => {
  test.each([
    ['abc', 3],
    ['−log Σ² ψ', 9],
    ['漢字', 4],
    ['e\u0301', 1],
    ['👩‍🔬', 2],
    ['ｱ', 1],
    ['', 0],
  ])('%s takes %i columns', (text, width) => expect(displayWidth(text)).toBe(width));

  test('a fitted line never exceeds its width, and pads to it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (text, width) => {
          const line = fitLine(text, width);
          expect(displayWidth(line)).toBeLessThanOrEqual(width);
          expect(displayWidth(padLine(line, width))).toBe(width);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a short line stays whole, a long one says that it was cut', () => {
    expect(fitLine('schedule', 8)).toBe('schedule');
    expect(fitLine('schedules', 8)).toBe('schedul…');
    expect(fitLine('漢字漢字', 5)).toBe('漢字…');
    expect(fitLine('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(9)}…`);
  });
});

describe('hostile text', () => {
  test('loses control characters, escape sequences and direction marks', () => {
    expect(cleanLine('a\u001b[31mb\u0000c\r\nd\u202ee\u200bf')).toBe('a [31mb c d e f');
    expect(cleanLine('a\ud800b')).toBe('a\ufffdb');
  });

  test('is the same after JSON, whose text holds none of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const json = jsonText({ [text]: [text] });
        expect(JSON.parse(json)).toEqual({ [text]: [text] });
        expect(cleanText(json)).toBe(json);
      }),
    );
  });

  test('keeps its lines and columns where it has several, and no more than that', () => {
    expect(cleanText('a\tb\r\n  c\u001b[2J\rd\u009b5n\u202e\ud800')).toBe('a\tb\n  c [2J d 5n \ufffd');
  });

  test('is escaped for HTML so that reading it back gives the cleaned text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), (text) => {
        const escaped = htmlText(text, 1000);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(unescapeHtml(escaped)).toBe(fitLine(text, 1000));
      }),
    );
    expect(escapeHtml(`<img src=x onerror="alert('1')">&`)).toBe(
      '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;',
    );
  });

  test('cannot break out of a Markdown table or become a link', () => {
    const text = markdownText('a | b <script> [x](http://e.x) `c` _d_ https://e.x');
    expect(text).not.toMatch(/(^|[^\\])[|[\]`_]/);
    expect(text).not.toMatch(/<|:\/\//);
  });
});

describe('figures', () => {
  test.each([
    [{ value: 0.05234, error: 0.00412 }, '0.0523 ± 0.0041'],
    [{ value: 12.3456, error: 1.26 }, '12.3 ± 1.3'],
    [{ value: 1234.5, error: 26 }, '1235 ± 26'],
    [{ value: -0.011, error: 0.012 }, '−0.011 ± 0.012'],
    [{ value: -0.0001, error: 0.012 }, '0.000 ± 0.012'],
    [{ value: 0.5 }, '0.500'],
    [{ value: 0.5, error: 0 }, '0.500'],
    [{ value: 0.5, error: NaN }, '0.500'],
    [{ value: NaN, error: 1 }, 'not a number'],
  ])('%j reads %s', (figure, text) => expect(formatFigure(figure)).toBe(text));

  test('numbers', () => {
    expect(formatNumber(0.0523456)).toBe('0.0523');
    expect(formatNumber(-1234567)).toBe('−1,234,567');
    expect(formatNumber(3.14e-9)).toBe('3.14e−9');
    expect(formatNumber(Infinity)).toBe('∞');
    expect(formatPlain(9.8)).toBe('9.8');
    expect(formatPlain(512)).toBe('512');
    expect(formatPlain(0.002)).toBe('0.002');
    expect(formatPlain(-4)).toBe('−4');
    expect(formatPlain(1.26487)).toBe('1.26');
  });

  test('durations', () => {
    expect(formatDuration(41.4)).toBe('41 s');
    expect(formatDuration(3599)).toBe('1 h 00 min');
    expect(formatDuration(11 * 60 + 20)).toBe('11 min');
    expect(formatDuration(200_000)).toBe('2 d 7 h');
    expect(formatDuration(NaN)).toBe('–');
  });

  test('metrics that are absent, inherited or not finite are no figures', () => {
    expect(metricFigure({ kl: NaN }, 'kl')).toBeUndefined();
    expect(metricFigure({}, 'constructor')).toBeUndefined();
    expect(metricFigure(JSON.parse('{"kl":null}') as Record<string, number>, 'kl')).toBeUndefined();
    expect(metricFigure({ kl: 0.1, klError: -1 }, 'kl')).toEqual({ value: 0.1 });
  });
});
