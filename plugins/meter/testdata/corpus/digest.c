// Hashes: bits, rotations, 64-bit products, tables.
#include "guest.h"

static u32 rot(u32 v, int n) { return v >> n | v << (32 - n); }

static u32 round_constants[64];

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes, found by Newton's method.
static void constants(void) {
	int n = 0;
	for (u32 p = 2; n < 64; p++) {
		int prime = 1;
		for (u32 d = 2; d * d <= p; d++) prime &= p % d != 0;
		if (!prime) continue;
		double root = p;
		for (int i = 0; i < 60; i++) root -= (root * root * root - p) / (3 * root * root);
		root -= (double)(u32)root;
		round_constants[n++] = (u32)(root * 4294967296.0);
	}
}

static void block(u32 h[8], const u8 *p) {
	u32 w[64], v[8];
	for (int i = 0; i < 16; i++) w[i] = (u32)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] + (rot(w[i - 15], 7) ^ rot(w[i - 15], 18) ^ w[i - 15] >> 3) + (rot(w[i - 2], 17) ^ rot(w[i - 2], 19) ^ w[i - 2] >> 10);
	copy(v, h, 32);
	for (int i = 0; i < 64; i++) {
		u32 e = v[4], a = v[0];
		u32 x = v[7] + (rot(e, 6) ^ rot(e, 11) ^ rot(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + round_constants[i] + w[i];
		u32 y = (rot(a, 2) ^ rot(a, 13) ^ rot(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
		move(v + 1, v, 28);
		v[4] += x;
		v[0] = x + y;
	}
	for (int i = 0; i < 8; i++) h[i] += v[i];
}

static void sha256(u8 out[32], span in) {
	u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	u8 last[128];
	u32 whole = in.len & ~63u, rest = in.len - whole, n = rest < 56 ? 64 : 128;
	for (u32 i = 0; i < whole; i += 64) block(h, in.at + i);
	fill(last, 0, n);
	copy(last, in.at + whole, rest);
	last[rest] = 0x80;
	for (int i = 0; i < 8; i++) last[n - 1 - i] = (u8)((u64)in.len * 8 >> 8 * i);
	for (u32 i = 0; i < n; i += 64) block(h, last + i);
	for (int i = 0; i < 32; i++) out[i] = (u8)(h[i / 4] >> (24 - 8 * (i % 4)));
}

static u64 mixed(span in) {
	u64 h = 0x9e3779b97f4a7c15 ^ in.len;
	for (u32 i = 0; i + 8 <= in.len; i += 8) {
		u64 v;
		copy(&v, in.at + i, 8);
		h = (h ^ v) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
		h = h << 27 | h >> 37;
	}
	return h + (u64)__builtin_popcountll(h) + (u64)__builtin_clzll(h | 1) * 3 + (u64)__builtin_ctzll(h | 1ull << 63);
}

static u32 crc32(span in) {
	static u32 table[256];
	if (!table[1]) {
		for (u32 i = 0; i < 256; i++) {
			table[i] = i;
			for (int k = 0; k < 8; k++) table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xedb88320 : table[i] >> 1;
		}
	}
	u32 c = ~0u;
	for (u32 i = 0; i < in.len; i++) c = table[(c ^ in.at[i]) & 255] ^ c >> 8;
	return ~c;
}

span digest(span in) {
	if (!round_constants[0]) constants();
	u8 *out = arena(44);
	sha256(out, in);
	u64 m = mixed(in);
	u32 c = crc32(in);
	copy(out + 32, &m, 8);
	copy(out + 40, &c, 4);
	return (span){out, 44};
}
