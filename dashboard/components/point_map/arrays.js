// Typed arrays by address. An address stands for its content, so what came once is kept for the life of the page.

const TYPES = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
const KEPT = 24; // arrays: the newest ones, those of a few colourings and filters
const known = new Map(); // url -> promise of an array

export class Missing extends Error {} // the server does not have it any more

export function load({ url, type }) {
  if (!known.has(url)) {
    known.set(url, fetched(url, TYPES[type]).catch((error) => {
      known.delete(url);
      throw error;
    }));
    if (known.size > KEPT) known.delete(known.keys().next().value);
  }
  return known.get(url);
}

async function fetched(url, Type) {
  const answer = await fetch(new URL(url, document.baseURI), { credentials: "same-origin" });
  if (answer.status === 404) throw new Missing(url);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return new Type(await answer.arrayBuffer());
}

// Bits, first bit of a byte first, as numpy.packbits makes them; without bits all are set.
export function unpacked(bits, n) {
  const set = new Uint8Array(n).fill(1);
  if (bits) for (let i = 0; i < n; i++) set[i] = (bits[i >> 3] >> (7 - (i & 7))) & 1;
  return set;
}
