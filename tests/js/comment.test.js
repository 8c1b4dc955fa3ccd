import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { pngWith, svgWith } from "../../optviz/web/static/comment.js";
import { chance, several } from "./chance.js";

const random = chance(5);

test("a PNG's comment is a chunk after its header, of any letters, and its checksum zlib's", () => {
  for (const words of ["", "torch 2.13.0", "ε = 1e-8, “größer”", "x".repeat(1000)]) {
    const png = Uint8Array.from(several(200, () => Math.floor(random() * 256)));
    const [header, comment, rest] = pngWith(png, words);
    assert.deepEqual([...header, ...rest], [...png]);
    assert.equal(header.length, 33);
    const view = new DataView(comment.buffer);
    const text = new TextDecoder().decode(comment.subarray(4, -4));
    assert.equal(view.getUint32(0), comment.length - 12);
    assert.equal(text, `iTXtComment\0\0\0\0\0${words}`);
    assert.equal(view.getUint32(comment.length - 4), crc32(comment.subarray(4, -4)));
  }
});

test("an SVG's is at its beginning, and no mark-up", () => {
  const svg = '<?xml version="1.0"?><svg width="5"><svg><g/></svg></svg>';
  const comment = "<metadata>a &lt;b&gt; &amp; $&amp;</metadata>";
  const expected = `<?xml version="1.0"?><svg width="5">${comment}<svg><g/></svg></svg>`;
  assert.equal(svgWith(svg, "a <b> & $&"), expected);
});
