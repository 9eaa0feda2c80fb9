/** Long work in steps: yields the fraction done, returns the result. */
export type Steps<T> = Generator<number, T, void>;

/** The result of work in steps, done at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The result of work in steps, between which other work of the process goes on. @param breathe awaited with the fraction done */
export async function breathing<T>(
  steps: Steps<T>,
  breathe: (fraction: number) => Promise<void>,
): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await breathe(value);
  }
}
