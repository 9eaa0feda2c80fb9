import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RgsweepError } from '../errors.js';
import { styleSheet } from '../report/style.js';
import { escapeHtml } from '../report/text.js';
import { bodyOf, type Body } from './body.js';

/** The compiled browser side: beside this file where it is compiled, in dist/ where this runs from its source. */
const clientFolders = ['./client/', '../../dist/src/page/client/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

const script = 'text/javascript; charset=utf-8';
/** The browser side in one file (scripts/lib/bundlePage.mjs). */
const scriptName = 'page.js';
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a62ab"/><path d="M5 23C12 23 13 9 27 9" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/><path d="M5 23C18 23 20 16 27 9" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="3" stroke-linecap="round"/></svg>`;

/**
 * Reads the page's files once.
 * @throws RgsweepError('internal') when the browser side was not compiled
 */
export function loadAssets(): Map<string, Body> {
  const folder = clientFolders.find((one) => {
    try {
      return readdirSync(one).includes(scriptName);
    } catch {
      return false;
    }
  });
  if (folder === undefined)
    throw new RgsweepError('internal', `the page’s scripts are not compiled (${clientFolders.join(', ')})`, {
      remedy: 'npm run build',
    });
  const assets = new Map<string, Body>([['icon.svg', bodyOf('image/svg+xml', icon)]]);
  assets.set(scriptName, bodyOf(script, readFileSync(join(folder, scriptName))));
  const own = readFileSync(join(folder, 'page.css'), 'utf8');
  assets.set('page.css', bodyOf('text/css; charset=utf-8', `${styleSheet}\n${own}`));
  return assets;
}

/**
 * The one document: everything in it is made by the script. `token` only where actions are allowed. The script will ask for `answers`
 * first: the browser asks for them while the script is on its way.
 */
export function pageShell(token: string | undefined, answers: readonly string[]): string {
  const meta = token === undefined ? '' : `\n<meta name="rgsweep-token" content="${escapeHtml(token)}">`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">${meta}
<title>rgsweep</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/page.css">
<script type="module" src="/assets/${scriptName}"></script>
${answers.map((path) => `<link rel="preload" as="fetch" crossorigin="anonymous" href="${escapeHtml(path)}">`).join('\n')}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="bar"><a class="home" href="/">rgsweep</a><nav id="crumbs" aria-label="Where you are"></nav><span id="pulse"></span></header>
<div id="announce" role="status"></div>
<div id="problem" role="alert"></div>
<div id="page" tabindex="-1"></div>
<noscript><p class="answer">This page needs its own script. <code>rgsweep report SWEEP</code> writes the same as a file that works without.</p></noscript>
</body>
</html>
`;
}
