/**
 * A deep copy of an instance that is made of numbers, texts, functions, arrays and instances of the same.
 * Functions are shared: what they read is not copied.
 */
export function copyOf<T extends object>(instance: T): T {
  const copy: T = Object.create(Object.getPrototypeOf(instance));
  for (const [name, value] of Object.entries(instance)) Reflect.set(copy, name, copyOfValue(value));
  return copy;
}

function copyOfValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOfValue);
  return typeof value === "object" && value !== null ? copyOf(value) : value;
}
