// What a picture was made with, in its file: `optviz.export.pictures` writes the same into those that it draws.

/** Bytes of a PNG's signature and of its first chunk, which is the header. */
const HEADER_ENDS = 33;

/**
 * The file of a picture, with a comment in it.
 * @param {string} data as plotly draws it: of a PNG its bytes in base64, of an SVG the text
 * @param {string} format "png" or "svg"
 * @param {string} words
 */
export function commented(data, format, words) {
  if (format === "svg") return new Blob([svgWith(data, words)], { type: "image/svg+xml" });
  const png = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  return new Blob(pngWith(png, words), { type: "image/png" });
}

/**
 * @param {string} svg
 * @param {string} words
 */
export function svgWith(svg, words) {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return svg.replace(/<svg[^>]*>/, (tag) => `${tag}<metadata>${escaped}</metadata>`);
}

/**
 * The bytes of a PNG in three parts: its header, the comment, the rest.
 * Source: Portable Network Graphics (PNG) Specification, W3C, sections 5 and 11.
 * @param {Uint8Array<ArrayBuffer>} png
 * @param {string} words
 */
export function pngWith(png, words) {
  const data = new TextEncoder().encode(`iTXtComment\0\0\0\0\0${words}`);
  const comment = new Uint8Array(data.length + 8);
  const view = new DataView(comment.buffer);
  view.setUint32(0, data.length - 4); // the name of a chunk does not count
  comment.set(data, 4);
  view.setUint32(data.length + 4, checksum(data));
  return [png.subarray(0, HEADER_ENDS), comment, png.subarray(HEADER_ENDS)];
}

/**
 * CRC-32, bit by bit: there are some hundred bytes.
 * @param {Uint8Array} bytes
 */
function checksum(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
