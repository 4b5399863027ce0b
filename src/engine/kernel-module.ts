/**
 * A way to make instances of a kernel that scripts/build.mjs has written as base64. The module is compiled once, at the first instance; each
 * instance has a memory of its own, which goes with it. `Exports` is what the kernel's `assembly/index.ts` exports: both are built together.
 *
 * @param name what an error calls it, e.g. `boosting`.
 */
export function kernelModule<Exports>(base64: string, name: string): () => Exports {
  let compiled: WebAssembly.Module | null = null;
  const abort = (): never => {
    throw new Error(`the ${name} kernel stopped`);
  };
  return () => {
    compiled ??= new WebAssembly.Module(bytesOf(base64));
    return new WebAssembly.Instance(compiled, { env: { abort } }).exports as unknown as Exports;
  };
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
