// What of Node's own modules these tests use.

declare module "node:test" {
  export function test(name: string, check: () => void | Promise<void>): void;
}

declare module "node:assert/strict" {
  interface Assert {
    (value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    match(text: string, pattern: RegExp): void;
    throws(act: () => void, expected?: RegExp): void;
  }
  const assert: Assert;
  export default assert;
}

declare module "node:zlib" {
  export function crc32(bytes: Uint8Array): number;
}
