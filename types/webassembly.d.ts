/**
 * WebAssembly as Node has it, the part that is used here. TypeScript declares it in its library of the browser alone, which
 * the program must not see: `document` or `name` in a file that runs under Node is to be a type error.
 */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: ArrayBufferLike | ArrayBufferView);
  }
  class Memory {
    /** Sizes in pages of 64 KiB. @throws RangeError if there is no such memory to be had */
    constructor(size: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean });
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    /** @throws LinkError if an import is missing or of another type */
    constructor(module: Module, imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
