/**
 * The type of a Content-Type header in lower case, without its parameters; undefined without the header, or
 * when it names a charset that is not UTF-8.
 */
export function mediaType(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [type, ...parameters] = header.toLowerCase().split(";");
  for (const parameter of parameters) {
    const [name, value] = parameter.split("=");
    if (name?.trim() === "charset" && !/^"?(utf-?8|us-ascii)"?$/.test(value?.trim() ?? "")) return undefined;
  }
  return type?.trim();
}
