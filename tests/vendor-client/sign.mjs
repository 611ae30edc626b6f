// Webhooks as BetterMode signs them and as attackers and broken proxies change them,
// with the verdict of the check that BetterMode publishes (developers.bettermode.com,
// verifying webhooks): HMAC-SHA256 over `timestamp:body`, in lower-case hex.
//
// node sign.mjs SEED COUNT prints one JSON object a line:
//   { kind, secret, now, headers: [[name, value], ..], body (base64), accepted }
//
// The same seed prints the same cases. The verdict is worked out by `check` from what
// is sent, never from how the case was made.

import { createHmac, timingSafeEqual } from 'node:crypto';

const [seed, count] = process.argv.slice(2).map(Number);
if (!Number.isInteger(seed) || !Number.isInteger(count)) {
  process.stderr.write('usage: node sign.mjs SEED COUNT\n');
  process.exit(64);
}

const WINDOW_MS = 15 * 60 * 1000;
const random = generator(seed);

const TAMPERINGS = {
  untouched: (w) => w,
  'body changed': (w) => ({ ...w, body: flipped(w.body) }),
  'body cut': (w) => ({ ...w, body: w.body.subarray(0, w.body.length - 1) }),
  'body with a line end': (w) => ({ ...w, body: Buffer.concat([w.body, Buffer.from('\n')]) }),
  'timestamp changed': (w) => ({ ...w, timestamp: String(Number(w.timestamp) + between(1, 999)) }),
  'timestamp in seconds': (w) => signed({ ...w, timestamp: w.timestamp.slice(0, -3) }),
  'signature changed': (w) => ({ ...w, signature: oneDigitOff(w.signature) }),
  'signature cut': (w) => ({ ...w, signature: w.signature.slice(0, -between(1, 63)) }),
  'signature in capitals': (w) => ({ ...w, signature: w.signature.toUpperCase() }),
  'signature with a prefix': (w) => ({ ...w, signature: `sha256=${w.signature}` }),
  'signature over the body alone': (w) => ({ ...w, signature: hmac(w.secret, w.body) }),
  'another secret': (w) => ({ ...signed({ ...w, secret: text(24) }), secret: w.secret }),
  'too old': (w) => signed({ ...w, timestamp: String(w.now - WINDOW_MS - between(1, 1e9)) }),
  'too new': (w) => signed({ ...w, timestamp: String(w.now + WINDOW_MS + between(1, 1e9)) }),
  'as old as allowed': (w) => signed({ ...w, timestamp: String(w.now - WINDOW_MS) }),
  'as new as allowed': (w) => signed({ ...w, timestamp: String(w.now + WINDOW_MS) }),
};

const kinds = Object.keys(TAMPERINGS);
for (let index = 0; index < count; index += 1) {
  // Half of them as the vendor sends them, the other half changed in every way in turn.
  const kind = index % 2 === 0 ? 'untouched' : kinds[((index - 1) / 2) % kinds.length];
  const webhook = TAMPERINGS[kind](signed(fresh()));
  process.stdout.write(`${JSON.stringify(printed(kind, webhook))}\n`);
}

// The vendor's own check, on both sides of the window.
function check({ secret, now, timestamp, signature, body }) {
  const expected = Buffer.from(
    createHmac('sha256', secret).update(`${timestamp}:`).update(body).digest('hex'),
  );
  const given = Buffer.from(signature);
  const same = expected.length === given.length && timingSafeEqual(expected, given);
  return same && Math.abs(now - Number(timestamp)) <= WINDOW_MS;
}

function fresh() {
  const now = 1_500_000_000_000 + between(0, 500_000_000_000);
  return {
    now,
    timestamp: String(now + between(-WINDOW_MS, WINDOW_MS)),
    secret: text(between(1, 80)),
    body: pick([jsonBody, unicodeBody, binaryBody])(),
  };
}

function signed(webhook) {
  const signature = createHmac('sha256', webhook.secret)
    .update(`${webhook.timestamp}:`)
    .update(webhook.body)
    .digest('hex');
  return { ...webhook, signature };
}

function printed(kind, webhook) {
  const vendor = pick(['X-Bettermode', 'X-Tribe', 'x-bettermode', 'X-BETTERMODE']);
  return {
    kind,
    secret: webhook.secret,
    now: webhook.now,
    headers: [
      [`${vendor}-Signature`, webhook.signature],
      [`${vendor}-Request-Timestamp`, webhook.timestamp],
    ],
    body: webhook.body.toString('base64'),
    accepted: check(webhook),
  };
}

function jsonBody() {
  return Buffer.from(JSON.stringify({ type: 'SUBSCRIPTION', data: { id: text(32), n: random() } }));
}

function unicodeBody() {
  return Buffer.from(`{"name":"${pick(['Zoë', '日本語', '👩‍🚀', 'e\u0301', '\\u0000'])}${text(9)}"}`);
}

// Signatures are over bytes, whatever they say.
function binaryBody() {
  return Buffer.from(Array.from({ length: between(1, 400) }, () => between(0, 255)));
}

function hmac(secret, bytes) {
  return createHmac('sha256', secret).update(bytes).digest('hex');
}

function flipped(bytes) {
  const copy = Buffer.from(bytes);
  copy[between(0, copy.length - 1)] ^= 1 << between(0, 7);
  return copy;
}

function oneDigitOff(signature) {
  const at = between(0, signature.length - 1);
  const digit = (parseInt(signature[at], 16) + between(1, 15)) % 16;
  return signature.slice(0, at) + digit.toString(16) + signature.slice(at + 1);
}

// No comma, which separates secrets in our setting, and no space at the ends.
function text(length) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=+/.ßλ🔑';
  const all = Array.from(letters);
  return Array.from({ length }, () => pick(all)).join('');
}

function pick(list) {
  return list[between(0, list.length - 1)];
}

function between(low, high) {
  return low + Math.floor(random() * (high - low + 1));
}

// mulberry32: small, and the same everywhere.
function generator(start) {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
