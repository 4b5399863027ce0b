/** Replaces `{name}` for each name given; other braces stay as they are, so prompts may hold JSON. Values are not looked into again. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? values[name]! : whole));
}
