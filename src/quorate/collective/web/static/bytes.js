// Bytes: packed and unpacked within limits, check sums, and how a file is refused.
// Load this first of all scripts.
(function () {
  "use strict";
  const quorate = (globalThis.quorate = globalThis.quorate || {});

  /** A mistake of the reader's own, told in the words that the library uses. */
  class InputError extends Error {
    constructor(expected, got, fix) {
      super(`Expected ${expected}, got ${got}. ${fix}`);
      this.name = "InputError";
    }
  }

  /** Join parts (Uint8Array) to one. */
  function join(parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  async function through(stream, parts, most) {
    const writer = stream.writable.getWriter();
    const writing = (async () => {
      for (const part of parts) await writer.write(part);
      await writer.close();
    })();
    writing.catch(() => undefined); // what goes wrong is met by the reader, below
    const reader = stream.readable.getReader();
    const got = [];
    let bytes = 0;
    while (bytes < most) {
      const { done, value } = await reader.read();
      if (done) break;
      got.push(value.length > most - bytes ? value.subarray(0, most - bytes) : value);
      bytes += got[got.length - 1].length;
    }
    if (bytes >= most) reader.cancel().catch(() => undefined);
    return join(got);
  }

  /**
   * Unpack parts; at most `most` bytes come out, and what would follow is not unpacked.
   * `kind` is "deflate" (zlib) or "deflate-raw". Rejects where the parts are damaged.
   */
  function inflate(parts, kind, most) {
    if (most === 0) return Promise.resolve(new Uint8Array(0));
    return through(new DecompressionStream(kind), parts, most);
  }

  /** Pack parts as zlib does. */
  function deflate(parts) {
    return through(new CompressionStream("deflate"), parts, Infinity);
  }

  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    table[n] = c >>> 0;
  }

  /** CRC-32 of parts. */
  function crc32(parts) {
    let c = 0xffffffff;
    for (const part of parts) {
      for (let i = 0; i < part.length; i++) c = table[(c ^ part[i]) & 255] ^ (c >>> 8);
    }
    return (c ^ 0xffffffff) >>> 0;
  }

  /** Bytes written as base64, such as a page holds them. */
  function fromBase64(text) {
    const plain = atob(text.trim());
    const bytes = new Uint8Array(plain.length);
    for (let i = 0; i < plain.length; i++) bytes[i] = plain.charCodeAt(i);
    return bytes;
  }

  /** Bytes as text, one character each. */
  function latin1(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 4096) {
      text += String.fromCharCode(...bytes.subarray(at, at + 4096));
    }
    return text;
  }

  /** Where one run of bytes occurs in another from `from` on; -1 where it does not. */
  function indexOf(bytes, wanted, from = 0) {
    for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
      if (at + wanted.length > bytes.length) return -1;
      let i = 1;
      while (i < wanted.length && bytes[at + i] === wanted[i]) i++;
      if (i === wanted.length) return at;
    }
    return -1;
  }

  /** How often a run of bytes occurs. */
  function count(bytes, wanted) {
    let many = 0;
    for (let at = 0; (at = indexOf(bytes, wanted, at)) >= 0; at += wanted.length) many++;
    return many;
  }

  const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  quorate.InputError = InputError;
  quorate.bytes = { join, inflate, deflate, crc32, fromBase64, latin1, indexOf, count, view };
})();
