import type { z } from 'zod';

/** What a schema refuses, at the place of the file where it stands. */
interface SchemaIssue {
  path: PropertyKey[];
  message: string;
  /** The message is about a key, so that the value there says nothing. */
  ofKey: boolean;
}

/**
 * Refusals as their reader needs them: of a union the alternative that was meant, where the value is of its kind, and of a key
 * what a key may be. zod itself says only "Invalid input" and "Invalid key in record" of these.
 */
function schemaIssues(issues: readonly z.core.$ZodIssue[]): SchemaIssue[] {
  return issues.flatMap((issue) => placed(issue, []));
}

function placed(issue: z.core.$ZodIssue, at: readonly PropertyKey[]): SchemaIssue[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'invalid_key')
    return issue.issues.map(({ message }) => ({ path, message: `as a name: ${message}`, ofKey: true }));
  if (issue.code !== 'invalid_union' || issue.errors.length === 0)
    return [{ path, message: issue.message, ofKey: issue.code === 'unrecognized_keys' }];
  const meant = issue.errors.find((alternative) => !alternative.some(isOfAnotherKind));
  if (meant) return meant.flatMap((inner) => placed(inner, path));
  const kinds = issue.errors.map(
    (alternative) => /expected (.+?)(?:, received .*)?$/.exec(alternative[0]?.message ?? '')?.[1],
  );
  const known = [...new Set(kinds.filter((kind) => kind !== undefined))];
  return [
    {
      path,
      message: known.length === 0 ? issue.message : `Invalid input: expected ${known.join(' or ')}`,
      ofKey: false,
    },
  ];
}

/** The value itself is none that the alternative takes, whatever is in it. */
function isOfAnotherKind({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

/** A value of a file as messages have it: short. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** What a file's schema refuses: file, field, what is wrong, value; a line for each. */
export function refusals(error: z.ZodError, raw: unknown, file: string): string {
  return schemaIssues(error.issues)
    .map(({ path, message, ofKey }) => {
      const value = ofKey ? undefined : valueAt(raw, path);
      const got = value === undefined ? '' : `, got ${show(value)}`;
      return `${file}: ${path.join('.') || '(top level)'}: ${message}${got}`;
    })
    .join('\n');
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
