import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

export const overlays = ['dev', 'gpu-on-demand', 'gpu-spot'] as const;
const k8s = fileURLToPath(new URL('../../infra/k8s/', import.meta.url));

export interface Container {
  name: string;
  image: string;
  args: string[];
  resources: { limits?: Record<string, unknown> };
  securityContext: Record<string, unknown>;
  livenessProbe?: { httpGet: { path: string } };
}

export interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
}

export interface Pod {
  terminationGracePeriodSeconds: number;
  securityContext: Record<string, unknown>;
  tolerations?: { key: string }[];
  containers: Container[];
}

/** `kustomize build` of an overlay. */
export function build(tools: string, overlay: string): string {
  return execFileSync(join(tools, 'bin', 'kustomize'), ['build', join(k8s, 'overlays', overlay)], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
}

export const objectsOf = (text: string): Manifest[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest);

/** kubeconform's words for what is wrong; empty when nothing is. */
export function validate(tools: string, text: string): string {
  const { status, stdout, stderr } = spawnSync(
    join(tools, 'bin', 'kubeconform'),
    [
      ...['-strict', '-summary', '-schema-location'],
      join(tools, 'schemas', '{{ .ResourceKind }}{{ .KindSuffix }}.json'),
      '-',
    ],
    { input: text, encoding: 'utf8' },
  );
  return status === 0 ? '' : stdout + stderr || `exit code ${status}`;
}

interface Parameter {
  name: string;
  optional?: boolean;
  default?: string;
  deprecated?: string;
  allowedValue?: string[];
  metadataVariableReadable?: boolean;
}

/** What is wrong with a KEDA trigger by the schema that KEDA makes from its own scalers. */
export function triggerProblems(
  tools: string,
  trigger: { type: string; metadata: Record<string, string> },
): string[] {
  const { scalers } = JSON.parse(readFileSync(join(tools, 'scalers-schema.json'), 'utf8')) as {
    scalers: { type: string; parameters: Parameter[] }[];
  };
  const scaler = scalers.find(({ type }) => type === trigger.type);
  if (!scaler) return [`no scaler is called ${trigger.type}`];
  const problems: string[] = [];
  const known = scaler.parameters.filter(({ metadataVariableReadable }) => metadataVariableReadable);
  for (const [name, value] of Object.entries(trigger.metadata)) {
    const parameter = known.find((one) => one.name === name);
    if (!parameter) problems.push(`${trigger.type} reads no ${name}`);
    else if (parameter.deprecated) problems.push(`${name} is deprecated: ${parameter.deprecated}`);
    else if (typeof value !== 'string') problems.push(`${name} is no string`);
    else if (parameter.allowedValue && !parameter.allowedValue.includes(value))
      problems.push(`${name} is none of ${parameter.allowedValue.join(', ')}`);
  }
  for (const { name, optional, default: preset } of known)
    if (!optional && preset === undefined && !(name in trigger.metadata))
      problems.push(`${trigger.type} needs ${name}`);
  return problems;
}

/** The pods that an overlay's object makes. */
export function podOf({ kind, spec }: Manifest): { pod: Pod; labels: Record<string, string> } | undefined {
  type Template = { metadata: { labels: Record<string, string> }; spec: Pod };
  const template = (
    kind === 'Deployment'
      ? spec?.template
      : kind === 'ScaledJob'
        ? (spec?.jobTargetRef as { template: unknown }).template
        : undefined
  ) as Template | undefined;
  return template && { pod: template.spec, labels: template.metadata.labels };
}
