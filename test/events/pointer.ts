/** Whether a JSON pointer (RFC 6901) leads to something in a value. */
export function resolves(value: unknown, pointer: string): boolean {
  if (pointer === "") return true;
  let at = value;
  for (const token of pointer.slice(1).split("/")) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false;
    at = Object.getOwnPropertyDescriptor(at, key)?.value;
  }
  return pointer.startsWith("/");
}
