export function trainRouter(options?: {
  readonly print?: (line: string) => void;
  readonly env?: Readonly<Record<string, string | undefined>>;
}): Promise<{ readonly before: number; readonly after: number; readonly prompt: string; readonly requests: number | null }>;
