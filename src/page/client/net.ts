import type { ProblemAnswer } from '../api.js';

/** An answer that is none: what is wrong, in words for the reader. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly remedy?: string,
  ) {
    super(message);
  }
}

const patienceMilliseconds = 20_000;

async function problemOf(response: Response): Promise<Problem> {
  const answer = (await response.json().catch(() => undefined)) as ProblemAnswer | undefined;
  return new Problem(
    answer?.problem ?? `the page’s server answered ${response.status}`,
    response.status,
    answer?.remedy,
  );
}

/** Asks the server; an answer that did not change comes from the browser's own cache. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const late = AbortSignal.timeout(patienceMilliseconds);
  let response: Response;
  try {
    response = await fetch(`/api/${path}`, { signal: signal ? AbortSignal.any([signal, late]) : late });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem('the page’s server does not answer; is `rgsweep ui` still running?', 0);
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}

const token = document.querySelector<HTMLMetaElement>('meta[name="rgsweep-token"]')?.content;

/** Asks a sweep to do something; resolves to what it answers. */
export async function postAction(sweep: string, action: string, text?: string): Promise<string> {
  const response = await fetch(`/api/sweeps/${encodeURIComponent(sweep)}/actions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-rgsweep-token': token ?? '' },
    body: JSON.stringify({ action, ...(text === undefined ? {} : { text }) }),
  });
  if (!response.ok) throw await problemOf(response);
  return ((await response.json()) as { answer: string }).answer;
}
