// How every point looks: colour, shape, whether it stands out, and which is drawn over which.

export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);

// colour: 0..255 along the sequence for values, else the number of a colour; shape: 0..6; meant: 0 or 1.
export function looksOf(codes, meant, { kind, plain }, { categories, shapes }) {
  const n = codes.length;
  const looks = new Uint8Array(4 * n);
  for (let i = 0; i < n; i++) {
    const code = codes[i];
    const isPlain = code === plain;
    looks[4 * i] = kind === "value" ? code : isPlain ? categories.length : code % categories.length;
    looks[4 * i + 1] = kind === "value" || isPlain ? 0 : code % shapes;
    looks[4 * i + 2] = meant[i];
  }
  return looks;
}

// Faint points first, then those that stand out: high values and judged images last, so that nothing hides them.
export function orderOf(codes, meant, { kind, plain }) {
  const n = codes.length;
  const rank = (i) => (meant[i] ? 1 + (kind === "value" ? codes[i] : codes[i] === plain ? 0 : 1) : 0);
  const starts = new Uint32Array(258);
  for (let i = 0; i < n; i++) starts[rank(i) + 1]++;
  for (let r = 0; r < 257; r++) starts[r + 1] += starts[r];
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[starts[rank(i)]++] = i;
  return order;
}

// Pixels across: smaller where there are many, larger the closer one looks.
export function sizeOf(n, zoom) {
  return Math.min(12, Math.min(8, Math.max(2.5, 300 / Math.sqrt(Math.max(1, n)))) * Math.max(1, zoom ** 0.5));
}
