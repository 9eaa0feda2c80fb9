import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';

// node scripts/write-prometheus-rule.mjs: infra/k8s' PrometheusRule from infra/prometheus' rules and alerts.
const file = (path) => fileURLToPath(new URL(`../infra/${path}`, import.meta.url));
const groups = ['rules.yml', 'alerts.yml'].flatMap(
  (name) => parse(readFileSync(file(`prometheus/${name}`), 'utf8')).groups,
);

/** The object that the Prometheus operator reads. */
export const prometheusRule = `# Written by scripts/write-prometheus-rule.mjs from infra/prometheus/rules.yml and alerts.yml.\n${stringify(
  {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'rgsweep' },
    spec: { groups },
  },
)}`;
export const prometheusRuleFile = file('k8s/components/monitoring/prometheus-rule.yaml');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(prometheusRuleFile, prometheusRule);
