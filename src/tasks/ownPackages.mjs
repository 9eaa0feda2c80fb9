/**
 * Where a task's module gets its packages from (module.register). `rgsweep` and tfjs are those of the program that loads it,
 * so that there is one backend; of its schema library it may bring its own.
 */
export async function resolve(specifier, context, next) {
  const own = () => next(specifier, { ...context, parentURL: import.meta.url });
  if (specifier === 'rgsweep' || /^@tensorflow\/tfjs(-|$)/.test(specifier)) return own();
  try {
    return await next(specifier, context);
  } catch (error) {
    if (specifier === 'zod') return own();
    throw error;
  }
}
