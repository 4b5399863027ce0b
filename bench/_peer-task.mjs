// The task of other pools in tasks.mjs.
export default (n) => n;
