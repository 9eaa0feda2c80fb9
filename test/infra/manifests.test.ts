import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findInfraTools } from '../../scripts/install-infra-tools.mjs';
import { prometheusRule, prometheusRuleFile } from '../../scripts/write-prometheus-rule.mjs';
import { register } from '../../src/cli/verbs/worker.js';
import { metricTable } from '../../src/metrics/table.js';
import { searchAttributes } from '../../src/sweep/searchAttributes.js';
import { trainQueue } from '../../src/sweep/names.js';
import { Command } from 'commander';
import { build, objectsOf, overlays, podOf, triggerProblems, validate } from './manifests.js';

const infra = fileURLToPath(new URL('../../infra/', import.meta.url));
const read = (file: string) => readFileSync(join(infra, file), 'utf8');
const tools = findInfraTools();
if (!tools)
  console.log('kustomize, kubeconform and schemas are not here: `npm run test:infra` builds them, once');

type Trigger = { type: string; metadata: Record<string, string> };
const value = (args: readonly string[], name: string) =>
  args.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1];

/** Options of `rgsweep worker` that these arguments name and that it does not have. */
function unknownOptions(args: readonly string[]): string[] {
  const program = new Command();
  register(program);
  const known = program.commands[0]!.options.map(({ long }) => long);
  return args.filter((arg) => arg.startsWith('--') && !known.includes(arg.split('=')[0]));
}

describe('files for containers', () => {
  it('the PrometheusRule holds the rules that promtool tests', () => {
    expect(parse(readFileSync(prometheusRuleFile, 'utf8'))).toEqual(parse(prometheusRule));
  });

  it.each(['control', 'train'])(
    '%s.Dockerfile: two stages, no root, a health check, no floating tag',
    (name) => {
      const text = read(`docker/${name}.Dockerfile`);
      const lines = text.split('\n');
      expect(lines.filter((line) => line.startsWith('FROM ')).length).toBeGreaterThanOrEqual(2);
      expect(text).not.toMatch(/:latest/);
      expect(text).toMatch(/^HEALTHCHECK /m);
      expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER 10001:10001');
      // Everything that is copied is there.
      for (const [, from = ''] of text.matchAll(/^COPY (?!--from)(\S+) /gm))
        expect(existsSync(join(infra, '..', from)), from).toBe(true);
      const command = JSON.parse(/^CMD (\[.*\])$/m.exec(text)![1]!) as string[];
      expect(unknownOptions(command)).toEqual([]);
    },
  );
});

describe('compose.yaml', () => {
  interface Service {
    image?: string;
    ports?: string[];
    volumes?: string[];
    command?: string[];
    stop_grace_period?: string;
  }
  const compose = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> };

  it('publishes on loopback only, pins images, and mounts what exists', () => {
    for (const [name, { ports = [], image, volumes = [], command = [] }] of Object.entries(
      compose.services,
    )) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
      if (image) expect(image, name).toMatch(/:[^:]*\d/);
      for (const volume of volumes)
        if (volume.startsWith('.')) expect(existsSync(join(infra, volume.split(':')[0]!)), volume).toBe(true);
      if (command[0] === 'worker') expect(unknownOptions(command)).toEqual([]);
    }
  });

  it('registers the search attributes that sweeps set', () => {
    const said = read('compose.yaml');
    for (const [name, type] of Object.entries(searchAttributes))
      expect(said).toContain(`--name ${name} --type ${type}`);
  });

  it.skipIf(!tools)('is what the Compose specification says; seeded mistakes are not', () => {
    const schema = JSON.parse(readFileSync(join(tools!, 'compose-spec.json'), 'utf8')) as object;
    const check = new Ajv2020({ strict: false, logger: false, validateFormats: false }).compile(schema);
    const valid = (text: string) => check(parse(text, { merge: true }));
    expect(valid(read('compose.yaml')), JSON.stringify(check.errors)).toBe(true);
    for (const [from, to] of [
      ['restart: unless-stopped', 'restrat: unless-stopped'],
      ['depends_on:', 'depends-on:'],
      ['condition: service_healthy', 'condition: service_helthy'],
    ] as const) {
      expect(read('compose.yaml')).toContain(from);
      expect(valid(read('compose.yaml').replace(from, to)), to).toBe(false);
    }
  });
});

