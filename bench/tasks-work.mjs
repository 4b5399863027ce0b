// What the daemons of bench/tasks.mjs run.
export const echo = (value) => value;
