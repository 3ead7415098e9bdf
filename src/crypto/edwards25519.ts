/**
 * The curve of Ed25519, as far as a public key must be checked before it is trusted, or turned into one of X25519.
 * The platform's own import takes non-canonical, off-curve and small-order encodings.
 */

const p = 2n ** 255n - 19n;
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

// y of the points of order 1, 2, 4 and 8; the sign of x doubles the last two.
const orderEightY = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
const smallOrderY: ReadonlySet<bigint> = new Set([0n, 1n, p - 1n, orderEightY, p - orderEightY]);

/** What 32 bytes are, read as an encoded point (RFC 8032, section 5.1.3). */
export type PointKind = 'valid' | 'small-order' | 'not-on-curve' | 'non-canonical';

/** Tells whether 32 bytes are the canonical encoding of a point on the curve that is not of small order. */
export function classifyPoint(encoded: Uint8Array): PointKind {
  const { y, xIsOdd } = decodeY(encoded);
  if (y >= p) return 'non-canonical';
  const u = modulo(y * y - 1n);
  const v = modulo(d * y * y + 1n);
  if (u === 0n && xIsOdd) return 'non-canonical';
  if (!isSquare(modulo(u * v))) return 'not-on-curve';
  return smallOrderY.has(y) ? 'small-order' : 'valid';
}

/**
 * Tells the same of 32 bytes, but for what only arithmetic on the curve shows: a point that is not on it counts as valid.
 */
export function classifyEncoding(encoded: Uint8Array): PointKind {
  const sign = (encoded[31] ?? 0) & 0x80;
  const isOneOf = (points: readonly Uint8Array[]) => points.some((y) => isSameY(encoded, y));
  if (isAtLeastP(encoded) || (sign !== 0 && isOneOf(pointsWithoutX))) return 'non-canonical';
  return isOneOf(pointsOfSmallOrder) ? 'small-order' : 'valid';
}

/**
 * The same point on the curve of X25519, as its u of 32 bytes: u = (1 + y) / (1 - y) (RFC 7748, section 4.1).
 * The point is one that {@link classifyPoint} called valid.
 */
export function convertToMontgomery(encoded: Uint8Array): Uint8Array<ArrayBuffer> {
  const { y } = decodeY(encoded);
  return encodeY(modulo((1n + y) * power(modulo(1n - y), p - 2n)));
}

// y = ±1 has x = 0, which has no odd form.
const pointsWithoutX = [1n, p - 1n].map(encodeY);
const pointsOfSmallOrder = [...smallOrderY].map(encodeY);

function encodeY(y: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((y >> BigInt(8 * index)) & 0xffn));
}

function isSameY(encoded: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (encoded[i] !== y[i]) return false;
  return ((encoded[31] ?? 0) & 0x7f) === y[31];
}

function isAtLeastP(encoded: Uint8Array): boolean {
  if (((encoded[31] ?? 0) & 0x7f) !== 0x7f || (encoded[0] ?? 0) < 0xed) return false;
  for (let i = 1; i < 31; i++) if (encoded[i] !== 0xff) return false;
  return true;
}

function decodeY(encoded: Uint8Array): { y: bigint; xIsOdd: boolean } {
  let value = 0n;
  for (let i = 31; i >= 0; i--) value = (value << 8n) | BigInt(encoded[i] ?? 0);
  return { y: value & ((1n << 255n) - 1n), xIsOdd: value >> 255n === 1n };
}

// x² = u/v has a root exactly where u·v is a square (Euler's criterion).
function isSquare(value: bigint): boolean {
  return value === 0n || power(value, (p - 1n) / 2n) === 1n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square);
    square = modulo(square * square);
  }
  return result;
}

function modulo(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}
