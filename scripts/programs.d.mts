export function programsIn(folder: string): string[];
export function runPrograms(programs: readonly string[], parameters: readonly string[]): Promise<number>;
