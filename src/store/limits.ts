/**
 * Maps items with at most `width` calls at a time; results in the order of the items. The first failure is thrown after
 * the calls that had begun have ended, and no more are begun.
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  width: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < items.length && !failed) {
      const index = next++;
      try {
        results[index] = await map(items[index]!, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: Math.max(1, Math.min(width, items.length)) }, worker),
  );
  for (const worker of ended) if (worker.status === 'rejected') throw worker.reason;
  return results;
}