describe.skipIf(!tools)('Kubernetes', () => {
  const built = new Map(tools ? overlays.map((name) => [name, build(tools, name)]) : []);

  it.each(overlays)('overlay %s is valid, strictly', (name) => {
    expect(validate(tools!, built.get(name)!)).toBe('');
  });

  it.each(overlays)('overlay %s: pods are as careful as the documentation says', (name) => {
    const objects = objectsOf(built.get(name)!);
    const pods = objects.flatMap((object) => podOf(object) ?? []);
    expect(pods).toHaveLength(2);
    for (const { pod, labels } of pods) {
      const [container] = pod.containers;
      const { args, securityContext, livenessProbe, image } = container!;
      expect(unknownOptions(args)).toEqual([]);
      // Kubernetes kills after the worker has ended by itself.
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(value(args, 'notice')) + 10);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(livenessProbe?.httpGet.path).toBe('/healthz');
      expect(image).toMatch(/^\S+\/rgsweep-(control|train):(dev|\d+\.\d+\.\d+)$/);
      if (value(args, 'role') !== 'train' || name === 'dev') continue;
      expect(container!.resources.limits?.['nvidia.com/gpu']).toBe(1);
      expect(pod.tolerations?.map(({ key }) => key)).toContain('nvidia.com/gpu');
      expect(labels['rgsweep-queue']).toBe(value(args, 'queue'));
    }
    for (const { kind, metadata } of objects) expect(metadata.namespace, kind).toMatch(/^rgsweep/);
  });

  it.each(['gpu-on-demand', 'gpu-spot'] as const)(
    'overlay %s: KEDA’s triggers are what its scalers read',
    (name) => {
      const objects = objectsOf(built.get(name)!);
      const scaled = objects.find(({ kind }) => /^Scaled/.test(kind))!;
      const triggers = scaled.spec!.triggers as Trigger[];
      for (const trigger of triggers) expect(triggerProblems(tools!, trigger)).toEqual([]);
      const train = objects
        .flatMap((object) => podOf(object) ?? [])
        .find(({ pod }) => value(pod.containers[0]!.args, 'role') === 'train')!;
      const args = train.pod.containers[0]!.args;
      const temporal = triggers.find(({ type }) => type === 'temporal')!;
      expect(temporal.metadata).toMatchObject({
        taskQueue: trainQueue(value(args, 'queue')),
        queueTypes: 'activity',
      });
      // A busy worker is not scaled away: by its slots, or because a job is never ended by the scaler but ends itself.
      if (scaled.kind === 'ScaledJob') expect(Number(value(args, 'exit-when-idle'))).toBeGreaterThan(0);
      else {
        const guard = triggers.find(({ type }) => type === 'prometheus')!.metadata;
        expect(guard.query).toContain(metricTable.busySlots.name);
        expect(guard.query).toContain(`rgsweep_queue="${value(args, 'queue')}"`);
      }
    },
  );

  /** In which overlay, what is changed, and what must be complained of. */
  const mistakes: ['gpu-spot' | 'gpu-on-demand', string, string, RegExp][] = [
    [
      'gpu-spot',
      'terminationGracePeriodSeconds:',
      'terminationGracePeriodSecond:',
      /terminationGracePeriodSecond/,
    ],
    ['gpu-spot', 'replicas: 2', 'replicas: two', /replicas|integer/],
    ['gpu-spot', 'image: ', 'imagee: ', /imagee/],
    ['gpu-spot', 'minAvailable: 1', 'minAvailabel: 1', /minAvailabel/],
    ['gpu-spot', 'maxReplicaCount: 64', 'maxReplicas: 64', /maxReplicas/],
    ['gpu-spot', 'podMetricsEndpoints:', 'podMetricEndpoints:', /podMetric/],
    ['gpu-spot', 'expr:', 'expression:', /expr/],
    ['gpu-spot', 'policyTypes:', 'policyType:', /policyType/],
    ['gpu-on-demand', 'jobTargetRef:', 'jobTarget:', /jobTarget/],
    ['gpu-on-demand', 'strategy: accurate', 'strategies: accurate', /strategies/],
  ];
  it.each(mistakes)('a mistake in %s is found: %s → %s', (overlay, from, to, complaint) => {
    const text = built.get(overlay)!;
    expect(text).toContain(from);
    expect(validate(tools!, text.replace(from, to))).toMatch(complaint);
  });

  it('mistakes in a trigger are found', () => {
    const good = {
      endpoint: 'temporal:7233',
      taskQueue: 'q',
      queueTypes: 'activity',
      targetQueueSize: '1',
    };
    const problems = (metadata: Record<string, string>, type = 'temporal') =>
      triggerProblems(tools!, { type, metadata }).join();
    expect(problems(good)).toBe('');
    expect(problems({ ...good, queueType: 'activity' })).toMatch(/reads no queueType/);
    expect(problems({ ...good, buildId: '1' })).toMatch(/buildId is deprecated/);
    const { endpoint: _, ...without } = good;
    expect(problems(without)).toMatch(/needs endpoint/);
    expect(problems(good, 'temporale')).toMatch(/no scaler/);
  });
});
