import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { renderReport } from '../../src/report/html.js';
import { bestSearched } from '../../src/report/ranking.js';
import { fixtureArtifacts, fixtureSnapshot, fixtureStatistics } from './fixture.js';
const nasties = ['<script>alert(1)</script>','"><img src=x onerror=alert(1)>',"' onmouseover='alert(1)",'</style></svg></script><b>','x'.repeat(10_000),'漢字🙂'.repeat(3000),'&lt;&#x27;'];
test('look', async () => {
  const artifacts = fixtureArtifacts(11); const statistics = fixtureStatistics(); const versions = { rgsweep: '0.1.0', node: '20' };
  const a = fixtureSnapshot();
  a.spec = {...a.spec, name: nasties.join(' '), space: {parameters: [...a.spec.space.parameters, ...nasties.map(n => ({name: 'p'+n, type: 'categorical' as const, choices: [n, n+'2', 'c']}))]}};
  a.trials.forEach((t,i)=>{ t.label = nasties[i%7]!; t.parameters = {...t.parameters, ...Object.fromEntries(nasties.map((n,j)=>['p'+n, i%2? n : n+'2']))}; t.failures.push({kind:'crashed', message: nasties[i%7]!, step: 1, at: 'now'}); if (t.baseline && t.baseline!=='standard') t.baseline = nasties[i]; });
  writeFileSync('/tmp/look/hostile.html', await renderReport({ snapshot: a, statistics, artifacts, versions }));
  const b = fixtureSnapshot(); const searched = b.trials.filter(t => !t.baseline);
  for (let trial = 15; trial < 2000; trial++) { const m = searched[trial % searched.length]!; b.trials.push({...m, trial, parameters: {...m.parameters, cutoffWidth: Math.min(10, Math.max(0.3, Number(m.parameters.cutoffWidth) * Math.exp(Math.sin(trial))))}, rungs: m.rungs.map(r => ({...r, finishedAt: new Date(Date.parse(r.finishedAt)+trial*40000).toISOString(), metrics: {...r.metrics, kl: r.metrics.kl! * (1 + (trial % 97) / 40)}}))}); b.curves.set(trial, b.curves.get(m.trial) ?? []); }
  const t0 = performance.now(); const h = await renderReport({ snapshot: b, statistics, artifacts, versions }); process.stderr.write(`2000 trials: ${(performance.now()-t0)|0} ms ${h.length} bytes\n`);
  writeFileSync('/tmp/look/many.html', h);
  const c = fixtureSnapshot(); c.trials = c.trials.slice(0,3); c.state='running'; delete c.finishedAt; c.trials.forEach(t=>{t.rungs=t.rungs.slice(0,1); delete t.test; t.state='running'});
  writeFileSync('/tmp/look/early.html', await renderReport({ snapshot: c, statistics, versions }));
  const html = await renderReport({ snapshot: fixtureSnapshot(), statistics, artifacts, versions }); writeFileSync('/tmp/look/report.html', html);
});
