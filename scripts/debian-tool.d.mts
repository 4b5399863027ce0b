export function findTool(name: string, env?: Readonly<Record<string, string | undefined>>): string | null;
export function ensureTool(name: string, debianPackage: string): string | null;
