import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RgsweepError } from '../errors.js';
import { styleSheet } from '../report/style.js';
import { escapeHtml } from '../report/text.js';

/** A file of the page, ready to send. */
export interface Asset {
  type: string;
  body: Buffer;
  tag: string;
}

const asset = (type: string, body: string | Buffer): Asset => {
  const bytes = Buffer.from(body);
  return { type, body: bytes, tag: `"${createHash('sha256').update(bytes).digest('hex').slice(0, 20)}"` };
};

/** The compiled browser side: beside this file where it is compiled, in dist/ where this runs from its source. */
const clientFolders = ['./client/', '../../dist/src/page/client/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

const script = 'text/javascript; charset=utf-8';
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0a62ab"/><path d="M5 23C12 23 13 9 27 9" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/><path d="M5 23C18 23 20 16 27 9" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="3" stroke-linecap="round"/></svg>`;

/**
 * Reads the page's files once.
 * @throws RgsweepError('internal') when the browser side was not compiled
 */
export function loadAssets(): Map<string, Asset> {
  const folder = clientFolders.find((one) => {
    try {
      return readdirSync(one).includes('main.js');
    } catch {
      return false;
    }
  });
  if (folder === undefined)
    throw new RgsweepError('internal', `the page’s scripts are not compiled (${clientFolders.join(', ')})`, {
      remedy: 'npm run build',
    });
  const assets = new Map<string, Asset>([['icon.svg', asset('image/svg+xml', icon)]]);
  for (const name of readdirSync(folder))
    if (/^[a-zA-Z]+\.js$/.test(name))
      assets.set(
        name,
        asset(script, readFileSync(join(folder, name), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')),
      );
  const own = readFileSync(join(folder, 'page.css'), 'utf8');
  assets.set('page.css', asset('text/css; charset=utf-8', `${styleSheet}\n${own}`));
  return assets;
}

/** The one document: everything in it is made by the script. `token` only where actions are allowed; `scripts` are asked for at once. */
export function pageShell(token: string | undefined, scripts: readonly string[]): string {
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
${scripts.map((name) => `<link rel="modulepreload" href="/assets/${name}">`).join('\n')}
<script type="module" src="/assets/main.js"></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<div class="bar"><a class="home" href="/">rgsweep</a><nav id="crumbs" aria-label="Where you are"></nav><span id="pulse"></span></div>
<div id="announce" role="status"></div>
<div id="problem" role="alert"></div>
<div id="page" tabindex="-1"></div>
<noscript><p class="answer">This page needs its own script. <code>rgsweep report SWEEP</code> writes the same as a file that works without.</p></noscript>
</body>
</html>
`;
}
